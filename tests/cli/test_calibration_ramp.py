"""A calibration as a user does it, cut short: real processes, one real step, its JSON, and a record that is kept."""

import json
from pathlib import Path

import pytest

from firsttoken.machine.calibration import find_path, read_calibration
from firsttoken.machine.host import describe_host
from tests.command import firsttoken, write_scenario


def test_a_calibration_is_printed_kept_and_held_against_a_scenario(tmp_path: Path) -> None:
    scenario = write_scenario(tmp_path, users="[200]")

    done = firsttoken(
        "calibrate", scenario, "--most", "20", "--json", XDG_CACHE_HOME=str(tmp_path), TMPDIR=str(tmp_path)
    )

    told = json.loads(done.stdout)
    first = told["calibration"]["steps"][0]
    assert first["streams"] == 20
    assert first["tokens_per_s"] == pytest.approx(20 * 100 / 1.5, rel=0.1)
    assert first["failed"] == 0
    assert list(tmp_path.glob("firsttoken-*")) == [], "a step leaves nothing behind"
    kept = read_calibration(find_path({"XDG_CACHE_HOME": str(tmp_path)}), describe_host())
    if done.returncode == 4:  # a machine too busy for 20 streams, and the command said so
        assert kept is None
        assert "expected at least one step to hold" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    assert kept is not None
    assert kept.streams == told["calibration"]["streams"] <= 20
    assert all(step.error_p99_ms <= 1.0 for step in kept.steps if step.is_right)
    assert told["need"]["scenario"] == "fast"
    assert told["need"]["workers"] >= 200 / 20 / 0.7
