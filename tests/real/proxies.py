"""nginx and HAProxy, as Debian packages them, in front of a server of ours on loopback.

Rule: each process lives as long as its block and keeps what it writes in a folder of the test.
"""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
STARTED_S = 10
COMMANDS = {"nginx.conf": ("nginx", "-e", "stderr", "-c"), "haproxy.cfg": ("haproxy", "-db", "-f")}


def find(program: str) -> str | None:
    """Where a program of the system is; servers lie outside the path of a user."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def run_proxy(config: str, upstream_port: int, folder: Path) -> Iterator[dict[str, int]]:
    """The port of each server of a configuration that lies here, by its name, while the proxy runs."""
    text = (HERE / config).read_text()
    names = sorted(set(re.findall(r"@PORT:(\w+)@", text)))
    ports = dict(zip(names, _find_free_ports(len(names)), strict=True))
    text = re.sub(r"@PORT:(\w+)@", lambda name: str(ports[name[1]]), text)
    written = folder / config
    written.write_text(text.replace("@UPSTREAM@", str(upstream_port)).replace("@FOLDER@", str(folder)))
    program, *options = COMMANDS[config]
    process = subprocess.Popen([find(program) or program, *options, written], stderr=subprocess.PIPE, text=True)
    try:
        listening = next(port for name, port in ports.items() if name != "nobody")
        _await_port(listening, process)
        yield ports
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _find_free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _await_port(port: int, process: subprocess.Popen[str]) -> None:
    begin_s = time.monotonic()
    while time.monotonic() - begin_s < STARTED_S and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    process.kill()
    raise RuntimeError(f"expected {process.args} to listen: {process.communicate()[1]}")
