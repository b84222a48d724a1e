"""The lookout reads whoever is watched, when it is asked to and not before."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from firsttoken.wire.priority_poll import LOOK_NS, Lookout


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with closing(near), closing(far):
        yield near, far


def test_a_look_reads_what_has_come(ends):
    near, far = ends
    lookout, heard = Lookout(), []
    watcher = lookout.watcher(near.fileno())
    watcher.start(lambda: heard.append(near.recv(10)))

    lookout.look()
    assert heard == []
    far.send(b"token")
    lookout.look()
    assert heard == [b"token"]
    watcher.close()


def test_who_is_not_watched_any_more_keeps_his_turn(ends):
    near, far = ends
    lookout, heard = Lookout(), []
    watcher = lookout.watcher(near.fileno())
    watcher.start(lambda: heard.append(near.recv(10)))
    watcher.stop()

    far.send(b"token")
    lookout.look()

    assert heard == []
    watcher.close()


def test_a_look_is_due_a_millisecond_after_the_last_and_never_within_one(ends):
    near, far = ends
    lookout, dues = Lookout(), []
    watcher = lookout.watcher(near.fileno())
    watcher.start(lambda: dues.append(lookout.due_ns))
    far.send(b"token")

    before_ns = lookout.due_ns
    lookout.look()

    assert dues[0] > lookout.due_ns >= before_ns + LOOK_NS
    watcher.close()
