"""The shape that reports the wanted number of users to Locust; it decides no boundary.

Rule: it is also where a user finds the session it belongs to, as Locust hands every user its environment.
"""

from locust import LoadTestShape

from firsttoken.load.session.session import Session
from firsttoken.plan.order import StageOrder


class Stages(LoadTestShape):
    """Reports the wanted users of the stage clock; Locust asks once a second."""

    abstract = True

    def __init__(self, stage_order: StageOrder | None = None, session: Session | None = None) -> None:
        """A worker has no stage order and needs none: its master says how many users it has."""
        super().__init__()  # type: ignore[no-untyped-call]  # Locust leaves it untyped
        self.first_users = 0 if stage_order is None else stage_order.first_users
        self.rate = 1.0 if stage_order is None else float(max(1, stage_order.most_users))
        """Users started or stopped a second: a whole stage's at once, for our own admission spreads them."""
        self.session = session
        """None between two runs under Locust's web UI."""

    def begin_run(self, session: Session) -> None:
        """Let users find the session of a run that begins."""
        self.session = session

    def end_run(self) -> None:
        """Forget the session of a run that has ended."""
        self.session = None

    def tick(self) -> tuple[int, float] | None:
        """(users, users spawned a second), or None once the run is over."""
        if self.session is None:
            return self.first_users, self.rate
        if self.session.is_over:
            return None
        users = self.session.users
        return users.wanted, self.rate + users.requested_again  # Locust acts on what has changed
