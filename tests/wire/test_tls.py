"""TLS in memory: both ends here, no socket between them, so that every cut is ours."""

import contextlib
import ssl

import pytest

from firsttoken.wire.tls import Tunnel, is_record
from tests.wire.scripted import CERTS


class Peer:
    """The server's end."""

    def __init__(self, certificate: str = "localhost") -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTS / f"{certificate}.pem")
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def shake_hands(self, ciphertext: bytes) -> bytes:
        self.incoming.write(ciphertext)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()

    def say(self, text: bytes) -> bytes:
        self.tls.write(text)
        return self.outgoing.read()

    def hear(self, ciphertext: bytes) -> bytes:
        self.incoming.write(ciphertext)
        heard = b""
        while self.incoming.pending or self.tls.pending():
            heard += self.tls.read(65536)
        return heard


def open_tunnel(peer: Peer, host: str = "localhost") -> Tunnel:
    """Shake hands to the end."""
    tunnel = Tunnel(ssl.create_default_context(cafile=CERTS / "ca.pem"), host)
    while not tunnel.shake_hands():
        tunnel.accept(peer.shake_hands(tunnel.take_outgoing()))
    tunnel.accept(peer.shake_hands(tunnel.take_outgoing()))
    return tunnel


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_what_goes_in_comes_out_at_the_other_end(host):
    peer = Peer()
    tunnel = open_tunnel(peer, host)
    request = b"x" * 1_000_000

    assert peer.hear(tunnel.encrypt(request)) == request
    assert tunnel.decrypt(peer.say(b"hello")) == b"hello"


def test_a_record_is_decrypted_once_it_is_whole_wherever_it_was_cut():
    peer = Peer()
    tunnel = open_tunnel(peer)

    for at in range(1, 60):
        record = peer.say(b"some forty bytes of text, so that it is longer")
        assert len(record) > 60
        assert tunnel.decrypt(record[:at]) == b""
        assert not tunnel.whole
        assert tunnel.decrypt(record[at:]) == b"some forty bytes of text, so that it is longer"
        assert tunnel.whole


def test_a_whole_record_with_the_beginning_of_the_next_is_told_from_one_alone():
    peer = Peer()
    tunnel = open_tunnel(peer)
    one, two = peer.say(b"one"), peer.say(b"two")

    assert tunnel.decrypt(one + two[:1]) == b"one"
    assert not tunnel.whole
    assert tunnel.decrypt(two[1:]) == b"two"
    assert tunnel.whole


def test_text_before_a_broken_record_is_heard_before_the_break_is_told():
    peer = Peer()
    tunnel = open_tunnel(peer)
    good, spoiled = peer.say(b"the end of the answer"), bytearray(peer.say(b"more"))
    spoiled[-1] ^= 1

    assert tunnel.failure is None
    assert tunnel.decrypt(good + bytes(spoiled)) == b"the end of the answer"
    assert isinstance(tunnel.failure, ssl.SSLError)


def test_a_certificate_of_another_name_is_refused():
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        open_tunnel(Peer("elsewhere.invalid"))


def test_a_certificate_nobody_vouches_for_is_refused():
    tunnel = Tunnel(ssl.create_default_context(), "localhost")
    peer = Peer()

    with pytest.raises(ssl.SSLCertVerificationError):
        while not tunnel.shake_hands():
            tunnel.accept(peer.shake_hands(tunnel.take_outgoing()))


def test_a_peer_that_speaks_no_tls_is_refused():
    tunnel = Tunnel(ssl.create_default_context(), "localhost")

    tunnel.shake_hands()
    tunnel.accept(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with pytest.raises(ssl.SSLError):
        tunnel.shake_hands()


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00", b"\x15\x03\x03", b"\x16", b"\x17\x03\x03\x00\x10abc"])
def test_bytes_that_begin_as_a_record_does_are_told_from_text(data):
    assert is_record(data)


@pytest.mark.parametrize("data", [b"", b"H", b"HTTP/1.1 200 OK", b"\x16\x09", b"<html>", b"\r\n"])
def test_text_is_no_record(data):
    assert not is_record(data)
