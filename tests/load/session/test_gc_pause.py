"""The garbage collector is paused while a stage runs, and has nothing to collect."""

import gc
from pathlib import Path

import gevent
import pytest

from firsttoken.load.session.gc_pause import gc_paused
from firsttoken.row import Row
from firsttoken.wire.attempt import Client
from firsttoken.wire.deadlines import Deadlines
from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.endpoint import parse_endpoint
from tests.served import fast, serve


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.unfreeze()
    gc.enable()


def test_nothing_is_collected_within_and_something_is_after() -> None:
    with gc_paused():
        assert not gc.isenabled()

    assert gc.isenabled()


def test_it_is_on_again_when_the_block_fails() -> None:
    with pytest.raises(RuntimeError), gc_paused():
        raise RuntimeError

    assert gc.isenabled()


@pytest.mark.parametrize("api", DIALECTS)
def test_a_request_leaves_no_cycle_behind(api: str, tmp_path: Path) -> None:
    requests = 100
    with serve({"m": fast(ttft_s=0.001, tokens_per_s=5000)}) as served:
        client = Client(
            parse_endpoint(served.base_url, api, None, {}), DIALECTS[api], Deadlines(5, 5, 5, 20), origin_ns=0
        )
        body = DIALECTS[api].body("m", "Tell me a story", 4, {})
        rows = [Row() for _ in range(requests)]
        gevent.joinall([gevent.spawn(client.send, Row(), body)])
        with gc_paused():
            for row in rows:
                gevent.spawn(client.send, row, body).join()
            left = gc.collect()
        client.close()

    assert {row.outcome for row in rows} == {"length"}
    assert left < requests
