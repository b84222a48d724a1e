"""What every test runs under: its process stays unpatched, so that sockets, clocks and threads are Python's own."""

import gc
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

from tests.snapshot import Sections, compare, hold

settings.register_profile("patient", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("patient")  # a busy machine is slow, which is no failure


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that `make snapshots` uses."""
    parser.addoption("--write-snapshots", action="store_true", help="write tests/snapshots/ anew, and do nothing else")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Function]) -> None:
    """Keep only what writes snapshots where they are to be written."""
    if config.getoption("--write-snapshots"):
        items[:] = [item for item in items if {"snapshot", "hold_file"} & set(item.fixturenames)]


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Callable[[str, Sections], None]:
    """`snapshot(NAME, {heading: sentences})` holds sentences against tests/snapshots/NAME.txt."""
    return partial(compare, write=request.config.getoption("--write-snapshots"))


@pytest.fixture
def hold_file(request: pytest.FixtureRequest) -> Callable[[Path, bytes], None]:
    """`hold_file(path, content)` holds a committed file against what the code makes of it."""
    return partial(hold, write=request.config.getoption("--write-snapshots"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a suite that imported Locust or let gevent patch this process: such code is tested as a process."""
    monkey = sys.modules.get("gevent.monkey")
    if "locust" in sys.modules or (monkey and monkey.is_anything_patched()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        sentence = "A test imported Locust or patched this process with gevent; such code gets its own."
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:  # one of several processes that share the tests, which has no terminal
            raise RuntimeError(sentence)
        reporter.write_line(f"\n{sentence}", red=True)


def pytest_unconfigure() -> None:
    """Drop Hypothesis's garbage-collection callback, which would outlive the session.

    With it, the interpreter's last collection does not free DuckDB's types, and their binding calls that a leak.
    """
    gc.callbacks.clear()
