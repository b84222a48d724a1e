"""Why users are missing: the cause is named, and not before all patience is at its end."""

import pytest

from firsttoken.load.session.gathering import (
    CALL_AGAIN_S,
    SPAWN_PATIENCE_S,
    TICK_S,
    Census,
    Patience,
    await_users,
    describe_missing_users,
)


@pytest.mark.parametrize(
    ("starting", "left", "cause"),
    [(2, 0, "2 are still in their on_start"), (0, 1, "1 have ended by themselves"), (0, 0, "Locust has started no")],
)
def test_the_cause_is_named(starting: int, left: int, cause: str) -> None:
    sentence = describe_missing_users(Census(3, 1, starting, left, is_complete=False))

    assert sentence.startswith("expected 3 users to be ready, got 1")
    assert cause in sentence


def test_patience_lasts_as_long_as_users_become_ready_now_and_then() -> None:
    patience, ticks = Patience(), round(SPAWN_PATIENCE_S / TICK_S)

    assert not any(patience.wears_out(ready=tick // 1000) for tick in range(3 * ticks))
    assert any(patience.wears_out(ready=9) for _ in range(ticks + 2))


def test_locust_is_asked_again_every_few_seconds() -> None:
    patience, ticks = Patience(), round(10 / TICK_S)

    assert sum(patience.wears_out(0) or patience.is_time_to_call() for _ in range(ticks)) == int(10 / CALL_AGAIN_S)


class Waiting:
    """Three users of whom one more is ready at each tick, up to a number."""

    def __init__(self, most: int, stopped_after: int = 10_000) -> None:
        self.ready, self.most, self.ticks, self.calls, self.stopped_after = 0, most, 0, 0, stopped_after

    def sleep(self, seconds: float) -> None:
        assert seconds == TICK_S
        self.ticks += 1
        self.ready = min(self.most, self.ready + 1)

    def count(self) -> Census:
        return Census(3, self.ready, 0, 0, self.ready == 3)

    def call(self) -> None:
        self.calls += 1

    def find_stopping(self) -> str | None:
        return "interrupted" if self.ticks > self.stopped_after else None

    def run(self) -> str | None:
        return await_users(self.count, self.find_stopping, self.call, self.sleep)


def test_the_wait_ends_once_every_user_is_ready() -> None:
    waiting = Waiting(most=3)

    assert (waiting.run(), waiting.ticks, waiting.calls) == (None, 3, 0)


def test_the_wait_ends_with_the_cause_once_patience_is_at_its_end() -> None:
    waiting = Waiting(most=2)

    assert str(waiting.run()).startswith("expected 3 users to be ready, got 2")
    assert waiting.calls == 9


def test_the_wait_ends_when_the_run_is_stopped() -> None:
    assert Waiting(most=2, stopped_after=5).run() == "interrupted"
