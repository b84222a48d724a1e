"""What a target says of its client and of the way there holds in the processes that drive and check it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from firsttoken.decide.study import study_run
from firsttoken.load.asking.ask import write_body
from firsttoken.load.open_run import describe_endpoint
from firsttoken.results.folder import open_run
from firsttoken.scenario.target import Target
from firsttoken.wire.dialects import DIALECTS
from tests.command import assert_ended_well, firsttoken, write_scenario
from tests.wire.forward import forward
from tests.wire.scripted import CERTS, Line, answer, scripted
from tests.wire.spoken import CHAT, stream

BOTH = """
name = "both"

[[target]]
model = "gpt-5.4"
name = "wire"
api = "{api}"
simulator = {{ ttft_s = 0.2, tokens_per_s = 200 }}

[[target]]
model = "gpt-5.4"
name = "package"
api = "{api}"
client = "sdk"
simulator = {{ ttft_s = 0.2, tokens_per_s = 200 }}

[traffic]
locustfile = "chat"
input_tokens = 40
output_tokens = 16

[load]
users = [4]
ramp = "0s"
settle = "500ms"
measure = "3s"
hold = "5s"

[slo]
ttft = "2s"
share = 0.5
"""


BEHIND_TLS = """
name = "behind-tls"

[[target]]
model = "direct"
base_url = "https://localhost:{port}/v1"
key_env = "FIRSTTOKEN_TEST_KEY"
prices = "unknown"
ca_file = "{certs}/ca.pem"
headers = {{ X-Team = {{ value = "red", public = true }} }}
extra_body = {{ effort = "low" }}

[[target]]
model = "by-proxy"
base_url = "https://localhost:{port}/v1"
prices = "unknown"
ca_file = "{certs}/ca.pem"
proxy = "http://{proxy}"

[traffic]
locustfile = "chat"
input_tokens = 20
output_tokens = 16

[load]
users = [1]
"""


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_one_run_asks_a_model_both_ways_and_the_rows_are_alike(tmp_path: Path, api: str) -> None:
    run = tmp_path / "run"
    done = firsttoken("run", write_scenario(tmp_path, BOTH.format(api=api)), "--out", run)

    assert_ended_well(done)
    _, rows = open_run(run).sql(
        "SELECT outcome, finish_reason, output_tokens, token_events, stamp, count(*) > 20, bool_and(server_request_id "
        "IS NOT NULL) FROM attempts WHERE phase = 'measure' AND target = 'package' GROUP BY ALL"
    )
    assert rows == [("length", "length", 16, 16, "user", True, True)]
    assert (run / "figures" / "client_cost.svg").exists()


def test_check_goes_the_way_that_a_target_says_with_both_clients(tmp_path: Path) -> None:
    """Certificates of its own, a proxy, headers and fields; a proxy of the environment is not for this machine."""
    bodies = []

    def run(line: Line) -> None:
        while body := line.hear():
            bodies.append(json.loads(body))
            line.say(stream(CHAT))

    with scripted(run, certificate="localhost") as server, forward() as proxy:
        text = BEHIND_TLS.format(port=server.port, certs=CERTS, proxy=proxy.authority)
        environ = {"FIRSTTOKEN_TEST_KEY": "sk-1", "HTTPS_PROXY": "http://me:pw@127.0.0.1:9"}
        done = firsttoken("check", write_scenario(tmp_path, text), "--json", **environ)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for target in found:
        assert target["streams"] is True
        assert target["openai_package"].startswith("ok, 6 events, first token after ")
    assert [head.split("\r\n")[0] for head in proxy.heads] == [f"CONNECT localhost:{server.port} HTTP/1.1"] * 2
    assert [body.get("effort") for body in bodies] == ["low", "low", None, None]
    for head in server.requests[:2]:
        assert {b"x-team: red", b"authorization: bearer sk-1"} <= set(head.lower().split(b"\r\n"))


def test_the_manifest_names_a_proxy_and_not_its_password() -> None:
    hosted = Target(model="m", base_url="https://api.test/v1", client="sdk")
    told = describe_endpoint(hosted, hosted.base_url, {"HTTPS_PROXY": "http://me:hunter2@squid:3128"})

    assert (told["proxy"], told["client"]) == ("squid:3128", "sdk")
    assert b"hunter2" not in msgspec.json.encode(told)
    assert "proxy" not in describe_endpoint(hosted, hosted.base_url, {})


def test_the_package_is_imported_only_for_a_target_that_asks_for_it() -> None:
    program = "import sys, firsttoken.load.session.target; sys.exit('openai' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("api", DIALECTS)
def test_the_fields_that_a_target_may_leave_out_are_those_that_are_sent(api: str) -> None:
    body = write_body(Target(model="m", api=api), "Say hello.", 16)

    assert tuple(json.loads(body)) == DIALECTS[api].sent


def test_a_field_that_is_left_out_is_not_sent_and_the_others_stay_as_they_are() -> None:
    target = Target(model="big[1m]", omit=["stream_options", "model"], extra_body={"temperature": 0.25})

    assert json.loads(write_body(target, "Say hello.", 16)) == {
        "messages": [{"role": "user", "content": "Say hello."}],
        "stream": True,
        "max_completion_tokens": 16,
        "temperature": 0.25,
    }


TWO_ADDRESSES = """
name = "two"

[[target]]
model = "m"
base_url = "http://two.test:80/v1"
prices = "unknown"

[traffic]
locustfile = "chat"
input_tokens = 20
output_tokens = 16

[load]
users = [4]
think = "20ms"
ramp = "0s"
settle = "500ms"
measure = "2s"
hold = "5s"

[slo]
ttft = "2s"
share = 0.5
"""
RESOLVES = """
import _socket

own = _socket.getaddrinfo


def getaddrinfo(host, *rest, **more):
    if host in ("two.test", b"two.test"):
        return [(_socket.AF_INET, _socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in {ports}]
    return own(host, *rest, **more)


_socket.getaddrinfo = getaddrinfo
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_spreads_its_attempts_over_the_addresses_of_a_name_and_says_so(tmp_path: Path, workers: int) -> None:
    with scripted(answer(stream(CHAT))) as one, scripted(answer(stream(CHAT))) as other:
        (tmp_path / "sitecustomize.py").write_text(RESOLVES.format(ports=[one.port, other.port]))
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        scenario = write_scenario(tmp_path, TWO_ADDRESSES)
        done = firsttoken(
            "run", scenario, "--yes", "--workers", str(workers), "--out", tmp_path / "run", PYTHONPATH=path
        )

    assert done.returncode in (0, 2, 4), done.stderr
    peers = dict(
        open_run(tmp_path / "run").sql("SELECT peer, count(*) FROM attempts WHERE outcome = 'ok' GROUP BY 1")[1]
    )
    assert peers.keys() == {f"127.0.0.1:{server.port}" for server in (one, other)}
    assert min(peers.values()) > 0.8 * max(peers.values())
    (told,) = study_run(tmp_path / "run").placements
    assert told.startswith("m: attempts over the 2 addresses of its host name: 127.0.0.1:")
