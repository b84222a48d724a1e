"""Who an answer says it was written by."""

import pytest

from firsttoken.row import Row
from firsttoken.wire.fields.identity import record_author
from tests.wire.spoken import FINISH, TEXT, USAGE, chunk, completion, frames, head, hear, said


@pytest.mark.parametrize(
    "data",
    [b"{", b"[]", b'{"model":7}', b'{"model":"  "}', b'{"response":[]}', b"\xff", b'{"model":null,"service_tier":{}}'],
)
def test_what_names_nobody_leaves_the_row_as_it_is(data):
    row = Row(model_served="m")

    record_author(row, data)

    assert (row.model_served, row.service_tier) == ("m", None)


def test_a_chat_stream_names_its_model_fingerprint_tier_and_provider():
    more = {"model": "m-2026-01-01", "system_fingerprint": "fp_1", "service_tier": "default", "provider": "Acme"}
    named = chunk({"content": "b"}, **more).replace(b'"model":"m",', b"", 1)
    row = hear("chat", [head(), frames(TEXT.replace(b'"model":"m"', b'"model":""')), frames(named), frames(FINISH)]).row

    assert (row.fingerprint, row.service_tier, row.deployment) == ("fp_1", "default", "Acme")
    assert row.model_served in ("m", "m-2026-01-01")


def test_the_tier_that_is_named_last_counts():
    created = said("response.created", response={"model": "m", "service_tier": "auto"})
    delta = said("response.output_text.delta", delta="Hi")
    completed = said("response.completed", response={"model": "m", "service_tier": "priority"})
    row = hear("responses", [head(), frames(created), frames(delta), frames(completed)]).row

    assert (row.model_served, row.service_tier) == ("m", "priority")


def test_a_completions_stream_names_its_model():
    assert hear("completions", [head(), frames(completion("Hi", "stop", usage=USAGE))]).row.model_served == "m"


def test_a_stream_that_names_nobody_leaves_it_unknown():
    nameless = [piece.replace(b'"model":"m",', b"") for piece in (TEXT, FINISH)]

    assert hear("chat", [head(), *map(frames, nameless)]).row.model_served is None


def test_the_usage_behind_an_answer_does_not_rename_who_wrote_it():
    usage = chunk({}, usage=USAGE, service_tier="flex").replace(b'"choices":[', b'"choices":[],"other":[')
    row = hear(
        "chat", [head(), *(frames(each.replace(b'"m"', b'"lite"')) for each in (TEXT, FINISH)), frames(usage)]
    ).row

    assert (row.model_served, row.service_tier, row.output_tokens) == ("lite", "flex", USAGE["completion_tokens"])
