"""The command can be interrupted from its first lines on, and says nothing then that only a programmer reads."""

import signal
import subprocess
from pathlib import Path

from tests.command import ROOT, command

INTERRUPTED_WHILE_IT_IS_READ = """
import os, signal
os.kill(os.getpid(), signal.SIGINT)
raise SystemExit(7)
"""
"""In the place of a library that the commands are made with."""


def start(folder: Path, hears: signal.Handlers) -> subprocess.CompletedProcess[str]:
    """A command that meets an interrupt while it is still being read, started by somebody who hears them so."""
    (folder / "cyclopts.py").write_text(INTERRUPTED_WHILE_IT_IS_READ)
    words, environment = command("run", "quickstart", "--dry-run", PYTHONPATH=str(folder))
    return subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, hears),
    )  # fmt: skip


def test_an_interrupt_while_the_commands_are_still_being_read_ends_it_quietly(tmp_path: Path) -> None:
    done = start(tmp_path, signal.SIG_DFL)

    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_who_starts_it_deaf_to_interrupts_has_it_deaf(tmp_path: Path) -> None:
    """As a shell does with what it starts in the background."""
    assert start(tmp_path, signal.SIG_IGN).returncode == 7
