"""`python -m firsttoken.simulator`: one simulator process, from the spec on its stdin to its last line of truth.

Rule: it says READY once it listens, or FAILED and why it cannot; it is gone two seconds after the pipe on its stdin
closes, and ignores Ctrl-C, which is for its parent. A closed pipe means that the parent is dead, and so is the load on
this server: the load ends first, so that no request fails because the server ended.
"""

import asyncio
import gc
import os
import resource
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from firsttoken.simulator.host import Host
from firsttoken.simulator.server import Server
from firsttoken.simulator.spec import host_models, read_spec
from firsttoken.simulator.truth import TruthLog

FLUSH_S = 1.0
BACKLOG = 4096
"""Connections that may wait to be accepted: users come in bursts."""
FILES_AT_LEAST = 10_000
"""Connections that may be open at once, and some, where the machine names no bound (macOS grants no more)."""
LINGER_S = 1.0
"""How long it continues to serve after its pipe has closed."""
GRACE_S = 0.5
"""How long aiohttp waits for handlers whose connections have been cut already."""


async def serve(host: Host, port: int, log: TruthLog) -> None:
    """Serve until SIGTERM comes, or stdin has been closed for LINGER_S. Raises ValueError if the port is taken."""
    server = Server(host, log)
    runner = web.AppRunner(server.application(), access_log=None, handler_cancellation=True, shutdown_timeout=GRACE_S)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=BACKLOG)
    try:
        await site.start()
    except OSError as error:
        raise ValueError(
            f"--port {port}: expected to listen there on 127.0.0.1, got: {os.strerror(error.errno or 0)}; "
            "choose another, 0 takes a free one"
        ) from None
    ended = watch_for_end(asyncio.get_running_loop())
    sys.stdout.write(f"READY http://127.0.0.1:{runner.addresses[0][1]}/v1\n")
    sys.stdout.flush()
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), FLUSH_S)
        log.flush()
    server.end()
    await runner.cleanup()
    log.flush()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # another one would meet a loop that is half closed, and print


def watch_for_end(loop: asyncio.AbstractEventLoop) -> asyncio.Event:
    """Return an event that is set when SIGTERM comes, or LINGER_S after stdin closes."""
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)

    def wait_for_close() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        with suppress(RuntimeError):  # the loop has ended meanwhile, by SIGTERM
            loop.call_soon_threadsafe(loop.call_later, LINGER_S, ended.set)

    threading.Thread(target=wait_for_close, daemon=True).start()
    return ended


def open_log(path: str | None) -> TruthLog:
    """Return the truth log at a path, or of no file. Raises ValueError if it cannot be written there."""
    try:
        return TruthLog(Path(path) if path else None)
    except OSError as error:
        raise ValueError(
            f"--truth {path}: expected a file to write to, got: {error.strerror}; choose another"
        ) from None


def allow_connections() -> None:
    """Raise the limit of open files as far as the machine allows: every connection is one."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(allowed, FILES_AT_LEAST) if most == resource.RLIM_INFINITY else most
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def main() -> int:
    """Run the process; 1 if it cannot serve as asked, or its truth can no longer be written."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        spec = read_spec(sys.stdin.buffer.readline())
        host = host_models(spec)
        log = open_log(spec.truth)
        allow_connections()
        gc.freeze()
        asyncio.run(serve(host, spec.port, log))
        log.close()
    except ValueError as error:
        sys.stdout.write(f"FAILED {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
