"""Traces: both formats to the nanosecond, a window of them at any speed, and a bad line refused with its number.

azure.csv and mooncake.jsonl beside this file are rows of our own in those formats.
"""

from pathlib import Path

import pytest

from firsttoken.traffic.trace import Arrival, TraceError, read_trace

HERE = Path(__file__).parent
AZURE, MOONCAKE = HERE / "azure.csv", HERE / "mooncake.jsonl"
MS = 1_000_000


def written(folder: Path, *lines: str, end: str = "\n") -> Path:
    path = folder / "trace"
    path.write_bytes(end.join(lines).encode())
    return path


def test_an_azure_trace_is_read_to_the_last_of_its_digits():
    """Its lines end as on Windows, its seconds have seven decimals, and two requests may come at once."""
    assert b"\r\n" in AZURE.read_bytes()
    assert read_trace(AZURE) == [
        Arrival(0, 310, 44),
        Arrival(52_000_100, 1200, 8),
        Arrival(1_020_040_000, 87, 120),
        Arrival(1_020_040_000, 640, 16),
        Arrival(5_500_000_000, 95, 300),
    ]


def test_a_mooncake_trace_is_read_with_its_blocks():
    assert read_trace(MOONCAKE) == [
        Arrival(0, 600, 50, (0, 1)),
        Arrival(0, 1100, 30, (0, 2, 3)),
        Arrival(40 * MS, 1400, 7, (0, 2, 4)),
        Arrival(1500 * MS, 512, 90, (5,)),
        Arrival(60_000 * MS, 9, 4, (6,)),
    ]


def test_a_window_begins_at_0_and_leaves_its_end_out():
    times = [arrival.at_ns for arrival in read_trace(MOONCAKE, from_s=0.04, to_s=60.0)]

    assert times == [0, 1460 * MS]


@pytest.mark.parametrize(("speed", "at_ns"), [(1.0, 1460 * MS), (2.0, 730 * MS), (0.5, 2920 * MS)])
def test_the_window_is_of_the_trace_s_own_time_and_goes_by_at_the_speed_asked_for(speed, at_ns):
    assert read_trace(MOONCAKE, speed, from_s=0.04, to_s=60.0)[1].at_ns == at_ns


def test_the_nanoseconds_of_a_long_trace_are_not_lost(tmp_path):
    """A float of nanoseconds since 1970, or of a year's, has none to spare."""
    rows = ["2026-01-01 00:00:00.000000001,1,1", "2036-01-01 00:00:00.000000002,1,1"]
    decade_ns = 3652 * 86_400 * 1_000_000_000 + 1

    assert read_trace(written(tmp_path, HEADER, *rows))[1].at_ns == decade_ns
    assert read_trace(written(tmp_path, HEADER, *rows), speed=3.0)[1].at_ns == (decade_ns + 1) // 3


HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"


def test_times_of_mooncake_may_have_decimals(tmp_path):
    line = '{"timestamp": %s, "input_length": 5, "output_length": 5}'
    path = written(tmp_path, line % "1700000000000.000001", line % "1700000000000.123457")

    assert read_trace(path) == [Arrival(0, 5, 5), Arrival(123_456, 5, 5)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_mark_of_the_encoding_a_time_zone_and_empty_lines_do_no_harm(tmp_path, end):
    path = written(tmp_path, f"\ufeff{HEADER}", "2026-01-01 00:00:01+00:00,5,6", "", "", end=end)

    assert read_trace(path) == [Arrival(0, 5, 6)]


GOOD = "2026-01-01 00:00:01.5,5,6"
MOON = '{"timestamp": 0, "input_length": 600, "output_length": 9, "hash_ids": [1, 2]}'


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], r"trace:1: expected the header \"TIMESTAMP,.*, or a JSON object of timestamp, .*, got \"\""),
        (["when,in,out", "1,2,3"], r"trace:1: expected the header .*, got \"when,in,out\""),
        (
            [HEADER, GOOD, "2026-01-01 00:00:02,5"],
            r"trace:3: expected a request such as .*, got \"2026-01-01 00:00:02,5\"",
        ),
        ([HEADER, GOOD, "", "2026-13-01 00:00:02,5,6"], r"trace:4: expected a date and time of the calendar, got"),
        ([HEADER, GOOD, "2026-01-01 00:00:01,5,6"], r"trace:3: expected a time not before the line above"),
        ([HEADER, "2026-01-01 00:00:01,0,6"], r"trace:2: expected 1 token or more each way"),
        ([HEADER, "2026-01-01 00:00:01,6,-1"], r"trace:2: expected a request such as"),
        ([MOON, MOON.replace("9", "0")], r"trace:2: expected 1 token or more each way"),
        ([MOON, MOON.replace("600", "1600")], r"trace:2: expected one of hash_ids for each 512 tokens of input_length"),
        ([MOON, MOON.replace("600", '"x"')], r"trace:2: expected a request such as .*Expected `int`, got `str`"),
        ([MOON, MOON[:40]], r"trace:2: expected a request such as .*Input data was truncated"),
        ([HEADER], r"trace: expected requests from 0 s of the trace, got none"),
    ],
)
def test_what_is_no_trace_is_refused_with_its_line(tmp_path, lines, sentence):
    with pytest.raises(TraceError, match=sentence) as caught:
        read_trace(written(tmp_path, *lines))
    assert "\n" not in str(caught.value)


def test_a_window_without_requests_says_how_long_the_trace_is():
    with pytest.raises(TraceError, match="from 70 s until before 80 s of the trace, got none; it goes to 60 s"):
        read_trace(MOONCAKE, from_s=70.0, to_s=80.0)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(TraceError, match="none: expected a readable trace, got: No such file or directory"):
        read_trace(tmp_path / "none")


def test_bytes_that_are_no_text_are_refused_like_any_other_line(tmp_path):
    path = tmp_path / "trace"
    path.write_bytes(HEADER.encode() + b"\n\xff\xfe\n")

    with pytest.raises(TraceError, match="trace:2: expected a request such as"):
        read_trace(path)
