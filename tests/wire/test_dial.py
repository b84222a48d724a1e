"""From an endpoint to an open socket, or to a sentence that says why not."""

import contextlib
import errno
import gc
import resource
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator

import pytest

from firsttoken.wire import dial
from firsttoken.wire.dial import Dialer
from firsttoken.wire.endpoint import parse_endpoint
from firsttoken.wire.outcome import DialError
from tests.wire.forward import forward
from tests.wire.scripted import CERTS, Line, scripted


@pytest.fixture
def dialer() -> Iterator[Callable[[str], Dialer]]:
    """Makes dialers, and closes them after the test."""
    with contextlib.ExitStack() as made:

        def make(base_url: str) -> Dialer:
            return made.enter_context(contextlib.closing(Dialer(parse_endpoint(base_url, "chat", None, {}))))

        yield make


@contextlib.contextmanager
def full_listener() -> Iterator[int]:
    """The port of a listener whose queue is full, so that it answers no one."""
    with socket.socket() as listener, contextlib.ExitStack() as guests:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            guest = guests.enter_context(socket.socket())
            guest.setblocking(False)
            guest.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_socket_comes_back_connected_and_ready_for_our_reads(dialer):
    with scripted(Line.wait_for_end) as server:
        sock, tunnel = dialer(server.base_url).dial(5)[:2]
        with sock:
            assert tunnel is None
            assert sock.getpeername() == ("127.0.0.1", server.port)
            assert not sock.getblocking()
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert type(sock).recvmsg_into is socket.socket.recvmsg_into


def test_nobody_listening(dialer):
    port = free_port()

    with pytest.raises(DialError, match=f"no connection to 127.0.0.1:{port}: Connection refused"):
        dialer(f"http://127.0.0.1:{port}/v1").dial(5)


def test_nobody_answering(dialer):
    with full_listener() as port, pytest.raises(DialError, match=f"no connection to 127.0.0.1:{port}"):
        dialer(f"http://127.0.0.1:{port}/v1").dial(0.2)


def test_a_name_that_nobody_knows(dialer, monkeypatch):
    def unknown(*_args, **_more):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(dial, "getaddrinfo", unknown)

    with pytest.raises(DialError, match=r"the name nowhere\.invalid was not resolved: Name or service not known"):
        dialer("http://nowhere.invalid/v1").dial(5)


def test_an_address_of_this_machine_alone_is_found_where_no_family_has_a_way_out(monkeypatch):
    def resolve(*_args, flags: int, **_more):
        if flags & socket.AI_ADDRCONFIG:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET6, 0, 0, "", ("::1", 80, 0, 0))]

    monkeypatch.setattr(dial, "getaddrinfo", resolve)

    assert dial.look_up("localhost", 80) == [(socket.AF_INET6, ("::1", 80, 0, 0))]


@pytest.fixture
def resolved(monkeypatch) -> Callable[..., list[int]]:
    """Has every name resolve to these ports of loopback; every resolution is noted in the list."""

    def resolve_to(*ports: int) -> list[int]:
        asked: list[int] = []

        def resolve(*_args, **_more):
            asked.append(1)
            return [(socket.AF_INET, 0, 0, "", ("127.0.0.1", port)) for port in ports]

        monkeypatch.setattr(dial, "getaddrinfo", resolve)
        return asked

    return resolve_to


def test_the_addresses_of_a_name_take_turns(dialer, resolved):
    with scripted(Line.wait_for_end) as one, scripted(Line.wait_for_end) as other:
        asked = resolved(one.port, other.port)
        two = dialer("http://some.name/v1")
        reached = []
        for _ in range(6):
            dialed = two.dial(5)
            with dialed.sock:
                reached.append(dialed.sock.getpeername()[1])
                assert dialed.address[1] == dialed.sock.getpeername()

    assert sorted(reached) == sorted(3 * [one.port, other.port])
    assert reached[:2] == reached[2:4]
    assert len(asked) == 1


def test_an_address_that_is_silent_or_refuses_gives_way_to_the_next_and_is_passed_over_from_then_on(dialer, resolved):
    with scripted(Line.wait_for_end) as server, full_listener() as silent:
        asked = resolved(free_port(), silent, server.port)
        one = dialer("http://some.name/v1")
        dialed = [one.dial(patience_s) for patience_s in (0.6, 0.6, 0.6, 0.05, 0.05, 0.05)]
        for each in dialed:
            with each.sock:
                assert each.sock.getpeername()[1] == server.port

    assert sum(each.passed_over for each in dialed) == 2
    assert len(asked) == 1


def test_addresses_that_all_fail_are_each_named_with_their_reason(dialer, resolved):
    with full_listener() as silent:
        refusing = free_port()
        resolved(refusing, silent)

        with pytest.raises(DialError, match=r"no connection to some\.name: ") as failed:
            dialer("http://some.name/v1").dial(0.2)

    assert f"127.0.0.1:{refusing} Connection refused" in str(failed.value)
    assert f"127.0.0.1:{silent} no answer" in str(failed.value)


def test_addresses_that_all_fail_are_asked_for_anew(dialer, resolved):
    asked = resolved(free_port())
    one = dialer("http://some.name/v1")

    for _ in range(2):
        with pytest.raises(DialError):
            one.dial(5)

    assert len(asked) == 2


def test_a_literal_ipv6_address_is_dialled(dialer):
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        sock, *_ = dialer(f"http://[::1]:{listener.getsockname()[1]}/v1").dial(5)
        with sock:
            assert sock.family == socket.AF_INET6


def test_no_descriptor_left_is_this_machines_own_fault(dialer):
    with scripted(Line.wait_for_end) as server:
        one = dialer(server.base_url)
        one.dial(5)[0].close()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            with pytest.raises(OSError, match="Too many open files") as refused:
                one.dial(5)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert refused.value.errno == errno.EMFILE


# -- a proxy in between -----------------------------------------------------------------------------------------------


def dial_through(proxy: str, base_url: str = "https://model.test/v1", patience_s: float = 5) -> None:
    """Dial through a proxy, and close what came of it."""
    endpoint = parse_endpoint(base_url, "chat", None, {}, proxy=proxy, ca_file=str(CERTS / "ca.pem"))
    with contextlib.closing(Dialer(endpoint)) as dialer:
        sock = dialer.dial(patience_s).sock
        sock.close()


def test_a_tunnel_through_a_proxy_ends_at_the_server_and_its_certificate():
    with scripted(Line.wait_for_end, certificate="localhost") as server, forward() as proxy:
        dial_through(proxy.url(), server.base_url)

    assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1")


def test_a_server_behind_a_proxy_shows_its_own_name():
    with (
        scripted(Line.wait_for_end, certificate="localhost") as server,
        forward() as proxy,
        pytest.raises(ssl.SSLCertVerificationError, match=r"model\.test"),
    ):
        dial_through(proxy.url(), f"https://model.test:{server.port}/v1")


@pytest.mark.parametrize(
    ("said", "got"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 Proxy Authentication Required"),
        (b"HTTP/1.0 502\r\ncontent-length: 3\r\n\r\nBad", "502"),
        (b"HTTP/1.1 200 OK\r\n\r\nHello", "bytes before the server could have sent any"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "no HTTP/1.1"),
        (b"HTTP/1.1 200", "a lost connection: the connection was closed"),
    ],
)
def test_a_proxy_that_gives_no_tunnel_is_quoted(said, got):
    with forward(said) as proxy, pytest.raises(DialError) as refused:
        dial_through(proxy.url())

    assert str(refused.value) == f"expected the proxy {proxy.authority} to connect to model.test:443, got {got}"


def test_a_proxy_that_is_silent_runs_into_the_deadline():
    with (
        full_listener() as port,
        pytest.raises(DialError, match=f"by way of the proxy 127.0.0.1:{port} within|no conn"),
    ):
        dial_through(f"http://127.0.0.1:{port}", patience_s=0.2)
    with scripted(Line.wait_for_end) as mute, pytest.raises(DialError, match=r"model\.test by way of .* within 0\.2 s"):
        dial_through(f"http://127.0.0.1:{mute.port}", patience_s=0.2)


# -- TLS --------------------------------------------------------------------------------------------------------------


def hang_up(line: Line) -> None:
    line.sock.recv(1)


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the authority of the test certificates, and no other."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTS / "ca.pem"))


@pytest.mark.usefixtures("trusted")
def test_a_tunnel_to_a_server_with_a_good_certificate(dialer):
    with scripted(Line.wait_for_end, certificate="localhost") as server:
        sock, tunnel = dialer(server.base_url).dial(5)[:2]

    with sock:
        assert tunnel is not None


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_refused(dialer):
    with (
        scripted(Line.wait_for_end, certificate="elsewhere.invalid") as server,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        dialer(server.base_url).dial(5)


def test_certificates_of_ones_own_stand_in_for_the_systems():
    with scripted(Line.wait_for_end, certificate="localhost") as server:
        endpoint = parse_endpoint(server.base_url, "chat", None, {}, ca_file=str(CERTS / "ca.pem"))
        with contextlib.closing(Dialer(endpoint)) as dialer:
            dialed = dialer.dial(5)
            dialed.sock.close()

    assert dialed.tunnel is not None


def test_a_certificate_nobody_vouches_for_is_refused(dialer):
    with scripted(Line.wait_for_end, certificate="localhost") as server, pytest.raises(ssl.SSLCertVerificationError):
        dialer(server.base_url).dial(5)


def test_a_server_that_breaks_off_the_handshake(dialer):
    with scripted(hang_up) as server, pytest.raises(ssl.SSLError, match=r"ended the handshake: .* http://"):
        dialer(server.base_url.replace("http:", "https:")).dial(5)


def test_a_plain_server_that_lets_the_handshake_hang_is_told_from_one_that_takes_no_connection(dialer):
    with (
        scripted(Line.wait_for_end) as server,
        pytest.raises(DialError, match=r"^the TLS handshake with .* timed out: .* within 0\.2 s; .* http://"),
    ):
        dialer(server.base_url.replace("http:", "https:")).dial(0.2)


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"H", b"<html>", b"-ERR unknown command\r\n"])
def test_a_plain_server_that_answers_the_handshake_in_plain_text_is_named_as_one(dialer, said):
    def speak(line: Line) -> None:
        line.sock.recv(1)
        line.say(said)
        line.wait_for_end()

    with scripted(speak) as server, pytest.raises(ssl.SSLError, match=r"got plain text; .* base_url with http://"):
        dialer(server.base_url.replace("http:", "https:")).dial(5)


def test_the_port_that_hangs_in_the_handshake_leaves_no_socket_open(dialer):
    with scripted(Line.wait_for_end) as server, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        with pytest.raises(DialError):
            dialer(server.base_url.replace("http:", "https:")).dial(0.05)
        gc.collect()

    assert not warned
