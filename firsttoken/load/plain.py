"""Plain Locust: `locust -f locustfiles/chat.py --scenario NAME` drives the same stages into the same run folder.

Rule: a locustfile stays an ordinary Locust file; what the scenario needs hangs on Locust's own events, headless
or under its web UI, where each press of Start is a run of its own, with its own folder and simulators.
"""

from __future__ import annotations

import logging
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import NoReturn

import gevent
from locust import events
from locust.env import Environment
from locust.exception import StopTest

from firsttoken import launch, limits, run_folder
from firsttoken.kit import KitError
from firsttoken.load.conductor import Conductor
from firsttoken.load.crew import LocalCrew
from firsttoken.load.health import watch_health
from firsttoken.load.itinerary import lay_out_run
from firsttoken.load.opening import LoadSpec, OpenRun
from firsttoken.load.preflight import find_dead_target
from firsttoken.load.session_opening import read_arrivals
from firsttoken.load.shape import Stages
from firsttoken.load.verdict import Judge
from firsttoken.readiness import UsageError, check_ready, find_doubts
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.reading import find_scenario, load_scenario
from firsttoken.scenario.values import ScenarioError

logger = logging.getLogger(__name__)


def install() -> None:
    """Hang the options and the run on Locust's global events; under `firsttoken run` nobody fires them."""
    events.init_command_line_parser.add_listener(add_options)
    events.init.add_listener(attach)


def add_options(parser: ArgumentParser) -> None:
    """Add `--scenario` and `--out` to Locust's own options."""
    group = parser.add_argument_group("FirstToken")
    group.add_argument("--scenario", default="", help="what to test: a path, or the name of a file in scenarios/")
    group.add_argument("--out", default="", help="the run folder; default runs/<UTC time>-<name>")


def attach(environment: Environment, **_other: object) -> None:
    """Make the environment run the scenario named on the command line."""
    options = environment.parsed_options
    try:
        if options is None or not options.scenario:
            raise ScenarioError("--scenario: expected what to test, got nothing; try --scenario quickstart")
        scenario = load_scenario(find_scenario(options.scenario))
        check_locustfile(options.locustfile, scenario.traffic.locustfile)
        check_ready(scenario, os.environ)
        for doubt in find_doubts(scenario, os.environ):
            sys.stderr.write(f"note: {doubt}\n")
        PlainRun(environment, scenario, options.out)
    except (ValueError, KitError, UsageError, limits.LimitError) as error:
        sys.stderr.write(f"firsttoken: {error}\n")
        raise SystemExit(1) from None


def check_locustfile(given: str, named: str) -> None:
    """Refuse to run users other than those that the scenario names, for its folder would say so. Raises UsageError."""
    if Path(given).name.removesuffix(".py") != named.removesuffix(".py"):
        raise UsageError(
            f"-f {given}: expected the locustfile that the scenario names, got another; "
            f"name locustfiles/{named.removesuffix('.py')}.py here, or another as traffic.locustfile there"
        )


class PlainRun:
    """The life of a scenario under Locust's own command line."""

    def __init__(self, environment: Environment, scenario: Scenario, out: str) -> None:
        self.environment = environment
        self.scenario = scenario
        self.out = out
        self.simulators: launch.Simulators | None = None
        own = environment.shape_class
        self.shapes = {type(own).__name__: type(own)} if own is not None else {}
        self.stages = Stages(lay_out_run(scenario, self.shapes, read_arrivals(scenario)))
        environment.shape_class = self.stages
        gevent.get_hub().NOT_ERROR += (StopTest,)  # Locust words it, so gevent need not print where it came from
        environment.events.test_start.add_listener(self.start)
        environment.events.test_stopping.add_listener(self.stop)
        environment.events.quitting.add_listener(self.end_simulators)

    def start(self, **_other: object) -> None:
        """Open a run folder, start its simulators and the conductor beside Locust's users.

        Raises StopTest with a sentence.
        """
        command = ["locust", *sys.argv[1:]]
        try:
            folder = run_folder.open_folder(self.scenario, self.out)
            self.simulators = launch.Simulators(self.scenario, truth=folder / "truth")
            self.run = OpenRun(LoadSpec(folder=str(folder), base_urls=self.simulators.base_urls, command=command))
        except launch.LaunchError as error:
            self._refuse(str(error))
        sentence = find_dead_target(self.run, logger.warning)
        if sentence is not None:
            self.run.session.interrupted = sentence
            self.run.close()
            self._refuse(sentence)
        self.stages.session = self.run.session
        self.health = gevent.spawn(watch_health, self.run.session)
        self.conductor = gevent.spawn(self._conduct, self.run)

    def _conduct(self, run: OpenRun) -> None:
        crew = LocalCrew(run.session, run.treasury, self.scenario.seed, run.trace)
        conductor = Conductor(crew, run.lay_out(self.shapes), Judge(self.scenario), lambda event: None)
        conductor.conduct()
        run.manifest.budget = conductor.budget
        run.session.failure = run.session.failure or conductor.failure

    def _refuse(self, sentence: str) -> NoReturn:
        self.end_simulators()
        self.environment.process_exit_code = 1
        raise StopTest(sentence)

    def stop(self, **_other: object) -> None:
        """End the run in order before Locust ends its users."""
        if self.stages.session is None:
            return
        if not self.run.session.over:
            self.run.session.interrupted = "stopped from Locust"
        self.conductor.join()
        self.health.kill()
        self.run.close()
        self.end_simulators()
        self.stages.session = None
        logger.info("Run folder: %s (`firsttoken report %s` writes the PDF)", self.run.folder, self.run.folder)

    def end_simulators(self, **_other: object) -> None:
        """End the run's simulators, where it has some."""
        if self.simulators is not None:
            self.simulators.stop()
            self.simulators = None
