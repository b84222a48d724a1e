"""What the simulator's tests share: one server of models with one trait each, and the openai package's client to it."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from firsttoken.catalogue import Faults
from tests.served import FAST, Served, fast, serve

KEY = "sk-right-0123456789"
MODELS = {
    "fast": FAST,
    "blind": FAST,
    "keyed": fast(api_key=KEY),
    "narrow": fast(slots=1, queue=1, ttft_s=1.0, retry_after_s=2.0),
    "rationed": fast(requests_per_minute=1),
    "broken": fast(faults=Faults(error=1.0)),
    "cutting": fast(faults=Faults(cut=1.0)),
    "stalling": fast(faults=Faults(stall=1.0), stall_s=0.3),
}


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """A process that serves MODELS; a test that wants the truth or a history of its own starts another."""
    with serve(MODELS, catalogue={"blind": "gpt-5.2-codex"}) as served:
        yield served


@pytest.fixture(scope="session")
def sdk(served: Served) -> Iterator[OpenAI]:
    """The openai package's own client, its retries off."""
    with OpenAI(base_url=served.base_url, api_key="any", max_retries=0) as client:
        yield client
