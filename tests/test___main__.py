"""The command can be interrupted from its first lines on, and says nothing then that only a programmer reads."""

import signal
from pathlib import Path

from tests.command import firsttoken

INTERRUPTED_WHILE_IT_IS_READ = """
import os, signal
os.kill(os.getpid(), signal.SIGINT)
"""


def test_an_interrupt_while_the_commands_are_still_being_read_ends_it_quietly(tmp_path: Path) -> None:
    (tmp_path / "cyclopts.py").write_text(INTERRUPTED_WHILE_IT_IS_READ)

    done = firsttoken("run", "quickstart", "--dry-run", PYTHONPATH=str(tmp_path))

    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
