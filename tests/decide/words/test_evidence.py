"""The sentences of a flag."""

from firsttoken.decide.flags.flag import Listed, Quantity, join, say, show
from firsttoken.decide.words.evidence import write_sentences
from tests.decide.flags import test_endings, test_identity, test_quota
from tests.decide.hand import said


def test_a_number_is_written_in_its_unit_and_a_count_with_its_thousands():
    evidence = show("{value} of {all} answers were late by {delay}; the bound is {bound}.", 0.125, 0.05, "share",
                    all=1200, delay=Quantity(1104.0, "ms"))  # fmt: skip

    assert write_sentences(evidence.sentences) == ("12.5 % of 1,200 answers were late by 1.10 s; the bound is 5 %.")
    assert (evidence.value, evidence.bound, evidence.unit) == (0.125, 0.05, "share")


def test_flags_as_a_person_reads_them(snapshot):
    shown = test_identity.SHOWN | test_endings.SHOWN | test_quota.SHOWN
    snapshot("flags", {heading: said(evidence) for heading, evidence in shown.items()})


def test_what_a_server_said_is_no_template():
    assert write_sentences([say("It said {words}.", words="{odd} {0}")]) == "It said {odd} {0}."


def test_parts_of_a_list_stand_side_by_side():
    parts = tuple(say("{share} from {name}", share=Quantity(0.5, "share"), name=name) for name in "ab")

    assert write_sentences([say("{all}.", all=Listed(parts, " and "))]) == "50 % from a and 50 % from b."


def test_sentences_that_read_alike_are_said_once():
    both = join([show("A second took {value}.", 35.21, 35.0, "ms"), show("A second took {value}.", 35.22, 35.0, "ms")])

    assert write_sentences(both.sentences) == "A second took 35.2 ms."
    assert both.value == 35.21
    assert join([None, None]) is None
