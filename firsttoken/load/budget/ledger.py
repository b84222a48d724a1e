"""The budget of a run: one treasury keeps it, and lends ahead to the purse of every load process. Pure.

Rule: nothing is sent that was not set aside at the most it can cost. At every moment, for each kind of cost,

    cap = left + lent + spent

where what is lent lies in purses, is in flight, or went down with a lost worker. So the cap holds whatever message is
late, lost or told twice. Only an answer that costs more than it could (a server that ignores max_tokens, a prompt that
has more tokens than the highest guess) goes over it, by as much as that.

While there is plenty, a purse stays some seconds ahead of its users, so that they do not wait for messages. Once the
treasury cannot lend all that it is asked for, what lies idle in purses comes back and is lent request by request; the
budget is used up when a request does not fit into what is left and what may still come back.
"""

from __future__ import annotations

from collections.abc import Hashable

import msgspec

from firsttoken.load.budget.cost import NANO, NOTHING, Cost
from firsttoken.scenario.format import Budget

NS = 1_000_000_000
NO_CAP = 2**62
"""A cap that no run reaches, so that a kind without one needs no rule of its own."""

AHEAD_S = 4.0
"""So much of the recent pace a purse asks ahead; it asks when less than half of that is left."""
REPORT_NS = NS
"""A purse tells at least this often what it spent, and repeats what was not answered."""
POLL_NS = NS // 10
"""A purse asks this often for what it was refused."""


class Slip(msgspec.Struct, frozen=True, kw_only=True):
    """What a purse tells its treasury and asks of it. Told again, however late, it counts once."""

    number: int
    """From 1, one higher each time."""
    spent: Cost
    """Since the slip before this one."""
    back: Cost
    """Returned unspent."""
    ask: Cost
    need: Cost | None
    """Of the first request that waits; None where none does."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to the slip of that number."""

    number: int
    amount: Cost
    scarce: bool
    """Whether it is time to return what is not needed now."""


class Purse:
    """What the users of one load process may spend without asking."""

    def __init__(self) -> None:
        self._free = NOTHING
        """Below nothing where answers cost more than was set aside."""
        self._spent = NOTHING
        """Since the last slip."""
        self._waiting: dict[Hashable, Cost] = {}
        """Who waits, in order, and for what."""
        self._pace = Pace()
        self._scarce = False
        self._in_vain = False
        """The last slip did not get all that it asked for."""
        self._slip: Slip | None = None
        """The slip on its way; one at a time."""
        self._number = 0
        self._told_ns: int | None = None

    def reserve(self, who: Hashable, cost: Cost, now_ns: int) -> bool:
        """Set the cost of an attempt aside. False: it has to wait for a grant or for somebody's `settle`, and try
        again then; until it does, or `forget` is called, the next slips ask for it."""
        if not cost.fits(self._free):
            self._waiting[who] = cost
            return False
        self._waiting.pop(who, None)
        self._free -= cost
        self._pace.note(cost, now_ns)
        return True

    def forget(self, who: Hashable) -> None:
        """Somebody does not wait any more."""
        self._waiting.pop(who, None)

    def settle(self, reserved: Cost, spent: Cost) -> None:
        """An attempt has ended: what it did not cost is free again."""
        self._free += reserved - spent
        self._spent += spent

    def write_slip(self, now_ns: int) -> Slip | None:
        """What to send to the treasury now; None where there is nothing to say, or an answer is due first."""
        since_ns = REPORT_NS if self._told_ns is None else now_ns - self._told_ns
        if self._slip is None:
            wish = self._wish(now_ns)
            if since_ns < self._patience_ns(wish):
                return None
            self._slip = self._write(wish)
        elif since_ns < REPORT_NS:
            return None
        self._told_ns = now_ns
        return self._slip

    def _wish(self, now_ns: int) -> Cost:
        """What it would have free: enough for a while; in scarcity nothing."""
        return NOTHING if self._scarce else self._pace.per_second(now_ns).times(AHEAD_S)

    def _patience_ns(self, wish: Cost) -> int:
        if self._in_vain:
            return POLL_NS
        need = self._need
        lacks = need is not None and not need.fits(self._free)
        return 0 if lacks or not wish.times(0.5).fits(self._free) or self._idle() != NOTHING else REPORT_NS

    @property
    def _need(self) -> Cost | None:
        return next(iter(self._waiting.values()), None)

    def _idle(self) -> Cost:
        """What to return: in scarcity all that is of no use to those who wait."""
        if not self._scarce:
            return NOTHING
        need = self._need
        useful = sum(self._waiting.values(), NOTHING) if need is not None and need.fits(self._free) else NOTHING
        return (self._free - useful).most(NOTHING)

    def _write(self, wish: Cost) -> Slip:
        back = self._idle()
        self._free -= back
        self._number += 1
        wanted = sum(self._waiting.values(), wish)
        ask = (wanted - self._free).most(NOTHING)
        slip = Slip(number=self._number, spent=self._spent, back=back, ask=ask, need=self._need)
        self._spent = NOTHING
        return slip

    def take(self, grant: Grant) -> None:
        """Put a grant in; who waits may try again. An answer to a slip that was answered before is void."""
        if self._slip is None or self._slip.number != grant.number:
            return
        self._in_vain = not self._slip.ask.fits(grant.amount)
        self._slip = None
        self._free += grant.amount
        self._scarce = grant.scarce


class Pace:
    """What was set aside per second, lately: the higher of the second that runs and the one before."""

    def __init__(self) -> None:
        self._since_ns: int | None = None
        self._running = NOTHING
        self._before = NOTHING

    def note(self, cost: Cost, now_ns: int) -> None:
        """Count a cost that was set aside now."""
        self._turn(now_ns)
        self._running += cost

    def per_second(self, now_ns: int) -> Cost:
        """The pace now."""
        self._turn(now_ns)
        return self._running.most(self._before)

    def _turn(self, now_ns: int) -> None:
        if self._since_ns is None:
            self._since_ns = now_ns
        seconds = (now_ns - self._since_ns) // NS
        if seconds:
            self._before = self._running if seconds == 1 else NOTHING
            self._running = NOTHING
            self._since_ns += seconds * NS


class Treasury:
    """What the run may still spend, and to whom it is lent."""

    def __init__(self, caps: Budget, earlier: Cost = NOTHING, earlier_ns: int = 0) -> None:
        """`earlier`: what the run had spent, and for how long, before it was broken off and gone on with."""
        self._caps = caps
        self._earlier_ns = earlier_ns
        self._left = Cost(
            requests=caps.requests or NO_CAP,
            tokens=caps.tokens or NO_CAP,
            nano_usd=max(1, int(caps.usd * NANO)) if caps.usd else NO_CAP,
            output_tokens=NO_CAP,
        )
        self._lent: dict[int, Cost] = {}
        self._answered: dict[int, Grant] = {}
        self._lost: set[int] = set()
        self._left -= earlier
        self._spent = earlier
        self._scarce = False
        self._used_up: str | None = None

    @property
    def spent(self) -> Cost:
        """What purses have told so far, and all that lost workers held: nobody knows better."""
        return sum((self._lent[worker] for worker in self._lost), self._spent)

    def serve(self, worker: int, slip: Slip) -> Grant:
        """Book what a worker tells, and lend it what it asks for, as far as there is."""
        answered = self._answered.get(worker)
        if answered is not None and slip.number <= answered.number:
            return answered
        self._lost.discard(worker)
        lent = self._lent.get(worker, NOTHING) - slip.spent - slip.back
        self._spent += slip.spent
        self._left += slip.back
        overspent = (NOTHING - lent).most(NOTHING)
        self._left -= overspent
        amount = self._portion(slip)
        self._left -= amount
        self._lent[worker] = lent + overspent + amount
        if slip.need is not None and not slip.need.fits(amount):
            self._judge(slip.need)
        grant = self._answered[worker] = Grant(number=slip.number, amount=overspent + amount, scarce=self._scarce)
        return grant

    def _portion(self, slip: Slip) -> Cost:
        """What is lent: all that is asked for, or once that is not there, what is of use to the request that waits."""
        if slip.ask.fits(self._left):
            return slip.ask
        self._scarce = True
        return slip.ask.least(self._left) if slip.need is not None and slip.need.fits(self._left) else NOTHING

    def _judge(self, need: Cost) -> None:
        """Is the budget used up? A request waits that does not fit into what is left and what may still come back."""
        living = (lent for worker, lent in self._lent.items() if worker not in self._lost)
        room = sum(living, self._left)
        if self._used_up is None and not need.fits(room):
            self._used_up = self._describe(need, room)

    def _describe(self, need: Cost, room: Cost) -> str:
        caps, spent = self._caps, self.spent
        if need.requests > room.requests:
            return f"the budget of {caps.requests:,} requests is used up"
        if need.tokens > room.tokens:
            return (
                f"the budget of {caps.tokens:,} tokens is used up: {spent.tokens:,} are spent, "
                f"and the next request may take {need.tokens:,}"
            )
        return (
            f"the budget of ${caps.usd:,.2f} is used up: ${spent.nano_usd / NANO:,.4f} are spent, "
            f"and the next request may take ${need.nano_usd / NANO:,.4f}"
        )

    def book(self, cost: Cost) -> None:
        """Something was spent that nobody had borrowed."""
        self._left -= cost
        self._spent += cost

    def lose(self, worker: int) -> None:
        """A worker is lost: what it holds counts as spent, for it may have been, unless the worker comes back."""
        if worker in self._lent:
            self._lost.add(worker)

    def exhausted(self, since_ns: int) -> str | None:
        """Which cap ends the run, in a sentence, `since_ns` after it began or went on; None while it may go on."""
        if self._caps.minutes and self._earlier_ns + since_ns >= self._caps.minutes * 60 * NS:
            return f"the budget of {self._caps.minutes:g} min is used up"
        return self._used_up
