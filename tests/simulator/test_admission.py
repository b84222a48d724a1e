"""Coroutines get slots in the order in which they came, and a cancelled one gives its turn away."""

import asyncio

import pytest

from firsttoken.catalogue import Freeze
from firsttoken.simulator.admission import Admission
from firsttoken.simulator.behaviour import settle
from firsttoken.simulator.errors import ApiError
from firsttoken.simulator.service import Service
from tests.served import fast


def open_admission(slots: int, queue: int, freeze: Freeze | None = None) -> tuple[Admission, Service]:
    service = Service("m", settle("m", fast(slots=slots, queue=queue, freeze=freeze)), 7)
    return Admission(service), service


def test_slots_are_passed_on_in_the_order_of_arrival():
    served: list[int] = []

    async def visit(admission: Admission, service: Service, number: int) -> None:
        async with admission.slot(service.deal(10, 1)):
            served.append(number)
            await asyncio.sleep(0)

    async def run() -> None:
        admission, service = open_admission(slots=2, queue=10)
        await asyncio.gather(*(visit(admission, service, number) for number in range(8)))

    asyncio.run(run())
    assert served == list(range(8))


def test_who_finds_the_queue_full_is_refused_and_the_others_are_not_disturbed():
    async def run() -> None:
        admission, service = open_admission(slots=1, queue=0)
        async with admission.slot(service.deal(10, 1)):
            with pytest.raises(ApiError, match="Rate limit reached"):
                async with admission.slot(service.deal(10, 1)):
                    pass
        async with admission.slot(service.deal(10, 1)):
            pass

    asyncio.run(run())


@pytest.mark.parametrize("moment", ["while it waits", "as its turn comes"])
def test_one_that_is_cancelled_gives_its_turn_to_the_next(moment):
    served: list[str] = []

    async def visit(admission: Admission, service: Service, name: str) -> None:
        async with admission.slot(service.deal(10, 1)):
            served.append(name)

    async def run() -> None:
        admission, service = open_admission(slots=1, queue=2)
        async with admission.slot(service.deal(10, 1)):
            gone, next_one = (asyncio.create_task(visit(admission, service, name)) for name in ("gone", "next"))
            await asyncio.sleep(0)
            if moment == "while it waits":
                gone.cancel()
        if moment == "as its turn comes":
            gone.cancel()
        await asyncio.wait_for(next_one, timeout=5)

    asyncio.run(run())
    assert served == ["next"]


def test_a_frozen_model_admits_no_request_and_afterwards_all_in_the_order_in_which_they_came():
    """Until the model goes on nobody enters, and a slot given back stays empty; then the queue is served first."""
    told: list[str] = []

    async def visit(admission: Admission, service: Service, name: str, stays_s: float = 0.0) -> None:
        job = service.deal(10, 1)
        async with admission.slot(job):
            told.append(name)
            await asyncio.sleep(stays_s)

    async def run() -> None:
        admission, service = open_admission(slots=1, queue=5, freeze=Freeze(at="0.1s", lasts="0.4s"))
        visits = [asyncio.create_task(visit(admission, service, name, 0.2)) for name in ("serving", "waiting")]
        await asyncio.sleep(0.3)
        visits += [asyncio.create_task(visit(admission, service, f"outside {number}")) for number in range(3)]
        await asyncio.sleep(0.1)
        told.append("still frozen")
        await asyncio.gather(*visits)

    asyncio.run(run())
    assert told == ["serving", "still frozen", "waiting", "outside 0", "outside 1", "outside 2"]


def test_who_gives_up_its_place_in_a_freeze_frees_it_when_the_model_goes_on():
    served: list[str] = []

    async def visit(admission: Admission, service: Service, name: str) -> None:
        async with admission.slot(service.deal(10, 1)):
            served.append(name)
            await asyncio.sleep(0.1)

    async def run() -> None:
        admission, service = open_admission(slots=1, queue=5, freeze=Freeze(at="0.05s", lasts="0.2s"))
        serving, gone, last = (
            asyncio.create_task(visit(admission, service, name)) for name in ("serving", "gone", "last")
        )
        await asyncio.sleep(0.1)
        serving.cancel()
        gone.cancel()
        await last

    asyncio.run(run())
    assert served == ["serving", "last"]
