"""`make demo` ends well with any verdict and no failure of the tool, `make coverage` with enough of each module."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.command import ROOT


@pytest.mark.parametrize(("code", "is_well"), [(0, True), (2, True), (4, True), (1, False), (130, False)])
def test_a_demo_that_came_to_a_verdict_is_no_error_of_make(tmp_path: Path, code: int, is_well: bool) -> None:
    command = tmp_path / "firsttoken"
    command.write_text(f"#!/bin/sh\nexit {code}\n")
    command.chmod(0o755)
    for name in ("pip", "ready"):
        (tmp_path / name).touch()
    words = ["make", "demo", f"BIN={tmp_path}", f"VENV_READY={tmp_path / 'ready'}"]

    done = subprocess.run(words, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)

    assert (done.returncode == 0) == is_well, done.stderr
    assert ("is a verdict" in done.stderr) == (code in (2, 4))


def test_the_demo_can_end_in_a_decision() -> None:
    """It states a need, and what was measured once is never GO."""
    quickstart = (ROOT / "scenarios" / "quickstart.toml").read_text()

    assert "\npeak_rps = " in quickstart
    assert "\nrepeats = 2 " in quickstart


@pytest.mark.parametrize(("lowest", "is_enough"), [(100, True), (85, True), (84, False), (0, False)])
def test_a_module_that_is_covered_too_little_fails_the_whole(tmp_path: Path, lowest: int, is_enough: bool) -> None:
    lines = [f"firsttoken/load/module_{number}.py  10  0  2  0  {max(lowest, 90)}%" for number in range(8)]
    command = tmp_path / "coverage"
    command.write_text(
        "#!/bin/sh\ncat <<END\n" + "\n".join([*lines, f"firsttoken/a.py  9  1  2  0  {lowest}%"]) + "\nEND\n"
    )
    command.chmod(0o755)
    for name in ("pip", "ready"):
        (tmp_path / name).touch()

    words = ["make", "coverage", f"BIN={tmp_path}", f"DEV_READY={tmp_path / 'ready'}"]
    done = subprocess.run(words, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)

    assert (done.returncode == 0) == is_enough, done.stderr
    assert f"firsttoken/a.py  9  1  2  0  {lowest}%" in done.stdout


def test_a_coverage_that_was_not_measured_is_none(tmp_path: Path) -> None:
    for name in ("pip", "ready", "coverage"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)

    words = ["make", "coverage", f"BIN={tmp_path}", f"DEV_READY={tmp_path / 'ready'}"]
    done = subprocess.run(words, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)

    assert done.returncode != 0
