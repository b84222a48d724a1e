"""Tests of firsttoken/report/quiet.py, each in a process of its own: what is silenced stays silent."""

import subprocess
import sys

NOISE = """
import logging, warnings
from firsttoken.report.quiet import silence_libraries
silence_libraries()
warnings.warn("a glyph is missing")
logging.getLogger("matplotlib.font_manager").warning("no such font")
logging.getLogger("library").error("oh no")
"""


def run(*options: str) -> str:
    return subprocess.run([sys.executable, *options, "-c", NOISE], capture_output=True, text=True, check=True).stderr


def test_warnings_and_log_lines_of_libraries_reach_nobody() -> None:
    assert run() == ""


def test_what_a_users_own_file_should_change_is_shown_all_the_same() -> None:
    program = f"{NOISE}\nfrom firsttoken.old_paths import OldImportWarning\nwarnings.warn('moved', OldImportWarning)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stderr.count("OldImportWarning: moved") == 1


def test_who_asks_python_for_warnings_gets_them() -> None:
    assert "a glyph is missing" in run("-W", "default")
