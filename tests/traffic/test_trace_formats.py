"""Each format is known by its first line, and read by what it calls its time, its prompt and its answer."""

import pytest

from firsttoken.traffic.trace_formats import LineError, Recorded, find_format

MS = 1_000_000


@pytest.mark.parametrize(
    ("first", "line", "name", "request_"),
    [
        (
            "TIMESTAMP,ContextTokens,GeneratedTokens",
            "2024-05-10 00:00:00.009930+00:00,2162,5",
            "Azure LLM inference",
            Recorded(1_715_299_200_009_930_000, 2162, 5),
        ),
        (
            "TIMESTAMP,NumImages,ContextTokens,GeneratedTokens",
            "2024-10-15T00:00:00Z,1,900,40",
            "Azure LLM inference",
            Recorded(1_728_950_400_000_000_000, 900, 40),
        ),
        (
            "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type",
            "5,ChatGPT,472,18,490,Conversation log",
            "BurstGPT",
            Recorded(5_000 * MS, 472, 18),
        ),
        (
            "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type",
            "5.25,s-1,3.2,GPT-4,472,18,490,API log",
            "BurstGPT",
            Recorded(5_250 * MS, 472, 18),
        ),
        (
            "request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size",
            "0,2,0,0.5,1,374,44",
            "Splitwise",
            Recorded(500 * MS, 374, 44),
        ),
        ("arrived_at,num_prefill_tokens,num_decode_tokens", "0.1,374.0,44", "Vidur", Recorded(100 * MS, 374, 44)),
        (
            '{"timestamp": 1.5, "input_length": 600, "output_length": 9, "hash_ids": [1, 2]}',
            '{"timestamp": 1.5, "input_length": 600, "output_length": 9, "hash_ids": [1, 2]}',
            "Mooncake",
            Recorded(1_500_000, 600, 9, (1, 2)),
        ),
        (
            '{"chat_id": 1, "timestamp": 1.5, "input_length": 40, "output_length": 9, "hash_ids": [1, 2, 3]}',
            '{"chat_id": 1, "timestamp": 1.5, "input_length": 40, "output_length": 9, "hash_ids": [1, 2, 3]}',
            "Qwen-Bailian",
            Recorded(1_500 * MS, 40, 9, (1, 2, 3)),
        ),
    ],
)
def test_a_format_is_known_by_its_first_line_and_read(first, line, name, request_):
    found = find_format(first)

    assert found is not None
    assert found.name == name
    assert found.read(line) == request_


def test_columns_may_be_quoted_in_another_order_and_another_case():
    found = find_format('"generatedtokens", "contexttokens" ,timestamp')

    assert found is not None
    assert found.read('"7","400",2026-01-01 00:00:00').input_tokens == 400


@pytest.mark.parametrize("first", ["when,in,out", "", '{"prompt": "hello"}', '["timestamp"]'])
def test_what_is_no_trace_is_none_of_the_formats(first):
    assert find_format(first) is None


@pytest.mark.parametrize("seconds", ["NaN", "inf", "1e400", "-5e12", "soon"])
def test_a_time_that_is_none_is_refused(seconds):
    found = find_format("arrived_at,num_prefill_tokens,num_decode_tokens")

    assert found is not None
    with pytest.raises(LineError, match="an invalid time"):
        found.read(f"{seconds},5,6")
