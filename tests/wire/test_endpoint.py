"""Where attempts go, and what is refused before anything is sent."""

import pytest

from firsttoken.net.url import EndpointError
from firsttoken.wire.endpoint import parse_endpoint, write_url


@pytest.mark.parametrize(
    ("base_url", "host", "port", "target", "authority"),
    [
        ("https://api.openai.com/v1", "api.openai.com", 443, "/v1/chat/completions", "api.openai.com"),
        ("https://api.openai.com/v1/", "api.openai.com", 443, "/v1/chat/completions", "api.openai.com"),
        ("http://127.0.0.1:8000/v1", "127.0.0.1", 8000, "/v1/chat/completions", "127.0.0.1:8000"),
        ("http://localhost", "localhost", 80, "/chat/completions", "localhost"),
        ("http://[::1]:8000/v1", "::1", 8000, "/v1/chat/completions", "[::1]:8000"),
        ("https://EXAMPLE.com:443/v1", "example.com", 443, "/v1/chat/completions", "example.com"),
        ("https://x.com/v1?api-version=3", "x.com", 443, "/v1/chat/completions?api-version=3", "x.com"),
        ("https://bücher.example/v1", "xn--bcher-kva.example", 443, "/v1/chat/completions", "xn--bcher-kva.example"),
    ],
)
def test_a_base_url_is_taken_apart(base_url, host, port, target, authority):
    endpoint = parse_endpoint(base_url, "chat", None, {})

    assert (endpoint.host, endpoint.port, endpoint.target, endpoint.authority) == (host, port, target, authority)
    assert endpoint.tls is base_url.startswith("https")


@pytest.mark.parametrize(
    ("base_url", "header", "target"),
    [
        (
            "https://n.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
            "api-key",
            "/openai/deployments/d/chat/completions?api-version=2024-10-21",
        ),
        ("https://n.openai.azure.com/openai/v1", "authorization", "/openai/v1/chat/completions"),
        (
            "https://n.openai.azure.com/openai/v1/?api-version=preview",
            "authorization",
            "/openai/v1/chat/completions?api-version=preview",
        ),
        ("https://n.openai.azure.com/openai?api-version=1", "api-key", "/openai/chat/completions?api-version=1"),
        ("https://n.services.ai.azure.com/openai/v1", "authorization", "/openai/v1/chat/completions"),
        ("https://n.openai.azure.us/openai/deployments/d", "api-key", "/openai/deployments/d/chat/completions"),
        ("https://gateway.test/openai/deployments/d", "api-key", "/openai/deployments/d/chat/completions"),
        ("https://azure.com.test/v1", "authorization", "/v1/chat/completions"),
    ],
)
def test_azure_is_asked_where_and_as_it_expects(base_url, header, target):
    endpoint = parse_endpoint(base_url, "chat", "ak-1", {})

    assert dict(endpoint.headers) == {header: "Bearer ak-1" if header == "authorization" else "ak-1"}
    assert endpoint.target == target
    assert "ak-1" in endpoint.secrets


def test_the_way_there_is_the_targets_or_the_environments():
    environ = {"HTTPS_PROXY": "http://me:p%40ss@squid:3128", "NO_PROXY": "near.test"}

    far = parse_endpoint("https://far.test/v1", "chat", "sk-1", {}, environ=environ)
    near = parse_endpoint("https://near.test/v1", "chat", None, {}, environ=environ)
    chosen = parse_endpoint("https://near.test/v1", "chat", None, {}, proxy="http://other:1", environ=environ)

    assert (far.proxy.authority, near.proxy, chosen.proxy.authority) == ("squid:3128", None, "other:1")
    assert {"sk-1", "p@ss", far.proxy.authorization.removeprefix("Basic ")} <= set(far.secrets)
    assert "p@ss" not in repr(far)


def test_each_api_has_its_path():
    assert parse_endpoint("http://h/v1", "responses", None, {}).target == "/v1/responses"


@pytest.mark.parametrize(
    "base_url",
    [
        *(
            "",
            "localhost:8000",
            "ftp://h/v1",
            "http://",
            "http://h:99999",
            "http://h:0",
            "http://h/v1#x",
            "http://[::1",
        ),
        *("http://h/v 1", "http://h/vé", "http://h\n/v1\r", f"http://{'x' * 70}.com"),
    ],
)
def test_a_url_that_cannot_be_reached_is_refused(base_url):
    with pytest.raises(EndpointError, match=r"^base_url: expected a URL such as https://api\.example\.com/v1, got "):
        parse_endpoint(base_url, "chat", None, {})


def test_a_password_in_a_url_is_refused_and_not_repeated():
    with pytest.raises(EndpointError, match="user name or password") as refused:
        parse_endpoint("http://me:hunter2@h/v1", "chat", None, {})

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("key", ["", "sk-1\n", "sk 1", "sk-é"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_repeated(key):
    with pytest.raises(EndpointError, match=r"^key: expected printable characters") as refused:
        parse_endpoint("http://h/v1", "chat", key, {})

    assert not key.strip() or key.strip() not in str(refused.value)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"x y": "1"}, "expected a header name, got 'x y'"),
        ({"": "1"}, "expected a header name, got ''"),
        ({"x": "1\r\nhost: evil"}, "the value of x contains a line end"),
        ({"x": "\u20ac"}, "the value of x contains"),
        ({"Content-Length": "1"}, "Content-Length is set by the connection itself"),
        ({"transfer-encoding": "chunked"}, "transfer-encoding is set by the connection itself"),
        ({"accept-encoding": "gzip, zstd"}, "expected accept-encoding to ask for br, .*, got 'zstd'"),
        ({"Accept-Encoding": "*"}, r"expected accept-encoding to ask for .*, got '\*'"),
    ],
)
def test_a_header_that_would_break_the_request_is_refused(headers, message):
    with pytest.raises(EndpointError, match=f"^headers: {message}"):
        parse_endpoint("http://h/v1", "chat", None, headers)


def test_an_unknown_api_is_refused():
    with pytest.raises(EndpointError, match="api: expected one of chat, completions, responses, got 'legacy'"):
        parse_endpoint("http://h/v1", "legacy", None, {})


def test_no_secret_shows_in_an_endpoints_repr_and_all_are_known():
    headers = {
        "api-key": "ak-2",
        "Cookie": "s=3",
        "Ocp-Apim-Subscription-Key": "oc-4",
        "X-Team": "red",
        "Accept": "a/b",
    }
    endpoint = parse_endpoint("http://h/v1", "chat", "sk-1", headers, public=["x-team"])

    assert not any(secret in repr(endpoint) for secret in ("sk-1", "ak-2", "s=3", "oc-4"))
    assert {"sk-1", "ak-2", "s=3", "oc-4"} <= set(endpoint.secrets)
    assert "a/b" not in endpoint.secrets
    assert "red" not in endpoint.secrets


def test_a_bearer_key_among_the_headers_is_a_secret_with_and_without_its_scheme():
    endpoint = parse_endpoint("http://h/v1", "chat", None, {"Authorization": "Bearer sk-9"})

    assert set(endpoint.secrets) == {"Bearer sk-9", "sk-9"}


@pytest.mark.parametrize(
    ("base_url", "api", "url"),
    [
        ("http://h:8000/v1/", "chat", "http://h:8000/v1/chat/completions"),
        ("https://h/v1", "responses", "https://h/v1/responses"),
        ("https://h/x?api-version=1&key=s3cret", "chat", "https://h/x/chat/completions"),
    ],
)
def test_the_url_that_is_asked_is_written_without_a_query_that_may_hold_a_key(base_url, api, url):
    assert write_url(base_url, api) == url


def test_the_password_of_a_basic_header_is_a_secret_too():
    endpoint = parse_endpoint("http://h/v1", "chat", None, {"Authorization": "Basic bWU6aHVudGVyMg=="})

    assert {"Basic bWU6aHVudGVyMg==", "bWU6aHVudGVyMg==", "hunter2"} <= set(endpoint.secrets)
    assert parse_endpoint("http://h/v1", "chat", None, {"Authorization": "Basic ~"}).secrets == ("Basic ~", "~")
