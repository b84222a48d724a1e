"""Which worker drives what: user slots and arrivals, assigned evenly, and reassigned where a worker is lost. Pure.

Rule: at every moment each slot and each arrival to come has exactly one worker, and no two workers differ by more than
one slot. A share is two numbers: of the stage's slots and arrivals it holds every `of`-th, from `place` on; split among
k successors, the j-th holds every (of x k)-th from `place + of x j` on.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from firsttoken.plan.stage import StagePlan


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker drives of one stage."""

    stage: int
    place: int
    of: int
    requests: int = 0
    """How many it may issue; 0: as many as the time allows."""
    generation: int = 0
    """How many workers had lost it before."""
    from_ns: int = 0
    """Since the stage began: arrivals due before then are not its own."""

    def slots(self, users: int) -> range:
        """The slots it holds, of a stage of so many."""
        return range(self.place, users, self.of)


Assignments = dict[int, list[Share]]
"""Worker -> its shares."""


def assign(plans: Sequence[StagePlan], workers: Sequence[int]) -> Assignments:
    """Assign the stages of a group: slot after slot, one worker after the other, and on from stage to stage.

    A stage of fewer slots, or fewer requests, than workers leaves some without a share of it.
    """
    assignments: Assignments = {worker: [] for worker in workers}
    assigned = 0
    for plan in plans:
        places = min(len(workers), plan.users, plan.requests or plan.users)
        for place in range(places):
            worker = workers[(assigned + place) % len(workers)]
            share = Share(stage=plan.stage, place=place, of=places, requests=split(plan.requests, places, place))
            assignments[worker].append(share)
        assigned += plan.users
    return assignments


def reassign(
    assignments: Assignments, lost: int, plans: Sequence[StagePlan], issued: Mapping[int, int], since: Mapping[int, int]
) -> Assignments:
    """The assignments without a lost worker: each of its shares goes to the others, fewest slots first.

    Per stage, `issued` says how many requests the lost one had issued, `since` how long the stage has run, in ns. With
    no worker left the shares are gone.
    """
    users = {plan.stage: plan.users for plan in plans}
    left = dict(issued)
    remaining = {worker: list(shares) for worker, shares in assignments.items() if worker != lost}
    for share in assignments[lost]:
        limited, unspent = share.requests > 0, max(0, share.requests - left.get(share.stage, 0))
        left[share.stage] = max(0, left.get(share.stage, 0) - share.requests)
        parts = min(
            len(remaining), max(1, len(share.slots(users[share.stage]))), unspent if limited else len(remaining)
        )
        successors = sorted(remaining, key=lambda worker: (count_slots(remaining[worker], users), worker))[:parts]
        for place, successor in enumerate(successors):
            part = Share(
                stage=share.stage,
                place=share.place + share.of * place,
                of=share.of * parts,
                requests=split(unspent, parts, place) if limited else 0,
                generation=share.generation + 1,
                from_ns=since[share.stage],
            )
            remaining[successor].append(part)
    return remaining


def count_slots(shares: Iterable[Share], users: Mapping[int, int]) -> int:
    """Slots of a worker's shares; `users` by stage."""
    return sum(len(share.slots(users[share.stage])) for share in shares)


def split(amount: int, parts: int, place: int) -> int:
    """The part at `place` of an amount split evenly into whole parts."""
    return amount // parts + (place < amount % parts)
