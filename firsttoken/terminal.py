"""What a person sees in the terminal: the live line, the tables, the sentences.

Rule: progress and complaints go to stderr, results to stdout; nothing is computed here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from firsttoken.calibration import FILLED, WITHIN_MS, Calibration, Need, Step
from firsttoken.estimate import RunEstimate, TargetEstimate

if TYPE_CHECKING:
    from firsttoken.decide.study import Study

WIDTH_UNSEEN = 140
"""Columns of a table that goes to a file or a pipe, where nobody says how wide it is."""

MOST_COLUMNS = 12
"""Columns of a query's answer that are legible side by side; of more, each row is a block of its own."""

CALIBRATION_COLUMNS = (
    *("streams", "tokens/s", "TTFT error p50", "p99", "hub lag p99"),
    *("CPU", "server late", "server CPU", "others' CPU", ""),
)
VERDICTS = {None: "held", "client": "not held", "server": "the server was the limit"}
"""Who broke a bound in a step of a calibration -> what is said of it."""
CEILINGS = {
    None: "; no more was tried",
    "client": "",
    "server": ": the server was the limit",
    "others": ": other processes kept the machine busy, try again when it is quiet",
}
"""Who set a ceiling -> what is said after it."""

ESTIMATE_COLUMNS = ("", "stages", "minutes", "requests", "attempts", "tokens in", "tokens out", "worst case")
UNKNOWN = "unknown"

TOLD = frozenset({"NOT_DELIVERED", "QUOTA_BOUND", "QUOTA_UNTOLD"})
"""Flags that void nothing and are said all the same: without them the table would mislead."""

_out = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_UNSEEN)
_err = Console(stderr=True, highlight=False)

Event = Mapping[str, object]


def complain(sentence: str) -> None:
    """Say what went wrong, in one sentence."""
    _err.print(Text.assemble(("firsttoken: ", "bold red"), sentence), soft_wrap=True)


def warn(sentence: str) -> None:
    """Say what the user should know before reading a result."""
    _err.print(Text.assemble(("note: ", "bold yellow"), sentence), soft_wrap=True)


def say_serving(url: str, models: Sequence[str]) -> None:
    """Say where simulated models are served."""
    _err.print(f"serving {', '.join(models)} at {url} (interrupt to stop)", soft_wrap=True)


def follow(events: Iterable[Event], turns: int = 1) -> Event | None:
    """Show a run as it goes; its last event, or None if the load process ended without a word.

    turns: requests of an arrival in open loop.
    """
    with Live(console=_err, transient=True, auto_refresh=False) as live:
        for event in events:
            if event["event"] == "end":
                return event
            if event["event"] == "said":
                _err.print(str(event["sentence"]), markup=False, soft_wrap=True)
            elif event["event"] == "stage":
                _err.print(_describe_stage(event, turns), markup=False)
            elif event["event"] == "tick":
                live.update(_live_line(event), refresh=True)
    return None


def follow_worker(events: Iterable[Event]) -> Event | None:
    """Say what a worker says; its last event, or None if it ended without a word."""
    for event in events:
        if event["event"] == "end":
            return event
        if event["event"] == "joined":
            clocks = f"clocks agree within {_number(event, 'clock_error_ms'):.2g} ms"
            _err.print(f"worker {event['worker']} of {event['run']}; {clocks}", markup=False)
        elif event["event"] == "left":
            warn(str(event["sentence"]))
        elif event["event"] == "said":
            _err.print(str(event["sentence"]), markup=False, soft_wrap=True)
    return None


def _number(event: Event, key: str) -> float:
    value = event[key]
    return float(value) if isinstance(value, int | float) else 0.0


def _describe_stage(event: Event, turns: int) -> str:
    """Which stage begins: "[2/8] gpt-5.4 at 64 users"; how many there will be is not said where nobody knows."""
    from firsttoken.decide.load_unit import USERS, rate_unit

    number, stages = f"{_number(event, 'stage') + 1:.0f}", event["stages"]
    place = number if stages is None else f"{number}/{stages}"
    unit = USERS if event.get("by", "users") == "users" else rate_unit(turns)
    where = unit._replace(shape=str(event.get("shape") or "")).where(_number(event, "level"))
    aside = ", to confirm the answer" if event.get("confirms") else ""
    return f"[{place}] {event['target']} {where}{aside}"


def _live_line(event: Event) -> Text:
    ttft = event["ttft_p50_ms"]
    parts = [
        f"      {event['phase']!s:<8}{_number(event, 'elapsed_s'):5.1f} s",
        f"{_number(event, 'in_flight'):.0f} in flight",
        f"{_number(event, 'ended'):.0f} done",
    ]
    if event["failed"]:
        parts.append(f"{_number(event, 'failed'):.0f} failed")
    if isinstance(ttft, float):
        parts.append(f"first token {ttft / 1e3:.2f} s (median so far)")
    return Text("   ".join(parts), style="dim")


def show_estimate(estimate: RunEstimate) -> None:
    """Print what a run will take: a line per target and one for all, and what the bounds rest on."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, name in enumerate(ESTIMATE_COLUMNS):
        table.add_column(name, justify="left" if number == 0 else "right", overflow="fold")
    for target in estimate.targets:
        stages = UNKNOWN if target.stages is None else _span(*target.stages)
        table.add_row(Text(target.target), stages, *_amounts(target), _worst_case(target))
    table.add_row("in all", "", *_amounts(estimate), _dollars(estimate.usd), style="bold")
    _out.print(table)
    for sentence in estimate.assumes:
        _out.print(sentence, soft_wrap=True, markup=False)


def _amounts(estimate: TargetEstimate | RunEstimate) -> list[str]:
    """Minutes, then what is sent at most."""
    minutes = UNKNOWN if estimate.minutes is None else _span(*estimate.minutes)
    counts = (estimate.requests, estimate.attempts, estimate.input_tokens, estimate.output_tokens)
    return [minutes, *(UNKNOWN if count is None else f"{count:,}" for count in counts)]


def _span(least: float, most: float | None) -> str:
    """From the least to the most: "3", "1.5 to 4.2", "2.0 or more"."""
    low, high = (number if isinstance(number, int) or number is None else f"{number:.1f}" for number in (least, most))
    return f"{low} or more" if high is None else f"{high}" if low == high else f"{low} to {high}"


def _worst_case(target: TargetEstimate) -> str:
    if not target.simulated:
        return _dollars(target.usd)
    return "$0" if target.usd is None else f"$0 (if it were real: {_dollars(target.usd)})"


def _dollars(usd: float | None) -> str:
    return UNKNOWN if usd is None else f"${usd:,.2f}"


def confirm(question: str) -> bool | None:
    """Ask whether to go on; only "y" or "yes" is one. None where nobody is there to be asked."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    _err.print(Text(f"{question} Go on? [y/N] "), end="", soft_wrap=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def show_study(study: Study) -> None:
    """Print the summary of a run: a line per target and level, and the decision."""
    from firsttoken.decide.table import summarise

    header, rows = summarise(study)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, name in enumerate(header):
        table.add_column(name, justify="left" if number == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    _out.print(table)
    for decision in study.decisions.values():
        said = " ".join(filter(None, [decision.why, decision.confirmation]))
        _out.print(Text.assemble("\n", (f"{decision.target}: {decision.verdict}. ", "bold"), said), soft_wrap=True)
    for flag in study.every_flag:
        if flag.bars_pass or flag.scope == "run" or flag.name in TOLD:
            of = "" if flag.level is None else f" ({flag.target} {study.unit_of(flag.by).where(flag.level)})"
            warn(f"{flag.name}{of}: {flag.evidence}")


def say_report(pdf: Path) -> None:
    """Say where the report is."""
    _out.print(f"\nreport: {pdf}", soft_wrap=True, markup=False)


def say_step(step: Step) -> None:
    """Say how a step of a calibration went, as soon as it is known."""
    said = f"{step.streams:,} streams: TTFT off by {_milliseconds(step.error_p99_ms)} at p99, {_judge(step)}."
    _err.print(f"{said} {step.client_limits}".strip(), soft_wrap=True)


def _judge(step: Step) -> str:
    return VERDICTS[step.limit] + (f", {step.failed:,} requests failed" if step.failed else "")


def show_calibration(calibration: Calibration, need: Need | None) -> None:
    """Print what one worker of this machine watches, step by step and in a sentence, and what a scenario needs."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in CALIBRATION_COLUMNS:
        table.add_column(name, justify="right" if name else "left")
    for step in calibration.steps:
        table.add_row(
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
        )
    _out.print(table)
    if calibration.streams:
        ceiling = f"{calibration.ceiling} within {WITHIN_MS:g} ms{CEILINGS[calibration.limit]}"
        _out.print(f"\nOne worker of this machine watches {ceiling}.", soft_wrap=True)
    if need is not None and need.workers is not None:
        each = "1 worker" if need.workers == 1 else f"{need.workers} workers"
        cores = int(calibration.host["cores"])
        more = f" This machine has {cores} cores: --remote brings in others." if need.workers > cores else ""
        said = f"{need.scenario}: {need.peak} at its peak: {each}, filled to {FILLED:.0%} at most.{more}"
        _out.print(said, soft_wrap=True)


def _milliseconds(ms: float | None) -> str:
    return "-" if ms is None else f"{ms:.2f} ms"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def show_findings(findings: Sequence[Mapping[str, object]]) -> None:
    """Print what `check` found out about each target."""
    for finding in findings:
        _out.print(Text(str(finding["target"]), style="bold"))
        for key, value in finding.items():
            if key != "target":
                _out.print(f"  {key.replace('_', ' '):<18} {_plain(value)}", soft_wrap=True, markup=False)


def show_verification(run: Path, figures: int, mismatches: Sequence[str]) -> None:
    """Print whether a run's summary follows from its rows."""
    for mismatch in mismatches:
        _out.print(mismatch, soft_wrap=True, markup=False)
    word = "all follow from the rows" if not mismatches else f"{len(mismatches)} do not follow from the rows"
    _out.print(f"{run}: {figures} figures, {word}", soft_wrap=True, markup=False)


def show_rows(names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print the answer to a query: as a table, or where it has many columns, row by row."""
    if len(names) > MOST_COLUMNS:
        _show_blocks(names, rows)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*[Text(_plain(value)) for value in row])
    _out.print(table)


def _show_blocks(names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print each row as a block, a line per column."""
    longest = max(map(len, names))
    for number, row in enumerate(rows, 1):
        _out.print(Text(f"row {number} of {len(rows)}", style="bold"))
        for name, value in zip(names, row, strict=True):
            _out.print(f"  {name:<{longest}}  {_plain(value)}", soft_wrap=True, markup=False)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return ", ".join(_plain(part) for part in value) or "none"
    return "-" if value is None else str(value)
