"""nginx and HAProxy between FirstToken and a server: what they do to a stream is told for what it is.

Rule: where one of them is not installed the tests say so and are skipped; in CI that is an error.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import REAL, firsttoken, write_scenario
from tests.real.proxies import COMMANDS, find, run_proxy
from tests.served import Served, fast, serve

pytestmark = pytest.mark.real

STREAMING = ("nginx streaming", "nginx old_http", "nginx third", "haproxy plain")
REFUSALS = {
    "nginx login": ("protocol", "got a redirect (302) to http://"),
    "nginx welcome": ("protocol", "got text/html: Welcome"),
    "nginx nobody_behind": ("http_5xx", "502 Bad Gateway"),
    "nginx small_body": ("http_4xx", "413 Request Entity Too Large"),
    "haproxy denied": ("rate_limited", "429 Too Many Requests"),
}
"""A proxy's server -> the outcome of a request to it, and words of its error."""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serve({"fast": fast(ttft_s=0.2, tokens_per_s=60)}) as server:
        yield server


@pytest.fixture(scope="module")
def urls(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """`nginx streaming` and so on -> the base URL there."""
    missing = [program for program, *_ in COMMANDS.values() if find(program) is None]
    if missing:
        sentence = f"{' and '.join(missing)} not on this machine; on Debian or Ubuntu: sudo apt install nginx haproxy"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    folder = tmp_path_factory.mktemp("proxies")
    with (
        run_proxy("nginx.conf", served.port, folder) as of_nginx,
        run_proxy("haproxy.cfg", served.port, folder) as of_haproxy,
    ):
        ports = {f"nginx {name}": port for name, port in of_nginx.items()}
        ports |= {f"haproxy {name}": port for name, port in of_haproxy.items()}
        yield {name: f"http://127.0.0.1:{port}/v1" for name, port in ports.items()}


def check(url: str, folder: Path) -> dict[str, str]:
    """What `firsttoken check` finds of an endpoint, line by line."""
    answer = firsttoken("check", write_scenario(folder, REAL, base_url=f'"{url}"'), FIRSTTOKEN_TEST_KEY="sk-1")
    lines = (line.strip().partition("   ") for line in answer.stdout.splitlines() if line.startswith("  "))
    return {name: told.strip() for name, _, told in lines}


def run(url: str, folder: Path, **changes: str) -> tuple[dict[str, int], str]:
    """Load an endpoint for a moment: how often each outcome came, and what the command said."""
    scenario = write_scenario(folder, REAL, base_url=f'"{url}"', **changes)
    said = firsttoken("run", scenario, "--out", folder / "out", FIRSTTOKEN_TEST_KEY="sk-1")
    asked = firsttoken("sql", folder / "out", "SELECT outcome, count(*) AS n FROM attempts GROUP BY ALL", "--json")
    assert asked.returncode == 0, said.stderr + asked.stderr
    return {row["outcome"]: row["n"] for row in json.loads(asked.stdout)}, said.stdout + said.stderr


@pytest.mark.parametrize("name", STREAMING)
def test_a_proxy_that_passes_a_stream_on_is_as_good_as_none(urls, name, tmp_path):
    found = check(urls[name], tmp_path)

    assert (found["outcome"], found["streams"], found["checks"]) == ("length", "yes", "none")


@pytest.mark.parametrize("name", REFUSALS)
def test_a_proxys_own_answer_is_told_in_its_words(urls, name, tmp_path):
    found = check(urls[name], tmp_path)
    outcome, words = REFUSALS[name]

    assert (found["outcome"], found["streams"]) == (outcome, "no")
    assert words in found["error"]
    assert "<" not in found["error"]


def test_an_answer_that_a_proxy_held_until_it_was_whole_is_no_stream(urls, tmp_path):
    found = check(urls["haproxy held"], tmp_path)

    assert found["outcome"] == "length"
    assert found["streams"].startswith("no: all 16 tokens came in one read")


def test_gzip_is_seen_where_the_openai_package_asks_for_it_and_our_wire_does_not(urls, tmp_path):
    found = check(urls["nginx gzip"], tmp_path)

    assert (found["outcome"], found["streams"]) == ("length", "yes")
    assert "the answer came compressed" in found["openai package"]
    assert "its tokens came in one burst" in found["openai package"]


def test_answers_held_back_have_no_pace_and_nothing_passes_by_them(urls, tmp_path):
    outcomes, said = run(urls["haproxy held"], tmp_path, ttft='"5s"')
    figures = json.loads((tmp_path / "out" / "summary.json").read_bytes())
    paces = [figure["value"] for figure in figures if figure["metric"] == "tpot_ms" and figure["level"] is not None]

    assert outcomes.keys() <= {"length", "cancelled_by_run"}
    assert paces == [None] * len(paces)
    assert "BUFFERED (fast at 2 users)" in said
    assert "PASS" not in said


def test_a_connection_that_a_proxy_closes_after_a_few_requests_loses_none(urls, tmp_path):
    outcomes, _ = run(urls["nginx third"], tmp_path)

    assert outcomes["length"] > 6
    assert outcomes.keys() <= {"length", "cancelled_by_run"}


def test_a_429_of_a_proxy_is_not_the_accounts_quota(urls, tmp_path):
    outcomes, said = run(urls["nginx limited"], tmp_path)

    assert outcomes["rate_limited"] > 0
    assert "QUOTA_BOUND" not in said
