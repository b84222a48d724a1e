"""Joining a run: a worker is welcomed, or says in a sentence what was expected where."""

from collections.abc import Callable

import pytest

from firsttoken import __version__
from firsttoken.load.workers import handshake
from firsttoken.load.workers.carrier import OnMessage
from firsttoken.load.workers.handshake import EXCHANGES, EXCHANGES_NEEDED, HandshakeClient, JoinError, reach_master
from firsttoken.load.workers.messages import (
    Ack,
    Ping,
    Pong,
    Refusal,
    Register,
    ToMaster,
    ToWorker,
    Welcome,
    decode_at_master,
    encode,
)
from firsttoken.scenario.format import Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.target import Target
from tests.load.virtual_clock import VirtualClock

MASTER = "10.0.0.5:5557"
AHEAD_NS = 7_000_000_000
"""How far the master's clock is ahead of the worker's."""
WELCOME = Welcome(
    number=3,
    run_id="evening",
    run_key="0123456789abcdef",
    scenario=Scenario(
        name="evening",
        target=[Target(model="m", name="m", prices="unknown")],
        traffic=Traffic(locustfile="chat", input_tokens=10, output_tokens=5),
        load=Load(users=[1]),
    ),
    base_urls={"m": "http://127.0.0.1:1/v1"},
    workers=2,
    trace=None,
)


class ScriptedMaster:
    """A worker's link to a master that answers each message after a while, as `answer` says; None: not at all."""

    def __init__(self, clock: VirtualClock, answer: Callable[[ToMaster], ToWorker | None], delay_s: float = 0.01):
        self.received: list[ToMaster] = []
        self.has_quit = False
        self._clock, self._answer, self._delay_s = clock, answer, delay_s

    def listen(self, on_message: OnMessage) -> None:
        self._on_message = on_message

    def send(self, message: bytes) -> None:
        self._clock.call_later(self._delay_s, lambda: self._arrive(decode_at_master(message)))

    def _arrive(self, message: ToMaster) -> None:
        self.received.append(message)
        if (answer := self._answer(message)) is not None:
            self._clock.call_later(self._delay_s, lambda: self._on_message("master", encode(answer)))

    def quit(self) -> None:
        self.has_quit = True


def client_of(
    answer: Callable[[ToMaster], ToWorker | None], delay_s: float = 0.01
) -> tuple[HandshakeClient, ScriptedMaster, VirtualClock]:
    clock = VirtualClock()
    master = ScriptedMaster(clock, answer, delay_s)
    return HandshakeClient(master, MASTER, clock), master, clock


def answer_time(clock: VirtualClock) -> Callable[[ToMaster], ToWorker | None]:
    """A master that says what the time is, on its own clock."""
    return lambda message: Pong(message.asked_ns, clock.now_ns() + AHEAD_NS) if isinstance(message, Ping) else None


def test_a_worker_says_its_version_and_number_and_is_welcomed() -> None:
    client, master, clock = client_of(lambda message: WELCOME)

    assert clock.finish(client.register, 3) == WELCOME

    [hello] = master.received
    assert isinstance(hello, Register)
    assert (hello.version, hello.number) == (__version__, 3)


def test_a_register_message_that_is_lost_is_sent_again_a_second_later() -> None:
    answers = iter([None, None, WELCOME])
    client, master, clock = client_of(lambda message: next(answers))

    assert clock.finish(client.register, None) == WELCOME
    assert len(master.received) == 3
    assert 2e9 < clock.now_ns() < 2.1e9


def test_a_refusal_is_told_with_the_address_of_the_master() -> None:
    client, _, clock = client_of(lambda message: Refusal("install the same version on both"))

    with pytest.raises(JoinError, match=r"--master 10\.0\.0\.5:5557: install the same version on both"):
        clock.finish(client.register, None)


def test_a_master_that_never_welcomes_is_no_firsttoken() -> None:
    client, master, clock = client_of(lambda message: None)

    with pytest.raises(JoinError, match="expected FirstToken, got an answer of Locust alone"):
        clock.finish(client.register, None)
    assert len(master.received) == handshake.REGISTER_TRIES
    assert clock.now_ns() >= handshake.REGISTER_TRIES * 1e9 * handshake.REGISTER_S


def test_the_clocks_of_both_machines_are_compared_within_the_delay_of_a_message() -> None:
    client, master, clock = client_of(lambda message: None, delay_s=0.02)
    master._answer = answer_time(clock)

    offset = clock.finish(client.measure_offset)

    assert abs(offset.offset_ns - AHEAD_NS) <= offset.error_ns <= 20_000_000
    assert len(master.received) == EXCHANGES


def test_half_of_the_questions_for_the_time_may_be_lost() -> None:
    client, master, clock = client_of(lambda message: None)
    answer = answer_time(clock)
    master._answer = lambda message: answer(message) if len(master.received) > EXCHANGES - EXCHANGES_NEEDED else None

    assert abs(clock.finish(client.measure_offset).offset_ns - AHEAD_NS) <= 10_000_000


def test_a_network_that_loses_more_is_refused() -> None:
    client, master, clock = client_of(lambda message: None)
    answer = answer_time(clock)
    master._answer = lambda message: answer(message) if len(master.received) < EXCHANGES_NEEDED else None

    with pytest.raises(JoinError, match=f"answers to {EXCHANGES} questions for the time, got {EXCHANGES_NEEDED - 1}"):
        clock.finish(client.measure_offset)


def test_a_clock_that_jumps_meanwhile_is_refused() -> None:
    client, master, clock = client_of(lambda message: None)
    jumps_ns = iter(range(0, EXCHANGES * 10**9, 10**9))
    master._answer = lambda message: (
        Pong(message.asked_ns, clock.now_ns() + next(jumps_ns)) if isinstance(message, Ping) else None
    )

    with pytest.raises(JoinError, match=r"--master 10\.0\.0\.5:5557: the master's clock and this worker's"):
        clock.finish(client.measure_offset)


def test_what_is_not_of_the_handshake_goes_to_the_listener() -> None:
    client, master, clock = client_of(lambda message: WELCOME)
    heard: list[ToWorker] = []
    client.listener = heard.append
    clock.finish(client.register, None)

    master._on_message("master", encode(Refusal("late")))
    master._on_message("master", encode(Pong(1, 2)))
    assert heard == []

    master._on_message("master", encode(Ack("0123456789abcdef", 3, 12)))
    assert heard == [Ack("0123456789abcdef", 3, 12)]
    client.quit()
    assert master.has_quit


def refuse_connection(host: str, port: int) -> ScriptedMaster:
    raise ConnectionError


def look_up(host: str, port: int) -> None:
    """As a resolver that knows addresses and no names."""
    if host == "elsewhere":
        raise OSError(-2, "Name or service not known")


@pytest.mark.parametrize(
    ("master", "sentence"),
    [
        ("10.0.0.5:port", r"--master: expected HOST or HOST:PORT.*got '10\.0\.0\.5:port'"),
        ("elsewhere:5557", "--master elsewhere:5557: expected where a master listens, got: Name or service not known"),
        ("127.0.0.1:5557", r"--master 127\.0\.0\.1:5557: expected `firsttoken run SCENARIO --remote N.*no answer"),
    ],
)
def test_a_master_that_cannot_be_reached_is_told_apart(
    master: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake.socket, "getaddrinfo", look_up)

    with pytest.raises(JoinError, match=sentence):
        reach_master(master, refuse_connection, VirtualClock())


def test_the_link_is_opened_to_the_host_and_port_of_the_address() -> None:
    clock = VirtualClock()
    opened: list[tuple[str, int]] = []

    def open_carrier(host: str, port: int) -> ScriptedMaster:
        opened.append((host, port))
        return ScriptedMaster(clock, lambda message: WELCOME)

    client = reach_master("[::1]:4000", open_carrier, clock)

    assert opened == [("::1", 4000)]
    assert clock.finish(client.register, None).run_id == "evening"
