"""The headers of a target: written out where that gives nothing away, else named by the variable that holds them.

Rule: a key is named, never written. A value that stands in a scenario is copied into run folders and reports, so one
under a name that may carry a key is refused unless the scenario says that anyone may read it.
"""

from collections.abc import Mapping

import msgspec

from firsttoken.net.url import EndpointError, check_header, is_harmless
from firsttoken.scenario.values import ScenarioError, Variable


class HeaderValue(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The value of a header: `{ env = "NAME" }` from a variable, or `{ value = "..", public = true }` written out."""

    env: Variable = ""
    """The variable that holds the value."""
    value: str | None = None
    public: bool = False
    """Whether anyone may read the value; it then stands in run folders and reports."""

    def __post_init__(self) -> None:
        if bool(self.env) == (self.value is not None):
            raise ValueError('env: expected { env = "NAME" } or { value = "..", public = true }, got both or neither')
        if self.value is not None and not self.public:
            raise ValueError(
                "public: expected true beside a literal value, got false; "
                'or name a variable that holds it: { env = "NAME" }'
            )
        if self.env and self.public:
            raise ValueError(
                "public: expected none beside env, got true; the value of a variable is never written down"
            )


Headers = Mapping[str, str | HeaderValue]


def read_headers(headers: Headers, environ: Mapping[str, str]) -> dict[str, str]:
    """The headers as they are sent. Raises KeyError for a variable that is not set, see `check_headers`."""
    return {name: _read(value, environ) for name, value in headers.items()}


def _read(value: str | HeaderValue, environ: Mapping[str, str]) -> str:
    if isinstance(value, str):
        return value
    return environ[value.env] if value.value is None else value.value


def find_public(headers: Headers) -> frozenset[str]:
    """The names, in lower case, of the headers that a scenario says anyone may read."""
    return frozenset(name.lower() for name, value in headers.items() if isinstance(value, HeaderValue) and value.public)


def check_written(headers: Headers, where: str) -> None:
    """Refuse a value that is written out under a name not known to be harmless. Raises ScenarioError; repeats none."""
    suspicious = [name for name, value in headers.items() if isinstance(value, str) and not is_harmless(name)]
    if suspicious:
        raise ScenarioError(
            f"{where}.headers.{', '.join(suspicious)}: expected no literal value, as it may be a secret, got one; "
            'name a variable that holds it: { env = "NAME" }, or declare it public: '
            '{ value = "..", public = true }'
        )


def check_variables(headers: Headers, where: str, environ: Mapping[str, str]) -> None:
    """Refuse a variable that is not set, or whose value no header can carry. Raises ScenarioError; repeats no value."""
    for name, value in headers.items():
        if not isinstance(value, HeaderValue) or not value.env:
            continue
        held = environ.get(value.env, "")
        if not held:
            raise ScenarioError(
                f"{where}.headers.{name}: expected the variable {value.env} to hold the value, but it is not set; "
                f"run `export {value.env}=...` first"
            )
        try:
            check_header(name, held)
        except EndpointError as error:
            raise ScenarioError(f"{where}.{error}; check the variable {value.env}") from None
