"""The priority poll reads the watched sockets, when it is called and not before."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from firsttoken.wire.priority_poll import POLL_EVERY_NS, PriorityPoll


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with closing(near), closing(far):
        yield near, far


def test_a_look_reads_what_has_come(ends):
    near, far = ends
    priority_poll, heard = PriorityPoll(), []
    watcher = priority_poll.watcher(near.fileno())
    watcher.start(lambda: heard.append(near.recv(10)))

    priority_poll.poll()
    assert heard == []
    far.send(b"token")
    priority_poll.poll()
    assert heard == [b"token"]
    watcher.close()


def test_who_is_not_watched_any_more_keeps_his_turn(ends):
    near, far = ends
    priority_poll, heard = PriorityPoll(), []
    watcher = priority_poll.watcher(near.fileno())
    watcher.start(lambda: heard.append(near.recv(10)))
    watcher.stop()

    far.send(b"token")
    priority_poll.poll()

    assert heard == []
    watcher.close()


def test_a_look_is_due_a_millisecond_after_the_last_and_never_within_one(ends):
    near, far = ends
    priority_poll, dues = PriorityPoll(), []
    watcher = priority_poll.watcher(near.fileno())
    watcher.start(lambda: dues.append(priority_poll.due_ns))
    far.send(b"token")

    before_ns = priority_poll.due_ns
    priority_poll.poll()

    assert dues[0] > priority_poll.due_ns >= before_ns + POLL_EVERY_NS
    watcher.close()
