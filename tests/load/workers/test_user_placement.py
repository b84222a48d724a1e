"""The users of a run on its workers: as many on each, and none taken from one that stays."""

from pathlib import Path

from tests.load.workers.world import World, stage


def test_every_worker_gets_as_many_users_as_any_has_slots(tmp_path: Path) -> None:
    world = World(tmp_path, local=3)

    world.gather(stage(users=4))

    assert world.carrier.spreads == [6]
    assert [len(worker.users) for worker in world.workers] == [2, 2, 2]


def test_the_users_of_a_worker_that_is_lost_are_started_on_the_others(tmp_path: Path) -> None:
    world = World(tmp_path, local=3)
    clocks = world.begin(stage(users=6))

    world.workers[0].kill()
    world.drive(clocks, at_most_s=0.5)

    assert world.carrier.spreads == [6, 6]
    assert [len(worker.users) for worker in world.workers[1:]] == [3, 3]


def test_a_worker_that_is_lost_between_two_stages_is_not_replaced_before_the_next(tmp_path: Path) -> None:
    world = World(tmp_path, local=2)
    world.run_stage(stage(users=2, measure_s=1, stage=0))

    world.workers[0].kill()
    world.clock.let_pass(1)
    assert world.carrier.spreads == [2]
    world.run_stage(stage(users=2, measure_s=1, stage=1))

    assert world.carrier.spreads == [2, 2]
