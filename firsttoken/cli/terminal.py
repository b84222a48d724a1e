"""What a person reads in the terminal of a command: its tables and its sentences.

Rule: progress and complaints go to stderr, results to stdout; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from firsttoken.cli.console import ERR, OUT, say, warn
from firsttoken.cli.tables import print_blocks, print_table
from firsttoken.machine.calibration import FILLED, WITHIN_MS, Calibration, Need, Step
from firsttoken.plan.estimate import RunEstimate, TargetEstimate

if TYPE_CHECKING:
    from firsttoken.decide.study import Study

MOST_COLUMNS = 12
"""Columns of a query's answer that are legible side by side; of more, each row is a block of its own."""

CALIBRATION_COLUMNS = (
    *("streams", "tokens/s", "TTFT error p50", "p99", "hub lag p99"),
    *("CPU", "server late", "server CPU", "others' CPU", ""),
)
VERDICTS = {None: "held", "client": "not held", "server": "the server was the limit"}
"""Who broke a bound in a step of a calibration -> what is said of it."""
CEILINGS = {
    None: "; nothing higher was tried",
    "client": "",
    "server": ": the server was the limit",
    "others": ": other processes kept the machine busy, try again when it is idle",
}
"""Who set a ceiling -> what is said after it."""

ESTIMATE_COLUMNS = ("", "stages", "minutes", "requests", "attempts", "tokens in", "tokens out", "worst case")
UNKNOWN = "unknown"
SAID_ELSEWHERE = {"target", "remarks", "openai_package_ttft_ms"}
"""Keys of a finding that have no line of their own: the heading or another line says them."""
MINUTES_A_DAY = 1440


def say_next_step(directory: Path) -> None:
    """Say what to do with a directory that was just laid out."""
    say(ERR, f"\nnext: cd {directory}")
    say(ERR, "      firsttoken run quickstart    # two simulated models: no key, no network, two and a half minutes")
    say(ERR, "      firsttoken check own         # once scenarios/own.toml has your base_url, model and key_env")


def say_serving(url: str, models: Sequence[str]) -> None:
    """Say where simulated models are served."""
    say(ERR, f"serving {', '.join(models)} at {url} (interrupt to stop)")


def show_estimate(estimate: RunEstimate) -> None:
    """Print what a run will take: a line per target and one for all, and what the bounds rest on."""
    rows = [
        [
            target.target,
            UNKNOWN if target.stages is None else _span(*target.stages),
            *_amounts(target),
            _worst_case(target),
        ]
        for target in estimate.targets
    ]
    print_table(OUT, ESTIMATE_COLUMNS, [*rows, ["in all", "", *_amounts(estimate), _dollars(estimate.usd)]], total=True)
    for sentence in estimate.assumes:
        say(OUT, sentence)


def _amounts(estimate: TargetEstimate | RunEstimate) -> list[str]:
    """Minutes, then what is sent at most."""
    minutes = UNKNOWN if estimate.minutes is None else _lasts(*estimate.minutes)
    counts = (estimate.requests, estimate.attempts, estimate.input_tokens, estimate.output_tokens)
    return [minutes, *(UNKNOWN if count is None else f"{count:,}" for count in counts)]


def _span(least: float, most: float | None) -> str:
    """From the least to the most: "3", "1.5 to 4.2", "2.0 or more"."""
    low, high = (number if isinstance(number, int) or number is None else f"{number:.1f}" for number in (least, most))
    return f"{low} or more" if high is None else f"{high}" if low == high else f"{low} to {high}"


def _lasts(least: float, most: float | None) -> str:
    """A span of minutes, in days where it is longer than two of them: "1.5 to 4.2", "20 to 32 days"."""
    if (least if most is None else most) < 2 * MINUTES_A_DAY:
        return _span(least, most)
    days = [None if minutes is None else f"{minutes / MINUTES_A_DAY:,.1f}" for minutes in (least, most)]
    return f"{days[0]} days or more" if days[1] is None else " to ".join(dict.fromkeys(filter(None, days))) + " days"


def _worst_case(target: TargetEstimate) -> str:
    if not target.simulated:
        return _dollars(target.usd)
    return "$0" if target.usd is None else f"$0 (on the real API: {_dollars(target.usd)})"


def _dollars(usd: float | None) -> str:
    return UNKNOWN if usd is None else f"${usd:,.2f}"


def show_study(study: Study) -> None:
    """Print the summary of a run: a line per target and level, and the decision."""
    from firsttoken.cli.run_table import summarise
    from firsttoken.decide.flags.validity import RULES
    from firsttoken.report.sentences import describe_run_failures

    header, rows = summarise(study)
    print_table(OUT, header, rows)
    whys = []
    for decision in study.decisions.values():
        whys.append(" ".join(filter(None, [decision.why, decision.confirmation, *decision.remarks])))
        say(OUT, Text.assemble("\n", (f"{decision.target}: {decision.verdict}. ", "bold"), whys[-1]))
    if failed := describe_run_failures(study):
        say(OUT, f"\n{failed}.")
    for flag in study.every_flag:
        if flag.bars_pass or flag.scope == "run" or RULES[flag.name].shown in ("terminal", "warning"):
            of = "" if flag.level is None else f" ({flag.target} {study.unit_of(flag.by).where(flag.level)})"
            is_said = any(flag.evidence in why for why in whys)
            warn(f"{flag.name}{of}{', see above' if is_said else f': {flag.evidence}'}")


def say_report(pdf: Path) -> None:
    """Say where the report is."""
    say(OUT, f"\nreport: {pdf}")


def say_step(step: Step) -> None:
    """Say how a step of a calibration went, as soon as it is known."""
    sentence = f"{step.streams:,} streams: TTFT off by {_milliseconds(step.error_p99_ms)} at p99, {_judge(step)}."
    say(ERR, f"{sentence} {step.client_limits}".strip())


def _judge(step: Step) -> str:
    return VERDICTS[step.limit] + (f", {step.failed:,} requests failed" if step.failed else "")


def show_calibration(calibration: Calibration, need: Need | None) -> None:
    """Print what one worker of this machine can time, step by step and in a sentence, and what a scenario needs."""
    print_table(OUT, CALIBRATION_COLUMNS, [_write_step(step) for step in calibration.steps])
    if calibration.streams:
        ceiling = f"{calibration.ceiling} within {WITHIN_MS:g} ms{CEILINGS[calibration.limit]}"
        say(OUT, f"\nOne worker of this machine can time {ceiling}.")
    if need is not None and need.workers is not None:
        each = "1 worker" if need.workers == 1 else f"{need.workers} workers"
        cores = int(calibration.host["cores"])
        more = f" This machine has {cores} cores: add other machines with --remote." if need.workers > cores else ""
        sentence = f"{need.scenario}: {need.peak} at its peak: {each}, filled to {FILLED:.0%} at most.{more}"
        say(OUT, sentence)


def _write_step(step: Step) -> list[str]:
    """The line of a step of a calibration."""
    return [
        f"{step.streams:,}",
        f"{step.tokens_per_s:,.0f}",
        _milliseconds(step.error_p50_ms),
        _milliseconds(step.error_p99_ms),
        _milliseconds(step.hub_lag_p99_ms),
        _percent(step.cpu_share),
        _milliseconds(step.server_late_ms),
        _percent(step.server_cpu_share),
        _percent(step.others_cpu_share),
        _judge(step),
    ]


def _milliseconds(ms: float | None) -> str:
    return "-" if ms is None else f"{ms:.2f} ms"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def show_findings(findings: Sequence[Mapping[str, object]]) -> None:
    """Print what `check` found out about each target."""
    for finding in findings:
        OUT.print(Text(str(finding["target"]), style="bold"))
        remarks = finding.get("remarks")
        beside = remarks if isinstance(remarks, dict) else {}
        for key, value in finding.items():
            if key not in SAID_ELSEWHERE:
                remark = f": {beside[key]}" if key in beside else ""
                say(OUT, f"  {key.replace('_', ' '):<18} {_plain(value)}{remark}")


def show_verification(run: Path, results: int, mismatches: Sequence[str]) -> None:
    """Print whether a run's summary follows from its rows."""
    for mismatch in mismatches:
        say(OUT, mismatch)
    word = "all match the rows" if not mismatches else f"{len(mismatches)} do not match the rows"
    say(OUT, f"{run}: {results} results, {word}")


def show_rows(names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print the answer to a query: as a table, or where it has many columns, row by row."""
    texts = [[_plain(value) for value in row] for row in rows]
    if len(names) > MOST_COLUMNS:
        print_blocks(OUT, names, texts)
    else:
        print_table(OUT, names, texts, numbers=False)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return ", ".join(_plain(part) for part in value) or "none"
    return "-" if value is None else str(value)
