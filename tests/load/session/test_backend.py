"""Why users are missing: told by what they are doing, and not before all patience is at its end."""

import pytest

from firsttoken.load.session.backend import CALL_AGAIN_S, SPAWN_PATIENCE_S, TICK_S, Patience, describe_missing_users


@pytest.mark.parametrize(
    ("starting", "left", "cause"),
    [(2, 0, "2 are still in their on_start"), (0, 1, "1 have ended by themselves"), (0, 0, "Locust has started no")],
)
def test_the_cause_is_named(starting: int, left: int, cause: str) -> None:
    sentence = describe_missing_users(3, 1, starting, left)

    assert sentence.startswith("expected 3 users to be ready, got 1")
    assert cause in sentence


def test_patience_lasts_as_long_as_users_become_ready_now_and_then() -> None:
    patience, ticks = Patience(), round(SPAWN_PATIENCE_S / TICK_S)

    assert not any(patience.wears_out(ready=tick // 1000) for tick in range(3 * ticks))
    assert any(patience.wears_out(ready=9) for _ in range(ticks + 2))


def test_locust_is_told_again_every_few_seconds() -> None:
    patience, ticks = Patience(), round(10 / TICK_S)

    assert sum(patience.wears_out(0) or patience.is_time_to_call() for _ in range(ticks)) == int(10 / CALL_AGAIN_S)
