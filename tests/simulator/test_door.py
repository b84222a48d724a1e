"""Coroutines get slots in the order in which they came, and a cancelled one gives its turn away."""

import asyncio

import pytest

from firsttoken.simulator.behaviour import settle
from firsttoken.simulator.door import Door
from firsttoken.simulator.errors import ApiError
from firsttoken.simulator.service import Service
from tests.served import fast


def open_door(slots: int, queue: int) -> tuple[Door, Service]:
    service = Service("m", settle("m", fast(slots=slots, queue=queue)), 7)
    return Door(service), service


def test_slots_are_passed_on_in_the_order_of_arrival():
    served: list[int] = []

    async def visit(door: Door, service: Service, number: int) -> None:
        async with door.slot(service.deal(10, 1)):
            served.append(number)
            await asyncio.sleep(0)

    async def run() -> None:
        door, service = open_door(slots=2, queue=10)
        await asyncio.gather(*(visit(door, service, number) for number in range(8)))

    asyncio.run(run())
    assert served == list(range(8))


def test_who_finds_the_queue_full_is_refused_and_the_others_are_not_disturbed():
    async def run() -> None:
        door, service = open_door(slots=1, queue=0)
        async with door.slot(service.deal(10, 1)):
            with pytest.raises(ApiError, match="Rate limit reached"):
                async with door.slot(service.deal(10, 1)):
                    pass
        async with door.slot(service.deal(10, 1)):
            pass

    asyncio.run(run())


@pytest.mark.parametrize("moment", ["while it waits", "as its turn comes"])
def test_one_that_is_cancelled_gives_its_turn_to_the_next(moment):
    served: list[str] = []

    async def visit(door: Door, service: Service, name: str) -> None:
        async with door.slot(service.deal(10, 1)):
            served.append(name)

    async def run() -> None:
        door, service = open_door(slots=1, queue=2)
        async with door.slot(service.deal(10, 1)):
            gone, next_one = (asyncio.create_task(visit(door, service, name)) for name in ("gone", "next"))
            await asyncio.sleep(0)
            if moment == "while it waits":
                gone.cancel()
        if moment == "as its turn comes":
            gone.cancel()
        await asyncio.wait_for(next_one, timeout=5)

    asyncio.run(run())
    assert served == ["next"]
