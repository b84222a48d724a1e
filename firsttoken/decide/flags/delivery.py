"""Whether the load that was asked for was brought: users at work in a closed loop, arrivals on time in an open one.

    at work   a living user who does not wait for the run's own budget: inside a request, attempts and back-off
              together, in the pause after it, or in code of its own. The load process counts how long slots had none.

Rule: a pause that the scenario or the behaviour makes is not idleness, and an arrival that was dropped, handed out late
or never handed out at all is not delivered. What waited for the run's own budget or share of a quota was held back: its
user was idle, and no clock was late.
"""

import numpy as np

from firsttoken.decide.flags.flag import Evidence, Quantity, Rule, Sentence, WindowFacts, join, say, show
from firsttoken.decide.flags.missing_rows import find_set_aside
from firsttoken.decide.flags.quota import tell_share
from firsttoken.decide.measure.attempts import Bools, Floats
from firsttoken.decide.measure.delivered import (
    begun_ns,
    count_at_work,
    count_due,
    find_next,
    is_held_back,
    is_scheduled,
    lateness_ms,
    order_by_user,
)
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.metrics.table import key_of
from firsttoken.stats.estimate import Estimate

WITHIN = 0.02
"""So much of the load that was asked for may lack."""
LATE_MS = 10.0
"""A request of a schedule that is begun later than this is late by our own doing: 1 % of a second."""
LATE_SHARE = 0.01
PAUSE_MS = 10.0
"""Where half of all pauses are longer than the scenario's think time by more than this, the behaviour makes its own."""


def find_undelivered(facts: WindowFacts) -> Evidence | None:
    """What shows that less, or other load was brought than was asked for, and what the run itself had to do with it.

    Where what was brought missed the SLO already, what is missing could not have met it, and the answer stands.
    """
    data, share = facts.data, facts.workload.quota_share
    missing = None if find_set_aside(data) else find_missing_load(data, facts.workload.think_s)
    if missing is None:
        return None
    reported = join([missing, tell_share(data, share)]) or missing
    if not fails_anyway(facts.results[key_of(data, "attainment")], data, data.slo.share):
        return reported
    stands = say("The SLO was missed even so; the answer stays.")
    return reported._replace(sentences=(*reported.sentences, stands), stands=True)


def find_missing_load(data: WindowData, think_s: float) -> Evidence | None:
    """What shows that less, or in a level closed loop more, was brought than was asked for; else None."""
    return _find_missing_arrivals(data) if data.by_rate else _find_missing_users(data, think_s)


def _find_missing_users(data: WindowData, think_s: float) -> Evidence | None:
    """What shows that users were idle, or too many.

    Of a falling load only a lack is reported, because a user who is stopped first finishes its request.
    """
    [stage] = data.stages
    wanted = stage.mean_level if stage.shape else float(data.users)
    if wanted is None:
        return None
    if stage.idle_measured_ns is None or stage.workers_lost:
        present, doing = _estimate_present(data, think_s)
    else:
        present, doing = _count_present(data, wanted, stage.idle_measured_ns), "at work"
    if present >= wanted * (1 - WITHIN) and (stage.shape or present <= wanted * (1 + WITHIN)):
        return None
    return show(
        "{present} users were {doing} on average; the target was {wanted}{held_back}.", present, wanted, "users",
        present=Quantity(present, "number"), doing=doing, wanted=Quantity(wanted, "count"),
        held_back=_tell_held_back(data, is_held_back(data)),
    )  # fmt: skip


def _count_present(data: WindowData, wanted: float, idle_ns: int) -> float:
    """The mean number of users at work, as the load process counted those who were not; where more asked, their
    number."""
    asked = float(len(np.unique(data.attempts.user[data.requests.first][data.measured])))
    return asked if asked > wanted else wanted - idle_ns / 1e9 / data.seconds


def _estimate_present(data: WindowData, think_s: float) -> tuple[float, str]:
    """The mean number of users at work by the rows alone, and what they did: for runs that did not count them, or
    in which a load process was lost that counted some.

    A user is at work in a request and, for as long as most pauses last, after it.
    """
    held_back = is_held_back(data)
    pauses_s = np.where(_is_next(data, held_back), np.nan, _find_pauses(data))
    own = _is_own_pace(pauses_s, think_s)
    present = count_at_work(data, np.where(np.isnan(pauses_s), np.nanmedian(pauses_s), pauses_s) if own else think_s)
    return present, "busy or thinking" if think_s or own else "busy with a request"


def _tell_held_back(data: WindowData, held_back: Bools) -> Sentence:
    """How many measured requests the run itself let wait, as a clause; empty where none."""
    waited = int((held_back & data.measured).sum())
    clause = "; {waited} requests waited for the run's own [budget] (its caps, or quota_share)"
    return say(clause, waited=waited) if waited else say("")


def _is_next(data: WindowData, chosen: Bools) -> Bools:
    """Requests whose user's next one is among the chosen."""
    order = order_by_user(data)
    found = np.zeros(len(order), dtype=np.bool_)
    found[order[:-1]] = chosen[order][1:]
    return found


def _find_pauses(data: WindowData) -> Floats:
    """How long each request's user waited before it asked again, in seconds; nan after the last that a user made."""
    return (find_next(data) - data.requests.end_ns) / 1e9


def _is_own_pace(pauses_s: Floats, think_s: float) -> bool:
    known = pauses_s[~np.isnan(pauses_s)]
    return len(known) > 0 and float(np.median(known)) > think_s + PAUSE_MS / 1000


def _find_missing_arrivals(data: WindowData) -> Evidence | None:
    due, dropped = count_due(data), sum(stage.dropped_measured for stage in data.stages)
    held_back = is_held_back(data)
    late = held_back & (begun_ns(data) > data.requests.intended_ns + LATE_MS * 1e6)
    begun = int((is_scheduled(data) & _is_in_time(data) & ~late).sum())
    if begun >= (1 - WITHIN) * due:
        return None
    held = _tell_held_back(data, held_back)
    return show(
        "{begun} of the {due} requests due in the window started {when}{full}{held_back}.",
        begun, due, "count", begun=begun, due=due, when="when they were due" if held.template else "in it",
        full=f"; {dropped:,} were dropped (load.max_in_flight)" if dropped else "", held_back=held,
    )  # fmt: skip


def _is_in_time(data: WindowData) -> Bools:
    """Requests begun before their window closed, or at once though it did; one that could not connect was begun too."""
    closes = np.array([end for _, end in data.windows], dtype=np.float64)
    place = np.searchsorted(closes, data.requests.intended_ns, side="right").clip(0, len(closes) - 1)
    begun = begun_ns(data)
    at_once = begun <= data.requests.intended_ns + LATE_MS * 1e6
    return np.asarray(at_once | ~(begun >= closes[place]), dtype=np.bool_)


def find_own_lateness(data: WindowData) -> Evidence | None:
    """What shows that the load process itself was late for its schedule; else None.

    Where places ran out lateness says nothing of it.
    """
    if not data.by_rate or any(stage.dropped_measured for stage in data.stages):
        return None
    late = lateness_ms(data)
    past = int((late > LATE_MS).sum())
    if past <= max(1.0, LATE_SHARE * len(late)):
        return None
    return show(
        f"{{past}} of {{arrivals}} requests started more than {LATE_MS:g} ms after the schedule; the bound is 1 %.",
        past / len(late), LATE_SHARE, "share", past=past, arrivals=len(late),
    )  # fmt: skip


def fails_anyway(attainment: Estimate, data: WindowData, share: float) -> bool:
    """Whether the SLO were missed even if every arrival that is missing had met it: more load would not change that."""
    missing = count_due(data) - int(is_scheduled(data).sum())
    if not data.by_rate or attainment.hi is None:
        return False
    return (attainment.hi * attainment.n + missing) / (attainment.n + missing) < share


RULES = {
    "NOT_DELIVERED": Rule(
        "the number of active users, or of started arrivals, was off by more than 2 %",
        "both",
        find_undelivered,
        "a run that delivers the planned load",
        shown="terminal",
    )
}
