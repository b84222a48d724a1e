"""The users of a run on its workers: as many on each, spread by Locust whenever their number changes.

Rule: a worker that is lost leaves its users to the others, and the others get no fewer than they had: Locust might stop
a user that has a request under way.
"""

from math import ceil

from gevent.lock import RLock

from firsttoken.load.session.gathering import Census
from firsttoken.load.workers.carrier import MasterCarrier
from firsttoken.load.workers.roster import Roster
from firsttoken.plan.stage import Group


class UserPlacement:
    """How many users the present group of stages has on each worker."""

    def __init__(self, carrier: MasterCarrier, roster: Roster) -> None:
        self._carrier = carrier
        self._roster = roster
        self._each = 0
        self._runs = False
        self._spreading = RLock()

    def place_users(self, group: Group) -> None:
        """Have the users of a group started, and others stopped."""
        self._runs, self._each = True, self._roster.count_each(group)
        self.spread_users()

    def spread_users(self) -> None:
        """Have Locust spread the users; again, where some have left by themselves."""
        with self._spreading:
            self._carrier.spread_users(self._each * len(self._roster.living))

    def count_users(self) -> Census:
        """The users of all living workers."""
        roster = self._roster
        wanted = self._each * len(roster.living)
        return Census(wanted, roster.users, roster.starting, roster.left, roster.has_users(self._each))

    def end_group(self) -> None:
        """The group is over: a worker that is lost from now on needs no replacement before the next one."""
        self._runs = False

    def replace_worker(self, client: str) -> None:
        """Have the users of a worker that was just lost started on the others."""
        self._carrier.dismiss(client)
        living = len(self._roster.living)
        if self._runs and living:
            self._each = ceil(self._each * (living + 1) / living)
            self.spread_users()
