"""The published figures hold for one user at the reference length, and change by the stated formulas from there."""

import msgspec
import pytest

from firsttoken.catalogue import Faults
from firsttoken.simulator.behaviour import Behaviour, first_token_ns, settle, slowdown, token_ns
from tests.served import fast

CODEX = fast(ttft_s=1.1, tokens_per_s=85.0, reference_input_tokens=400, prefill_rate=10_000.0, batch_slowdown=0.6)


def behave(**changes: object) -> Behaviour:
    return settle("codex", msgspec.structs.replace(CODEX, **changes))


def test_one_user_at_the_reference_length_gets_the_published_figures():
    assert first_token_ns(behave(), 400) == 1.1e9
    assert token_ns(behave()) == pytest.approx(1e9 / 85)
    assert slowdown(behave(), busy=1) == 1.0


def test_a_longer_prompt_waits_for_its_longer_reading():
    assert first_token_ns(behave(), 10_400) == pytest.approx(2.1e9)


def test_a_shorter_prompt_is_a_little_sooner_but_never_under_half():
    assert first_token_ns(behave(), 0) == pytest.approx(1.06e9)
    assert first_token_ns(behave(prefill_rate=100.0), 0) == pytest.approx(0.55e9)


def test_a_full_batch_is_slower_by_the_batch_slowdown_and_a_half_full_one_by_half_of_it():
    assert slowdown(behave(slots=9), busy=9) == pytest.approx(1.6)
    assert slowdown(behave(slots=9), busy=5) == pytest.approx(1.3)


@pytest.mark.parametrize("busy", [0, 1])
def test_a_model_of_one_slot_has_nobody_to_slow_down_for(busy):
    assert slowdown(behave(slots=1), busy) == 1.0


def test_gaps_in_the_settings_are_refused_by_name():
    with pytest.raises(ValueError, match=r"'codex'.*got none for slots, ttft_s"):
        behave(ttft_s=None, slots=None)


def test_limits_and_key_may_be_absent():
    assert behave(requests_per_minute=None, api_key=None).requests_per_minute is None


def test_faults_of_more_than_all_requests_are_refused():
    with pytest.raises(ValueError, match="add up to 1"):
        behave(faults=Faults(error=0.6, cut=0.6))
