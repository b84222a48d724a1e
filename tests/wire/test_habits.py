"""Habits of real servers, one small answer each (habits.jsonl): the row that comes of it is the right one.

Each line stands for its kind. `pieces` are [delay in ms, bytes as latin-1], one read and one HTTP chunk each, unless
`framing` says otherwise; `expect` holds fields of the row, or a list of ways that are all right.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from firsttoken.catalogue import Source
from firsttoken.load.budget.cost import Cost, spent
from firsttoken.row import Row
from firsttoken.wire.answer.answer import Answer
from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.outcome import COMPLETE, end_of
from tests.wire.spoken import MS

Case = dict[str, Any]
CASES: dict[str, Case] = {
    case["name"]: case for case in map(json.loads, (Path(__file__).parent / "habits.jsonl").read_text().splitlines())
}
PRICE = Source(title="case", read="2026", input=3.0, cached_input=0.3, output=15.0, cache_write=3.75)
UNKNOWN = Cost(requests=1, tokens=10**9, nano_usd=10**15)
NOT_IN_THE_ROW = {"first_token_piece", "first_visible_piece", "usd_micro", "flagged", "error_contains", "error_lacks"}


def arrivals(case: Case) -> list[tuple[int, int | None, bytes]]:
    """(ms, number of the piece, bytes) of each read."""
    framing, pieces = case.get("framing", "chunked"), [(ms, text.encode("latin-1")) for ms, text in case["pieces"]]
    reads: list[tuple[int, int | None, bytes]] = []
    if framing != "raw":
        headers = {name.lower(): value for name, value in case.get("headers", {}).items()}
        if framing in ("chunked", "cut"):
            headers.setdefault("transfer-encoding", "chunked")
        if framing == "length":
            headers["content-length"] = str(sum(len(piece) for _, piece in pieces))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        reads.append((1, None, f"HTTP/1.1 {case.get('status', 200)} X\r\n{lines}\r\n".encode("latin-1")))
    now_ms = 1
    for number, (delay_ms, piece) in enumerate(pieces):
        now_ms += max(1, delay_ms)
        is_chunk = framing in ("chunked", "cut")
        reads.append((now_ms, number, b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunk else piece))
    return [*reads, (now_ms + 1, None, b"0\r\n\r\n")] if framing == "chunked" else reads


def take(case: Case) -> Case:
    """What the wire makes of an answer."""
    row, end, early_ns, pieces = Row(sent_ns=0), None, 0, dict[int | None, int | None]()
    answer = Answer(row, DIALECTS[case["api"]], 0, 0.0, lambda exact: None)
    try:
        for ms, piece, read in arrivals(case):
            pieces[ms * MS] = piece
            if not answer.skip(read, ms * MS):
                answer.receive(read, early_ns, ms * MS, kernel=True)
            early_ns = ms * MS
            if answer.ended:
                break
    except Exception as problem:  # noqa: BLE001 - as the connection does
        end = end_of(problem)
    row.outcome, row.error = answer.judge(end or (COMPLETE if answer.ended else answer.hang_up()))
    cost = spent(row, PRICE, UNKNOWN)
    return {field: getattr(row, field) for field in row.__struct_fields__} | {
        "first_token_piece": pieces.get(row.first_token_ns),
        "first_visible_piece": pieces.get(row.first_visible_ns),
        "usd_micro": None if cost.nano_usd == UNKNOWN.nano_usd else cost.nano_usd / 1000,
        "flagged": bool(row.checks or row.error),
    }


def ways_of(case: Case) -> list[Case]:
    """The rows that are right."""
    return case["expect"] if isinstance(case["expect"], list) else [case["expect"]]


def holds(field: str, wanted: Any, got: Case) -> bool:
    if field in ("error_contains", "error_lacks"):
        return (wanted in (got["error"] or "")) == (field == "error_contains")
    if isinstance(wanted, dict):
        is_one = "one_of" in wanted and got[field] in wanted["one_of"]
        return is_one or ("at_least" in wanted and got[field] is not None and got[field] >= wanted["at_least"])
    if field == "usd_micro" and wanted is not None:
        return got[field] is not None and abs(got[field] - wanted) < 0.01
    return bool(got[field] == wanted)


@pytest.mark.parametrize("name", CASES)
def test_an_answer_gives_the_right_row(name: str) -> None:
    case, got = CASES[name], take(CASES[name])

    wrong = [[field for field, wanted in way.items() if not holds(field, wanted, got)] for way in ways_of(case)]

    assert [] in wrong, (wrong, {field: value for field, value in got.items() if value not in (None, [], "", 0)})


def test_every_expectation_is_of_something_that_is_looked_at() -> None:
    fields = {field for case in CASES.values() for way in ways_of(case) for field in way}

    assert fields <= {*Row.__struct_fields__, *NOT_IN_THE_ROW}
