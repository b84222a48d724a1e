"""The users of a process: who is ready, who has left, and which number the next one takes."""

from firsttoken.load.session.living_users import LivingUsers


def ready(names: str) -> LivingUsers:
    users = LivingUsers()
    for name in names:
        users.start_user(name)
        users.add_user(name)
    return users


def numbers(users: LivingUsers, names: str) -> dict[str, int | None]:
    return {name: users.find_number(name) for name in names}


def test_a_user_counts_once_its_on_start_is_through() -> None:
    users = LivingUsers()
    users.start_user("ann")
    assert (users.ready, users.starting, users.find_number("ann")) == (0, 1, None)

    users.add_user("ann")
    users.add_user("ann")

    assert (users.ready, users.starting, users.find_number("ann")) == (1, 0, 0)


def test_a_user_that_sends_from_its_on_start_is_ready_and_a_stranger_is_not() -> None:
    users = LivingUsers()
    users.start_user("ann")

    users.add_starting_user("ann")
    users.add_starting_user("bob")

    assert (users.ready, users.find_number("bob")) == (1, None)


def test_the_next_user_takes_the_number_of_one_who_has_left() -> None:
    users = ready("abc")

    users.remove_user("b")
    users.add_user("d")
    users.add_user("e")

    assert numbers(users, "abcde") == {"a": 0, "b": None, "c": 2, "d": 1, "e": 3}
    assert (users.starting, users.left) == (0, 1)


def test_a_user_that_leaves_in_its_on_start_was_never_ready() -> None:
    users = LivingUsers()
    users.start_user("ann")

    users.remove_user("ann")

    assert (users.starting, users.ready, users.left) == (0, 0, 0)


def test_missing_are_the_numbers_that_no_living_user_has() -> None:
    users = ready("abc")
    assert users.find_missing(3) == []

    users.remove_user("b")

    assert users.find_missing(5) == [1, 3, 4]


def test_numbers_have_no_gap_once_a_stage_begins() -> None:
    users = ready("abc")
    users.remove_user("a")

    users.renumber_users()

    assert numbers(users, "bc") == {"b": 0, "c": 1}
    assert users.find_missing(2) == []


def test_locust_is_asked_for_users_and_asked_again() -> None:
    users = LivingUsers()

    users.request_users(5)
    users.request_again()

    assert (users.wanted, users.requested_again) == (5, 1)
