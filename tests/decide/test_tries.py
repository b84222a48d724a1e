"""Tests of firsttoken/decide/tries.py."""

from firsttoken.decide.study import study_run
from firsttoken.decide.tries import list_tries
from tests.made_loads import make_search_run


def test_each_try_is_judged_by_itself_and_the_open_loop_behind_them_is_none(tmp_path):
    study = study_run(make_search_run(tmp_path / "run", targets=("gpt-5.4",)))

    tries = list_tries(study, "gpt-5.4")

    assert [(each.stage.level, each.verdict) for each in tries] == [
        (4, "PASS"), (32, "FAIL"), (16, "PASS"), (24, "PASS"), (20, "PASS"), (24, "PASS")
    ]  # fmt: skip
    assert [each.share.repeat for each in tries if each.stage.level == 24] == [0, 1]
