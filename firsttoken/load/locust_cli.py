"""Plain Locust: `locust -f locustfiles/chat.py --scenario NAME` drives the same stages into the same run folder.

Rule: a locustfile stays an ordinary Locust file; what the scenario needs listens to Locust's own events, headless
or under its web UI, where each press of Start is a run of its own, with its own folder and simulators.
"""

import logging
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import gevent
from locust import events
from locust.env import Environment
from locust.exception import StopTest

from firsttoken import kit
from firsttoken.error import FirstTokenError
from firsttoken.load.behaviour.dispatch import Dispatcher, find_ours
from firsttoken.load.behaviour.fault import FaultWatch
from firsttoken.load.behaviour.other_users import count_requests_of_others, record_others
from firsttoken.load.behaviour.reporting_shape import Stages
from firsttoken.load.control.stopping import StoppingRule
from firsttoken.load.open_run import OpenRun
from firsttoken.load.session.build import read_arrivals
from firsttoken.load.session.controller import Controller, LocalBackend
from firsttoken.load.session.health import watch_health
from firsttoken.load.session.session import Session
from firsttoken.machine.readiness import UsageError
from firsttoken.plan.order import StageOrder, order_run_stages
from firsttoken.process import run_folder
from firsttoken.process.launch import LoadSpec
from firsttoken.process.start import agree, open_workspace
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.reading import find_scenario, load_scenario
from firsttoken.scenario.values import ScenarioError

logger = logging.getLogger(__name__)


def install() -> None:
    """Hang the options and the run on Locust's global events, for Locust's command line."""
    events.init_command_line_parser.add_listener(add_options)
    events.init.add_listener(attach)


def add_options(parser: ArgumentParser) -> None:
    """Add `--scenario` and `--out` to Locust's own options."""
    group = parser.add_argument_group("FirstToken")
    group.add_argument("--scenario", default="", help="the scenario: a path, or the name of a file in scenarios/")
    group.add_argument("--out", default="", help="the run folder; default runs/<UTC time>-<name>")
    group.add_argument("--yes", action="store_true", help="do not ask before more than a dollar may be spent")


def attach(environment: Environment, **_other: object) -> None:
    """Make the environment run the scenario named on the command line; without one, as in `firsttoken run`, nothing."""
    options = environment.parsed_options
    if options is None:
        return
    try:
        if not options.scenario:
            raise ScenarioError("--scenario: expected a scenario, got none; try --scenario quickstart")
        scenario = load_scenario(find_scenario(options.scenario))
        check_locustfile(options.locustfile, scenario.traffic.locustfile)
        agree(scenario, os.environ, lambda warning: _emit_sentence(f"note: {warning}"), yes=options.yes)
        for note in note_options(options.num_users, options.spawn_rate, options.run_time):
            _emit_sentence(f"note: {note}")
        PlainRun(environment, scenario, options.out)
    except FirstTokenError as error:
        _emit_sentence(f"firsttoken: {error}")
        raise SystemExit(1) from None


def _emit_sentence(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def note_options(users: int | None, spawn_rate: float | None, run_time: int | None) -> Iterator[str]:
    """What Locust's own options of a load mean beside a scenario, a sentence for each that was given."""
    given = {"--users": users, "--spawn-rate": spawn_rate}
    if vain := [f"{name} {value:g}" for name, value in given.items() if value is not None]:
        yield f"{' and '.join(vain)}: the scenario's [load] sets how many users run and when, so this is ignored"
    if run_time:
        yield f"--run-time: the run ends after {run_time:g} s, even if its [load] is not finished"


def check_locustfile(given: str, named: str) -> None:
    """Refuse to run users other than those that the scenario names, for its folder would say so. Raises UsageError."""
    if Path(given).name.removesuffix(".py") != Path(named).name.removesuffix(".py"):
        raise UsageError(
            f"-f {given}: expected the locustfile of the scenario, got another; use {kit.find('locustfiles', named)} "
            "here, or change traffic.locustfile there"
        )


def name_hosts(environment: Environment, scenario: Scenario) -> None:
    """Have the web page show what the scenario asks, where it would want a host that our users have no use for."""
    targets = ", ".join(target.base_url or f"{target.name} (simulated)" for target in scenario.target)
    for user in find_ours(environment.user_classes):
        user.host = user.host or targets


class PlainRun:
    """The life of a scenario under Locust's own command line."""

    def __init__(self, environment: Environment, scenario: Scenario, out: str) -> None:
        self.environment = environment
        self.scenario = scenario
        self.out = out
        self.ended = ExitStack()
        """What a run holds until it has ended."""
        self.closed: Session | None = None
        """The session of the last run that ended."""
        own = environment.shape_class
        self.shapes = {type(own).__name__: type(own)} if own is not None else {}
        self.stages = Stages(order_run_stages(scenario, self.shapes, read_arrivals(scenario)))
        environment.shape_class = self.stages
        environment.dispatcher_class = Dispatcher
        name_hosts(environment, scenario)
        self.watch = FaultWatch(kit.find("locustfiles", scenario.traffic.locustfile), self._fail)
        self.watch.listen(environment)
        gevent.get_hub().NOT_ERROR += (StopTest,)  # Locust words it, so gevent need not print where it came from
        environment.events.test_start.add_listener(self.start_run)
        environment.events.test_stopping.add_listener(self.stop_run)
        environment.events.quitting.add_listener(self.release_folder)

    def start_run(self, **_other: object) -> None:
        """Open a run folder, start its simulators and the controller beside Locust's users.

        Raises StopTest with a sentence.
        """
        try:
            folder = run_folder.open_folder(self.scenario, self.out)
            workspace = self.ended.enter_context(open_workspace(self.scenario, folder))
            spec = LoadSpec(
                folder=str(folder), base_urls=workspace.simulators.base_urls, command=["locust", *sys.argv[1:]]
            )
            self.run = OpenRun(spec)
        except FirstTokenError as error:
            self._refuse(str(error))
        stage_order = self.run.prepare_stages(self.shapes, lambda sentence: _emit_sentence(f"note: {sentence}"))
        if stage_order is None:
            self.run.close()
            self._refuse(self.run.session.cancellation.stopping or "")
        self.stages.begin_run(self.run.session)
        record_others(self.environment, self.run.manifest)
        self.health = gevent.spawn(watch_health, self.run.session)
        self.limit = self._limit_time(self.run.session)
        self.stages_run = gevent.spawn(self._run_stages, stage_order)

    def _run_stages(self, stage_order: StageOrder) -> None:
        backend = LocalBackend(self.run.session, self.run.ledger, self.scenario.seed, self.run.trace)
        controller = Controller(backend, stage_order, StoppingRule(self.scenario), lambda event: None)
        controller.run()
        self.run.record_stages(controller)

    def _limit_time(self, session: Session) -> gevent.Greenlet | None:
        """End a session in order once Locust's `--run-time`, which a shape of load has no effect of, is over."""
        options = self.environment.parsed_options
        if options is None or not options.run_time:
            return None
        return gevent.spawn_later(
            options.run_time, session.cancellation.interrupt_run, f"--run-time {options.run_time:g} was over"
        )

    def _fail(self, sentence: str, traceback: str) -> None:
        if self.stages.session is not None:
            self.stages.session.cancellation.fail_run(sentence, traceback)
        else:
            _emit_sentence(f"{traceback}firsttoken: {sentence}")

    def _refuse(self, sentence: str) -> NoReturn:
        self.release_folder()
        self.environment.process_exit_code = 1
        raise StopTest(sentence)

    def stop_run(self, **_other: object) -> None:
        """End the run in order before Locust ends its users; Locust may ask twice: for its shape and for a press."""
        session = self.stages.session
        if session is None:
            return
        if not session.is_over:
            session.cancellation.interrupt_run("stopped from Locust")
        if self.limit is not None:
            self.limit.kill()
        self.stages_run.join()
        if self.closed is session:
            return
        self.closed = session
        self.health.kill()
        count_requests_of_others(self.environment, self.run.manifest)
        self.run.close()
        self.release_folder()
        self.stages.end_run()
        if failure := session.cancellation.failure:
            self.environment.process_exit_code = 1
            _emit_sentence(f"{session.cancellation.traceback}firsttoken: {failure}")
        logger.info("Run folder: %s (`firsttoken report %s` writes the PDF)", self.run.folder, self.run.folder)

    def release_folder(self, **_other: object) -> None:
        """End the run's simulators, where it has some, and leave its folder to others."""
        self.ended.close()
