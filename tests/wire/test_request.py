"""The bytes of a request, to the letter."""

from firsttoken import __version__
from firsttoken.wire.endpoint import parse_endpoint
from firsttoken.wire.request import write_connect, write_head, write_request


def test_a_request_as_it_goes_out():
    endpoint = parse_endpoint("http://127.0.0.1:8000/v1", "chat", "sk-1", {"X-Team": "red"})

    assert write_request(write_head(endpoint, "keep-alive"), b"{}").decode() == (
        "POST /v1/chat/completions HTTP/1.1\r\n"
        "host: 127.0.0.1:8000\r\n"
        f"user-agent: firsttoken/{__version__}\r\n"
        "accept: text/event-stream\r\n"
        "accept-encoding: identity\r\n"
        "connection: keep-alive\r\n"
        "content-type: application/json\r\n"
        "authorization: Bearer sk-1\r\n"
        "x-team: red\r\n"
        "content-length: 2\r\n"
        "\r\n"
        "{}"
    )


def test_a_header_of_the_target_replaces_ours():
    endpoint = parse_endpoint("http://h/v1", "chat", "sk-1", {"Authorization": "Basic x", "User-Agent": "me"})

    head = write_head(endpoint, "close").decode()

    assert head.count("authorization: ") == head.count("user-agent: ") == 1
    assert "authorization: Basic x\r\n" in head
    assert "user-agent: me\r\n" in head


def test_a_proxy_gets_a_request_of_http_whole():
    endpoint = parse_endpoint("http://h:81/v1", "chat", "sk-1", {}, proxy="http://me:pw@squid:3128")

    head = write_head(endpoint, "keep-alive").decode()

    assert head.startswith("POST http://h:81/v1/chat/completions HTTP/1.1\r\nhost: h:81\r\n")
    assert "proxy-authorization: Basic bWU6cHc=\r\n" in head
    assert "authorization: Bearer sk-1\r\n" in head


def test_a_proxy_is_asked_for_a_tunnel_and_told_nothing_else():
    endpoint = parse_endpoint("https://h/v1", "chat", "sk-1", {"X-Team": "red"}, proxy="http://me:pw@squid:3128")

    assert write_connect(endpoint).decode() == (
        "CONNECT h:443 HTTP/1.1\r\n"
        "host: h:443\r\n"
        f"user-agent: firsttoken/{__version__}\r\n"
        "proxy-authorization: Basic bWU6cHc=\r\n"
        "\r\n"
    )
    head = write_head(endpoint, "keep-alive").decode()
    assert head.startswith("POST /v1/chat/completions HTTP/1.1\r\n")
    assert "proxy" not in head


def test_the_length_is_that_of_the_bytes():
    body = "é".encode()

    assert write_request(b"", body).endswith(b"content-length: 2\r\n\r\n" + body)


def test_a_target_may_ask_for_compressed_answers_as_applications_do():
    endpoint = parse_endpoint("http://h/v1", "chat", None, {"Accept-Encoding": "gzip, deflate, br;q=0.5"})

    head = write_head(endpoint, "close").decode()

    assert "accept-encoding: gzip, deflate, br;q=0.5\r\n" in head
    assert "identity" not in head
