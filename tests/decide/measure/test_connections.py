"""How connections were kept: reused, opened anew, or dead under a request that was sent again."""

from firsttoken.decide.measure.connections import COLUMNS, Connections, count_connections
from firsttoken.decide.study import study_run
from firsttoken.row import ADDRESS_FAILED, Row
from tests.decide.columns import columns_of
from tests.made_run import make_run

MS = 1_000_000


def sent(reused: bool, resends: int = 0, first_ms: int | None = 10, target: str = "m") -> Row:
    first_ns = None if first_ms is None else first_ms * MS
    return Row(
        target=target, outcome="ok", sent_ns=0, first_token_ns=first_ns, connection_reused=reused, resends=resends
    )


def count(*rows: Row) -> dict[str, Connections]:
    return count_connections(columns_of(rows, COLUMNS))


def test_attempts_that_were_sent_again_stand_beside_those_that_were_not():
    rows = [sent(True), sent(True, first_ms=12), sent(False, first_ms=11), sent(False, resends=1, first_ms=40)]

    assert count(*rows) == {"m": Connections(sent=4, reused=2, resent=1, detoured=0, ttft_ms=11.0, resent_ttft_ms=40.0)}


def test_without_a_first_token_there_is_no_median():
    assert count(sent(False, first_ms=None))["m"].ttft_ms is None
    assert count(sent(True))["m"].resent_ttft_ms is None


def test_attempts_that_went_on_to_another_address_are_counted():
    detoured = sent(False)
    detoured.checks.append(ADDRESS_FAILED)

    assert count(detoured, sent(True))["m"].detoured == 1


def test_each_target_has_its_own_connections():
    found = count(sent(True, target="a"), sent(False, target="b"))

    assert (found["a"].reused, found["b"].reused) == (1, 0)


def test_a_study_tells_the_connections_of_its_targets(tmp_path):
    study = study_run(make_run(tmp_path, levels=(4,)))
    _, rows = study.run.sql("SELECT count(*) FROM attempts WHERE sent_ns IS NOT NULL AND connection_reused IS NOT NULL")

    assert sum(each.sent for each in study.connections.values()) == rows[0][0] > 0
