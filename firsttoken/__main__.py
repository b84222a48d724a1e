"""The first lines of the command, as `firsttoken` or as `python -m firsttoken`.

Rule: until the commands are read, which takes a moment, an interrupt ends the process as it ends any program: quietly.
"""

import signal
from typing import NoReturn


def main() -> NoReturn:
    """Read the commands, then run the one that was asked for."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:  # else the parent process wants it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from firsttoken.cli import commands as cli

    signal.signal(signal.SIGINT, handler)
    cli.main()


if __name__ == "__main__":
    main()
