"""Which proxy stands on the way, and which hosts are reached without one."""

import pytest

from firsttoken.net.proxy import Proxy, find_proxy, is_exempt, parse_proxy
from firsttoken.net.url import EndpointError

SQUID = "http://squid.corp:3128"


def way(environ=None, *, scheme="https", host="api.example.com", chosen=""):
    """The authority of the proxy to a server, None for the direct way."""
    proxy = find_proxy(f"{scheme}://[{host}]" if ":" in host else f"{scheme}://{host}/v1", chosen, environ or {})
    return proxy and proxy.authority


def test_without_a_word_the_way_is_direct():
    assert way() is None


@pytest.mark.parametrize(
    ("scheme", "variable", "used"),
    [
        ("https", "HTTPS_PROXY", True),
        ("https", "https_proxy", True),
        ("https", "ALL_PROXY", True),
        ("https", "HTTP_PROXY", False),
        ("http", "HTTP_PROXY", True),
        ("http", "http_proxy", True),
        ("http", "all_proxy", True),
        ("http", "HTTPS_PROXY", False),
    ],
)
def test_each_scheme_has_its_variables(scheme, variable, used):
    assert way({variable: SQUID}, scheme=scheme) == ("squid.corp:3128" if used else None)


def test_the_lower_case_variable_goes_first_and_an_empty_one_is_none():
    assert way({"https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:2"}) == "a:1"
    assert way({"https_proxy": "", "HTTPS_PROXY": "http://b:2"}) == "b:2"


@pytest.mark.parametrize("host", ["localhost", "model.localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_this_machine_is_never_looked_for_behind_a_proxy_of_the_environment(host):
    assert way({"ALL_PROXY": SQUID}, host=host) is None


def test_a_targets_own_word_goes_before_the_environment_even_on_loopback():
    environ = {"HTTPS_PROXY": "http://other:1", "NO_PROXY": "*"}

    assert way(environ, host="127.0.0.1", chosen=SQUID) == "squid.corp:3128"
    assert way({"HTTPS_PROXY": SQUID}, chosen="none") is None


@pytest.mark.parametrize(
    ("entries", "host", "exempt"),
    [
        ("*", "api.example.com", True),
        ("example.com", "example.com", True),
        ("example.com", "api.example.com", True),
        ("EXAMPLE.com", "Api.Example.Com", True),
        (".example.com", "api.example.com", True),
        ("*.example.com", "api.example.com", True),
        ("example.com", "notexample.com", False),
        ("api.example.com", "example.com", False),
        ("a.test, example.com", "example.com", True),
        ("a.test b.test", "b.test", True),
        ("", "example.com", False),
        (",,", "example.com", False),
        (".", "example.com", False),
        ("example.com:443", "example.com", True),
        ("example.com:8443", "example.com", False),
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.1:443", "10.0.0.1", True),
        ("10.0.0.1:80", "10.0.0.1", False),
        ("10.0.0.0/8", "ten.example.com", False),
        ("fd00::/8", "fd00::1", True),
        ("[fd00::1]", "fd00::1", True),
        ("[fd00::1]:443", "fd00::1", True),
    ],
)
def test_who_is_exempt(entries, host, exempt):
    assert is_exempt(host, 443, entries) is exempt


@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_an_exempt_host_is_reached_directly(variable):
    assert way({"HTTPS_PROXY": SQUID, variable: "example.com"}) is None


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://squid.corp:3128/", "squid.corp:3128"),
        ("squid.corp:3128", "squid.corp:3128"),
        ("squid.corp", "squid.corp:1080"),
        ("http://[::1]:3128", "[::1]:3128"),
    ],
)
def test_a_proxy_by_its_url(url, authority):
    assert parse_proxy(url, "HTTPS_PROXY").authority == authority


def test_a_user_name_and_a_password_become_basic_authorization():
    proxy = parse_proxy("http://me:p%40ss@squid.corp:3128", "HTTPS_PROXY")

    assert proxy.authorization == "Basic bWU6cEBzcw=="
    assert set(proxy.secrets) == {"p@ss", "bWU6cEBzcw=="}
    assert "p@ss" not in repr(proxy)
    assert Proxy("squid.corp", 3128).authorization is None


@pytest.mark.parametrize(
    ("url", "got"),
    [
        ("socks5://me:hunter2@h:1080", "one of scheme socks5"),
        ("https://me:hunter2@h:443", "one of scheme https"),
        ("http://me:hunter2@", "something else"),
        ("http://me:hunter2@h:99999", "something else"),
        ("http://me:hunter2@h\r\nx:1", "something else"),
        ("http://me:hunter2@hé:1", "something else"),
    ],
)
def test_what_is_no_http_proxy_is_refused_without_repeating_a_secret(url, got):
    with pytest.raises(EndpointError, match=rf"^HTTPS_PROXY: expected an HTTP proxy .*, got {got}") as refused:
        parse_proxy(url, "HTTPS_PROXY")

    assert "hunter2" not in str(refused.value)
