"""llama.cpp's own HTTP server (the wheel `xllamacpp`) as a process on a free loopback port.

Rule: it lives as long as its standard input stays open, so it ends with whoever started it, however that ends.
"""

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def serve(model: Path, slots: int = 8, api_key: str = "") -> Iterator[str]:
    """Serve `model` under the name of its file; yields the base URL, such as http://127.0.0.1:40001."""
    command = [sys.executable, __file__, str(model), "--slots", str(slots), "--api-key", api_key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        ready = process.stdout.readline()
        assert ready.startswith("READY "), f"expected READY and an address of the llama.cpp server, got {ready!r}"
        try:
            yield ready.split()[1]
        finally:
            process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--slots", type=int)
    parser.add_argument("--api-key")
    options = parser.parse_args()

    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = str(options.model)
    settings.model_alias = {options.model.stem}
    settings.hostnames = ["127.0.0.1"]
    settings.port = 0
    settings.api_keys = [options.api_key] if options.api_key else []
    settings.n_parallel = options.slots
    settings.n_ctx = 2048 * options.slots
    settings.kv_unified = True
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 1
    settings.cache_ram_mib = 0
    settings.fit_params = False
    settings.endpoint_metrics = True
    settings.ui = False
    settings.verbosity = 1
    server = xllamacpp.Server(settings)
    sys.stdout.write(f"READY {server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
