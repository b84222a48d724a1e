"""The summary table of the command line."""

import re

from firsttoken.cli.run_table import summarise
from firsttoken.decide.study import study_run
from tests.made_run import make_run


def test_a_line_for_each_target_and_level_ends_with_its_verdict(tmp_path):
    header, lines = summarise(study_run(make_run(tmp_path, levels=(1, 64))))

    assert header[0] == "target"
    assert all(len(line) == len(header) for line in lines)
    assert [(line[0], line[1], line[-1]) for line in lines] == [
        ("gpt-5.2-codex", "1 user", "UNKNOWN"),
        ("gpt-5.2-codex", "64 users", "FAIL"),
        ("gpt-5.4", "1 user", "UNKNOWN"),
        ("gpt-5.4", "64 users", "FAIL"),
    ]
    assert re.fullmatch(r"n/a \(n = \d+\)", lines[0][3])
