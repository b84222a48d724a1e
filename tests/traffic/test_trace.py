"""Traces: to the nanosecond, a window of them at any speed, and what is no request left out and counted.

azure.csv and mooncake.jsonl beside this file are rows of our own in those formats.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.traffic.trace import (
    Arrival,
    TraceError,
    cut_window,
    describe_emptiness,
    describe_faults,
    find_busiest,
    read_recording,
)

HERE = Path(__file__).parent
AZURE, MOONCAKE = HERE / "azure.csv", HERE / "mooncake.jsonl"
MS = 1_000_000


def read_window(path: Path, speed: float = 1.0, from_s: float = 0.0, to_s: float | None = None) -> list[Arrival]:
    return cut_window(read_recording(path), speed, from_s, to_s)


def written(folder: Path, *lines: str, end: str = "\n") -> Path:
    path = folder / "trace"
    path.write_bytes(end.join(lines).encode())
    return path


def test_an_azure_trace_is_read_to_the_last_of_its_digits():
    """Its lines end as on Windows, its seconds have seven decimals, and two requests may come at once."""
    assert b"\r\n" in AZURE.read_bytes()
    assert read_window(AZURE) == [
        Arrival(0, 310, 44),
        Arrival(52_000_100, 1200, 8),
        Arrival(1_020_040_000, 87, 120),
        Arrival(1_020_040_000, 640, 16),
        Arrival(5_500_000_000, 95, 300),
    ]


def test_a_mooncake_trace_is_read_with_its_blocks():
    assert read_window(MOONCAKE) == [
        Arrival(0, 600, 50, (0, 1)),
        Arrival(0, 1100, 30, (0, 2, 3)),
        Arrival(40 * MS, 1400, 7, (0, 2, 4)),
        Arrival(1500 * MS, 512, 90, (5,)),
        Arrival(60_000 * MS, 9, 4, (6,)),
    ]


def test_a_window_begins_at_0_and_leaves_its_end_out():
    times = [arrival.at_ns for arrival in read_window(MOONCAKE, from_s=0.04, to_s=60.0)]

    assert times == [0, 1460 * MS]


@pytest.mark.parametrize(("speed", "at_ns"), [(1.0, 1460 * MS), (2.0, 730 * MS), (0.5, 2920 * MS)])
def test_the_window_is_of_the_trace_s_own_time_and_goes_by_at_the_speed_asked_for(speed, at_ns):
    assert read_window(MOONCAKE, speed, from_s=0.04, to_s=60.0)[1].at_ns == at_ns


def test_the_nanoseconds_of_a_long_trace_are_not_lost(tmp_path):
    """A float of nanoseconds since 1970, or of a year's, has none to spare."""
    rows = ["2026-01-01 00:00:00.000000001,1,1", "2036-01-01 00:00:00.000000002,1,1"]
    decade_ns = 3652 * 86_400 * 1_000_000_000 + 1

    assert read_window(written(tmp_path, HEADER, *rows))[1].at_ns == decade_ns
    assert read_window(written(tmp_path, HEADER, *rows), speed=3.0)[1].at_ns == (decade_ns + 1) // 3


HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"


def test_times_of_mooncake_may_have_decimals(tmp_path):
    line = '{"timestamp": %s, "input_length": 5, "output_length": 5}'
    path = written(tmp_path, line % "1700000000000.000001", line % "1700000000000.123457")

    assert read_window(path) == [Arrival(0, 5, 5), Arrival(123_456, 5, 5)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_mark_of_the_encoding_a_time_zone_and_empty_lines_do_no_harm(tmp_path, end):
    path = written(tmp_path, f"\ufeff{HEADER}", "2026-01-01 00:00:01+00:00,5,6", "", "", end=end)

    assert read_window(path) == [Arrival(0, 5, 6)]


GOOD = "2026-01-01 00:00:01.5,5,6"
MOON = '{"timestamp": 0, "input_length": 600, "output_length": 9, "hash_ids": [1, 2]}'


@pytest.mark.parametrize(
    ("good", "bad", "kind"),
    [
        ([HEADER, *[GOOD] * 9], "2026-01-01 00:00:02,5", "fewer fields than the header"),
        ([HEADER, *[GOOD] * 9], "2026-13-01 00:00:02,5,6", "an invalid time"),
        ([HEADER, *[GOOD] * 9], ",5,6", "a blank field"),
        ([HEADER, *[GOOD] * 9], "2026-01-01 00:00:02,,6", "a blank field"),
        ([HEADER, *[GOOD] * 9], "2026-01-01 00:00:02,0,6", "0 tokens one way"),
        ([HEADER, *[GOOD] * 9], "2026-01-01 00:00:02,6,-1", "a negative number of tokens"),
        ([HEADER, *[GOOD] * 9], "2026-01-01 00:00:02,NaN,6", "an invalid number of tokens"),
        ([HEADER, *[GOOD] * 9], "2026-01-01 00:00:02,1e30,6", "an invalid number of tokens"),
        ([HEADER, *[GOOD] * 9], "\ufffd\ufffd", "fewer fields than the header"),
        ([MOON] * 9, MOON.replace("9", "0"), "0 tokens one way"),
        ([MOON] * 9, MOON.replace("600", "-600"), "a negative number of tokens"),
        ([MOON] * 9, MOON.replace("600", "1600"), "hash_ids that are not one for each 512 tokens of input_length"),
        ([MOON] * 9, MOON.replace("600", '"x"'), "fields that are missing, blank or not numbers"),
        ([MOON] * 9, MOON.replace("600", "null"), "fields that are missing, blank or not numbers"),
        ([MOON] * 9, MOON.replace('"timestamp": 0', '"timestamp": 1e99'), "an invalid time"),
        ([MOON] * 9, MOON[:40], "fields that are missing, blank or not numbers"),
    ],
)
def test_a_line_that_is_no_request_is_left_out_and_counted(tmp_path, good, bad, kind):
    recording = read_recording(written(tmp_path, *good, bad, bad))

    assert len(recording.times_ns) == 9
    assert describe_faults(recording) == (
        f"2 of 11 rows that are not requests: 2 with {kind} (first in line {len(good) + 1})"
    )


def test_a_file_of_which_too_much_is_no_request_is_refused_with_all_that_is_wrong(tmp_path):
    path = written(tmp_path, HEADER, GOOD, GOOD, "2026-01-01 00:00:02,0,6", "2026-01-01 00:00:02,,6")

    with pytest.raises(
        TraceError, match=r"got 2 of 4 rows .* 0 tokens one way \(first in line 4\), 1 with a blank field"
    ):
        read_window(path)


def test_a_file_without_faults_says_nothing_of_them():
    assert describe_faults(read_recording(AZURE)) == ""


@pytest.mark.parametrize("first", ["", "when,in,out", '{"time": 1}', "hello"])
def test_what_is_no_trace_is_refused_with_the_formats_that_are(tmp_path, first):
    with pytest.raises(
        TraceError, match=r"trace:1: expected the header of a CSV \(Azure .*BurstGPT.* got \""
    ) as caught:
        read_window(written(tmp_path, first, "1,2,3"))
    assert "\n" not in str(caught.value)


def test_requests_out_of_order_are_put_in_order_and_counted(tmp_path):
    late, early = "2026-01-01 00:00:05,7,8", "2026-01-01 00:00:01,1,2"
    recording = read_recording(written(tmp_path, HEADER, late, early, late))

    assert (recording.unsorted, list(recording.times_ns)) == (1, [0, 4_000 * MS, 4_000 * MS])
    assert [arrival.input_tokens for arrival in cut_window(recording)] == [1, 7, 7]


def test_blocks_stay_with_their_request_when_it_is_put_in_order(tmp_path):
    late = MOON.replace('"timestamp": 0', '"timestamp": 50')
    recording = read_recording(written(tmp_path, late, MOON.replace("[1, 2]", "[3, 4]")))

    assert [arrival.blocks for arrival in cut_window(recording)] == [(3, 4), (1, 2)]


def test_longer_requests_can_be_left_out(tmp_path):
    recording = read_recording(MOONCAKE)

    assert [arrival.input_tokens for arrival in cut_window(recording, longest=650)] == [600, 512, 9][:3]


def test_blocks_of_another_size_are_refused_with_the_size_that_fits_and_read_by_it(tmp_path):
    path = written(tmp_path, '{"timestamp": 0, "input_length": 40, "output_length": 5, "hash_ids": [1, 2, 3]}')

    with pytest.raises(TraceError, match=r"16 tokens fit all of these: write trace_block_tokens = 16 in \[traffic\]"):
        read_window(path)
    (arrival,) = cut_window(read_recording(path, block_tokens=16))
    assert (arrival.blocks, arrival.block_tokens) == ((1, 2, 3), 16)


def test_blocks_that_no_size_fits_are_refused_without_one(tmp_path):
    lines = ['{"timestamp": 0, "input_length": 40, "output_length": 5, "hash_ids": [1, 2, 3]}'] * 2
    lines[1] = lines[1].replace("40", "4000")

    with pytest.raises(TraceError) as caught:
        read_window(written(tmp_path, *lines))
    assert "trace_block_tokens" not in str(caught.value)


def test_the_busiest_stretch_is_found(tmp_path):
    times = [0, 10_000, 20_000, 20_500, 21_000, 50_000]
    lines = [MOON.replace('"timestamp": 0', f'"timestamp": {time}') for time in times]

    busiest = find_busiest(read_recording(written(tmp_path, *lines)), 2.0)

    assert (busiest.from_s, busiest.rate) == (20.0, 1.5)


def test_a_window_without_requests_says_how_long_the_trace_is():
    assert read_window(MOONCAKE, from_s=70.0, to_s=80.0) == []
    assert describe_emptiness(read_recording(MOONCAKE), 70.0, 80.0) == (
        "expected requests from 70 s until before 80 s of the trace, got none; the trace ends at 60 s"
    )


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(TraceError, match="none: expected a readable trace, got: No such file or directory"):
        read_window(tmp_path / "none")


ODD = '{"timestamp": 1e999999, "input_length": "NaN", "output_length": -1}'
LINES = st.sampled_from([HEADER, GOOD, MOON, ODD, "", ",,"])


@given(st.lists(LINES | st.text(max_size=60), max_size=12), st.integers(0, 4096))
def test_whatever_a_file_holds_is_a_trace_or_one_sentence(tmp_path_factory, lines, size):
    path = tmp_path_factory.getbasetemp() / "fuzzed"
    path.write_text("\n".join(lines), errors="replace")

    try:
        recording = read_recording(path, size)
    except TraceError as error:
        assert "\n" not in str(error)
    else:
        assert all(arrival.input_tokens > 0 < arrival.output_tokens for arrival in cut_window(recording))
        assert list(recording.times_ns) == sorted(recording.times_ns)
