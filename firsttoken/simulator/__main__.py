"""`python -m firsttoken.simulator`: one simulator process, from the spec on its stdin to its last line of truth.

Rule: it says READY once it listens, lives no longer than the pipe on its stdin, and ignores
Ctrl-C, which is for whoever started it.
"""

from __future__ import annotations

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
FILES = 10_000
"""Connections that may be open at once, and some."""
GRACE_S = 0.5
"""How long aiohttp waits for handlers whose connections have been cut already."""


async def serve(host: Host, port: int, log: TruthLog) -> None:
    """Serve until stdin closes or SIGTERM comes."""
    server = Server(host, log)
    runner = web.AppRunner(server.application(), access_log=None, handler_cancellation=True, shutdown_timeout=GRACE_S)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=BACKLOG)
    await site.start()
    ended = watch_for_end(asyncio.get_running_loop())
    sys.stdout.write(f"READY http://127.0.0.1:{runner.addresses[0][1]}/v1\n")
    sys.stdout.flush()
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), FLUSH_S)
        log.flush()
    server.end()
    await runner.cleanup()


def watch_for_end(loop: asyncio.AbstractEventLoop) -> asyncio.Event:
    """Return an event that is set when stdin closes or SIGTERM comes."""
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)

    def wait_for_close() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait_for_close, daemon=True).start()
    return ended


def allow_connections() -> None:
    """Raise the limit of open files to FILES, or as far as it goes: every connection is one."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(allowed, wanted), most))


def main() -> int:
    """Run the process; 1 if the spec is not usable or the address is taken."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        spec = read_spec(sys.stdin.buffer.readline())
        host = host_models(spec)
        log = TruthLog(Path(spec.truth) if spec.truth else None)
        allow_connections()
        gc.freeze()
        asyncio.run(serve(host, spec.port, log))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 1
    log.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
