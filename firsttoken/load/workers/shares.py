"""Who of several workers drives what: seats and arrivals, dealt like cards, and dealt again where one is lost. Pure.

Rule: at every moment each seat and each arrival to come has exactly one worker, and no two workers differ by more than
one seat. A share is two numbers: of the stage's seats and arrivals it holds every `of`-th, from `place` on; split among
k heirs, the j-th holds every (of x k)-th from `place + of x j` on.
"""

from __future__ import annotations

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

    def seats(self, users: int) -> range:
        """The seats it holds, of a stage of so many."""
        return range(self.place, users, self.of)


Hands = dict[int, list[Share]]
"""Worker -> its shares."""


def deal(plans: Sequence[StagePlan], workers: Sequence[int]) -> Hands:
    """Deal the stages of a group: seat after seat, one worker after the other, and on from stage to stage.

    A stage of fewer seats, or fewer requests, than workers leaves some without a share of it.
    """
    hands: Hands = {worker: [] for worker in workers}
    dealt = 0
    for plan in plans:
        places = min(len(workers), plan.users, plan.requests or plan.users)
        for place in range(places):
            worker = workers[(dealt + place) % len(workers)]
            share = Share(stage=plan.stage, place=place, of=places, requests=split(plan.requests, places, place))
            hands[worker].append(share)
        dealt += plan.users
    return hands


def deal_again(
    hands: Hands, lost: int, plans: Sequence[StagePlan], issued: Mapping[int, int], since: Mapping[int, int]
) -> Hands:
    """The hands without a lost worker: each of its shares goes to the others, fewest seats first.

    Per stage, `issued` says how many requests the lost one had issued, `since` how long the stage has run, in ns. With
    nobody left to take them the shares are gone.
    """
    users = {plan.stage: plan.users for plan in plans}
    left = dict(issued)
    heirs_of = {worker: list(shares) for worker, shares in hands.items() if worker != lost}
    for share in hands[lost]:
        limited, unspent = share.requests > 0, max(0, share.requests - left.get(share.stage, 0))
        left[share.stage] = max(0, left.get(share.stage, 0) - share.requests)
        parts = min(len(heirs_of), max(1, len(share.seats(users[share.stage]))), unspent if limited else len(heirs_of))
        heirs = sorted(heirs_of, key=lambda worker: (count_seats(heirs_of[worker], users), worker))[:parts]
        for place, heir in enumerate(heirs):
            part = Share(
                stage=share.stage,
                place=share.place + share.of * place,
                of=share.of * parts,
                requests=split(unspent, parts, place) if limited else 0,
                generation=share.generation + 1,
                from_ns=since[share.stage],
            )
            heirs_of[heir].append(part)
    return heirs_of


def count_seats(shares: Iterable[Share], users: Mapping[int, int]) -> int:
    """Seats in a hand; `users` by stage."""
    return sum(len(share.seats(users[share.stage])) for share in shares)


def split(amount: int, parts: int, place: int) -> int:
    """The part at `place` of an amount split evenly into whole parts."""
    return amount // parts + (place < amount % parts)
