"""The budget of a run: one ledger keeps it, and grants every load process an allowance ahead. Pure.

Rule: nothing is sent that was not set aside at the most it can cost. At every moment, for each kind of cost,

    cap = left + reserved + spent

where what is reserved lies in allowances, is in flight, or was lost with a worker. So the cap holds whatever message is
late, lost or repeated. Only an answer that costs more than it could (a server that ignores max_tokens, a prompt that
has more tokens than the highest guess) goes over it, by as much as that.

While there is plenty, an allowance stays some seconds ahead of its users, so that they do not wait for messages.
Once the ledger cannot grant all that it is asked for, idle allowances come back and are granted request by request; the
budget is used up when a request does not fit into what is left and what may still come back.
"""

from collections.abc import Hashable

import msgspec

from firsttoken.decoding.duration import NS
from firsttoken.load.budget.cost import NANO, NOTHING, Cost
from firsttoken.scenario.format import Budget

NO_CAP = 2**62
"""A cap that no run reaches, so that a kind without a cap needs no special case."""

AHEAD_S = 4.0
"""So much of the recent pace an allowance asks ahead; it asks when less than half of that is left."""
REPORT_NS = NS
"""An allowance reports at least this often what it spent, and repeats what was not answered."""
POLL_NS = NS // 10
"""An allowance asks this often for what it was refused."""


class TopUpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What an allowance reports to the ledger and asks of it. Repeated, however late, it counts once."""

    number: int
    """From 1, one higher each time."""
    spent: Cost
    """Since the request before this one."""
    back: Cost
    """Returned unspent."""
    ask: Cost
    need: Cost | None
    """Of the first request that waits; None where none does."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to the top-up request of that number."""

    number: int
    amount: Cost
    scarce: bool
    """Whether it is time to return what is not needed now."""


class Allowance:
    """What the users of one load process may spend without asking."""

    def __init__(self) -> None:
        self._free = NOTHING
        """Below nothing where answers cost more than was set aside."""
        self._spent = NOTHING
        """Since the last top-up request."""
        self._waiting: dict[Hashable, Cost] = {}
        """Who waits, in order, and for what."""
        self._pace = Pace()
        self._scarce = False
        self._in_vain = False
        """The last top-up request did not get all that it asked for."""
        self._top_up: TopUpRequest | None = None
        """The top-up request on its way; one at a time."""
        self._number = 0
        self._sent_ns: int | None = None

    def reserve(self, who: Hashable, cost: Cost, now_ns: int) -> bool:
        """Set the cost of an attempt aside. False: it has to wait for a grant or for another's `reconcile`, and try
        again then; until it does, or `forget` is called, the next top-up requests ask for it."""
        if not cost.fits(self._free):
            self._waiting[who] = cost
            return False
        self._waiting.pop(who, None)
        self._free -= cost
        self._pace.record_cost(cost, now_ns)
        return True

    def forget(self, who: Hashable) -> None:
        """A request does not wait any more."""
        self._waiting.pop(who, None)

    def reconcile(self, reserved: Cost, spent: Cost) -> None:
        """An attempt has ended: what it did not cost is free again."""
        self._free += reserved - spent
        self._spent += spent

    def write_top_up(self, now_ns: int) -> TopUpRequest | None:
        """What to send to the ledger now; None where there is nothing to send, or an answer is due first."""
        since_ns = REPORT_NS if self._sent_ns is None else now_ns - self._sent_ns
        if self._top_up is None:
            wish = self._wish(now_ns)
            if since_ns < self._patience_ns(wish):
                return None
            self._top_up = self._write(wish)
        elif since_ns < REPORT_NS:
            return None
        self._sent_ns = now_ns
        return self._top_up

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

    def _write(self, wish: Cost) -> TopUpRequest:
        back = self._idle()
        self._free -= back
        self._number += 1
        wanted = sum(self._waiting.values(), wish)
        ask = (wanted - self._free).most(NOTHING)
        top_up = TopUpRequest(number=self._number, spent=self._spent, back=back, ask=ask, need=self._need)
        self._spent = NOTHING
        return top_up

    def add_grant(self, grant: Grant) -> None:
        """Add a grant; waiting requests may try again. A second answer to the same top-up request is void."""
        if self._top_up is None or self._top_up.number != grant.number:
            return
        self._in_vain = not self._top_up.ask.fits(grant.amount)
        self._top_up = None
        self._free += grant.amount
        self._scarce = grant.scarce


class Pace:
    """What was set aside per second, lately: the higher of the second that runs and the one before."""

    def __init__(self) -> None:
        self._since_ns: int | None = None
        self._running = NOTHING
        self._before = NOTHING

    def record_cost(self, cost: Cost, now_ns: int) -> None:
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


class Ledger:
    """What the run may still spend, and for which worker it is reserved."""

    def __init__(self, caps: Budget, earlier: Cost = NOTHING, earlier_ns: int = 0) -> None:
        """`earlier`: what the run had spent, and how long it had lasted, before it was resumed."""
        self._caps = caps
        self._earlier_ns = earlier_ns
        self._left = Cost(
            requests=caps.requests or NO_CAP,
            tokens=caps.tokens or NO_CAP,
            nano_usd=max(1, int(caps.usd * NANO)) if caps.usd else NO_CAP,
            output_tokens=NO_CAP,
        )
        self._reserved: dict[int, Cost] = {}
        self._answered: dict[int, Grant] = {}
        self._lost: set[int] = set()
        self._left -= earlier
        self._spent = earlier
        self._scarce = False
        self._used_up: str | None = None

    @property
    def spent(self) -> Cost:
        """What allowances have reported so far, and all that lost workers held, as that is not known better."""
        return sum((self._reserved[worker] for worker in self._lost), self._spent)

    def answer_top_up(self, worker: int, top_up: TopUpRequest) -> Grant:
        """Record what a worker reports, and grant it what it asks for, as far as there is."""
        answered = self._answered.get(worker)
        if answered is not None and top_up.number <= answered.number:
            return answered
        self._lost.discard(worker)
        reserved = self._reserved.get(worker, NOTHING) - top_up.spent - top_up.back
        self._spent += top_up.spent
        self._left += top_up.back
        overspent = (NOTHING - reserved).most(NOTHING)
        self._left -= overspent
        amount = self._portion(top_up)
        self._left -= amount
        self._reserved[worker] = reserved + overspent + amount
        if top_up.need is not None and not top_up.need.fits(amount):
            self._check_room(top_up.need)
        grant = self._answered[worker] = Grant(number=top_up.number, amount=overspent + amount, scarce=self._scarce)
        return grant

    def _portion(self, top_up: TopUpRequest) -> Cost:
        """What is granted: all that is asked for or, once that is not there, what the waiting request can use."""
        if top_up.ask.fits(self._left):
            return top_up.ask
        self._scarce = True
        return top_up.ask.least(self._left) if top_up.need is not None and top_up.need.fits(self._left) else NOTHING

    def _check_room(self, need: Cost) -> None:
        """The budget is used up once a waiting request does not fit into what is left and what may still come back."""
        living = (reserved for worker, reserved in self._reserved.items() if worker not in self._lost)
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

    def record_cost(self, cost: Cost) -> None:
        """Record a cost for which nothing was reserved."""
        self._left -= cost
        self._spent += cost

    def lose(self, worker: int) -> None:
        """A worker is lost: what it holds counts as spent, for it may have been, unless the worker comes back."""
        if worker in self._reserved:
            self._lost.add(worker)

    def exhausted(self, since_ns: int) -> str | None:
        """Which cap ends the run, in a sentence, `since_ns` after it began or was resumed; None while it may
        continue."""
        if self._caps.minutes and self._earlier_ns + since_ns >= self._caps.minutes * 60 * NS:
            return f"the budget of {self._caps.minutes:g} min is used up"
        return self._used_up
