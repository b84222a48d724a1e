"""The process begins with its spec, lives as long as its pipe, and leaves nothing behind."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time

import msgspec
import pytest
from openai import OpenAI

from tests.processes import await_that
from tests.served import FAST, serve

SPEC = {"models": [{"name": "fast", "settings": FAST}]}


def run(line: bytes) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "firsttoken.simulator"]
    return subprocess.run(command, input=line.decode(), capture_output=True, text=True, timeout=20, check=False)


def test_it_ends_well_soon_after_its_pipe_has_closed():
    with serve() as served:
        served.process.stdin.close()
        assert served.process.wait(timeout=10) == 0


def test_it_serves_a_little_longer_than_its_pipe_so_that_the_load_goes_first():
    with serve() as served:
        served.process.stdin.close()
        time.sleep(0.3)
        client = OpenAI(base_url=served.base_url, api_key="any", max_retries=0)
        assert client.models.list().data


def test_it_ends_well_on_sigterm():
    with serve() as served:
        served.process.terminate()
        assert served.process.wait(timeout=10) == 0


def test_it_leaves_ctrl_c_to_whoever_started_it():
    with serve() as served:
        os.kill(served.process.pid, signal.SIGINT)
        time.sleep(0.3)
        assert served.process.poll() is None
        assert served.end() == 0


def test_it_ends_if_nobody_holds_the_pipe():
    done = run(msgspec.json.encode(SPEC) + b"\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("READY http://127.0.0.1:")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "expected a spec as JSON on the first line of stdin"),
        (
            msgspec.json.encode(SPEC | {"truth": "no/such/folder/truth.jsonl"}),
            "--truth no/such/folder/truth.jsonl: expected a file to write to, got: No such file or directory",
        ),
    ],
)
def test_what_it_cannot_serve_is_one_sentence_and_exit_1(line, words):
    done = run(line)
    assert done.returncode == 1
    assert done.stdout.startswith(f"FAILED {words}")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_a_port_that_is_taken_is_one_sentence_and_exit_1():
    with serve() as served:
        done = run(msgspec.json.encode(SPEC | {"port": served.port}))
    assert done.returncode == 1
    assert done.stdout.startswith(f"FAILED --port {served.port}: expected to listen there on 127.0.0.1, got: Address")
    assert done.stderr == ""


def test_it_opens_as_many_connections_as_the_machine_allows():
    """Started with a low limit of its own, it goes up to the highest that it may set."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    low = 4096 if most == resource.RLIM_INFINITY else min(4096, most - 1)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(allowed, low), most))
    try:
        with serve() as served:
            assert resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE) == (most, most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))


def test_streams_under_way_are_cut_and_told_apart_in_the_truth(tmp_path):
    body = b'{"model": "fast", "stream": true, "max_tokens": 100000, "messages": [{"role": "user", "content": "x"}]}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body)
    with (
        serve(truth=tmp_path / "truth.jsonl") as served,
        socket.create_connection(("127.0.0.1", served.port)) as client,
    ):
        client.sendall(head + body)
        received = b""
        while received.count(b"data: ") < 3:
            received += client.recv(65_536)
        truth = served.read_truth()
    assert [(line["status"], line["fault"]) for line in truth] == [(200, "server_ended")]
    assert truth[0]["tokens"] > 0


def test_truth_reaches_its_file_while_the_process_runs(tmp_path):
    path = tmp_path / "truth.jsonl"
    with serve(truth=path) as served:
        client = OpenAI(base_url=served.base_url, api_key="any", max_retries=0)
        client.chat.completions.create(model="fast", messages=[{"role": "user", "content": "x"}], max_tokens=1)
        await_that(path.read_bytes, "a line of the truth")
        assert path.read_bytes().endswith(b"}\n")
        served.process.kill()
