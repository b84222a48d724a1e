"""One cheap request to every real target before the load: a dead endpoint costs a sentence, not a run.

Rule: nothing is spent on a target that cannot be asked: no connection, no TLS, no HTTP, or a request that is refused. A
server that only fails at times, or has no quota left just now, is what a load test measures: the user gets a note, and
the run continues. Simulated targets are ready once they have started, and get no request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic_ns
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import gevent

from firsttoken.catalogue import Source
from firsttoken.load.asking.ask import write_body
from firsttoken.load.budget.cost import Cost, PromptGauge, estimate, spent
from firsttoken.load.findings import is_other_model
from firsttoken.load.refused_field import find_refused_field
from firsttoken.load.session.build import find_counted
from firsttoken.load.session.target import LiveTarget
from firsttoken.net.url import split_url
from firsttoken.plan.length_cap import explain_excess, find_most, name_cap
from firsttoken.row import OUTCOMES, SUCCESS, Row
from firsttoken.scenario.target import Target
from firsttoken.wire.addresses import Address, write_peer
from firsttoken.wire.dial import look_up, try_address
from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.endpoint import write_url
from firsttoken.wire.outcome import DialError

if TYPE_CHECKING:
    from firsttoken.load.open_run import OpenRun

PROMPT = "Say hello."
OUTPUT_TOKENS = 16
"""The least that OpenAI's responses API accepts."""

TRIES = 3
FIRST_WAIT_S = 0.5
"""Before the second try; twice as long before the third, as the openai package waits."""
PATIENCE_S = 20.0
"""No further try begins later than this, nor is a longer Retry-After waited for."""
LOOK_S = 0.25
"""How often an interrupt is looked for in a wait."""
ADDRESS_PATIENCE_S = 2.0
"""How long each of several addresses of a name may take to take a connection."""
PASSING = {408, 409, 425}
"""Refusals (4xx) that may be none a moment later."""


def send_probe(live: LiveTarget, attempt: int = 1) -> Row:
    """Send one short request to a target; its finished row."""
    row = Row(target=live.target.name, request_id="preflight", attempt=attempt)
    live.client.send(row, write_body(live.target, PROMPT, OUTPUT_TOKENS))
    return row


def find_dead_target(run: OpenRun, report: Callable[[str], None]) -> str | None:
    """A sentence about the first real target that cannot be asked, or None; `report` gets what a user should know."""
    for target in run.scenario.target:
        if not target.base_url:
            continue
        rows = _probe_until_answered(run, run.session.targets[target.name])
        if run.session.cancellation.interrupted:
            return None
        source = find_counted(run.scenario)[target.name]
        for row in rows:
            run.ledger.record_cost(price_probe(row, source))
        last = run.probes[target.name] = rows[-1]
        if last.outcome is not None and OUTCOMES[last.outcome].ends_preflight:
            return word_refusal(target, rows)
        for sentence in find_remarks(target, rows, run.scenario.slo.tpot):
            report(sentence)
        endpoint = run.manifest.endpoints[target.name]
        endpoint |= describe_answer(rows)
        if "proxy" not in endpoint and len(addresses := find_addresses(target)) > 1:
            endpoint["addresses"] = ", ".join(map(write_peer, addresses))
            for sentence in find_silent(target, addresses):
                report(sentence)
    return None


def _probe_until_answered(run: OpenRun, live: LiveTarget) -> list[Row]:
    """Ask until there is an answer or no try is left; the rows of all tries."""
    began_ns, rows = monotonic_ns(), [send_probe(live)]
    while (wait_s := choose_wait_s(rows[-1], (monotonic_ns() - began_ns) / 1e9)) is not None:
        _wait(run, wait_s)
        if run.session.cancellation.interrupted:
            break
        rows.append(send_probe(live, len(rows) + 1))
    return rows


def _wait(run: OpenRun, seconds: float) -> None:
    """Sleep, but hardly longer than until the run is interrupted."""
    while seconds > 0 and not run.session.cancellation.interrupted:
        step_s = min(seconds, LOOK_S)
        run.session.admission.wait_for_change(step_s)
        seconds -= step_s


def choose_wait_s(row: Row, elapsed_s: float) -> float | None:
    """Seconds before the next try, given the time since the first one began; None after the last try."""
    refused = 300 <= (row.http_status or 0) < 500 and row.http_status not in PASSING and row.outcome != "rate_limited"
    if row.outcome in SUCCESS or refused or row.attempt >= TRIES:
        return None
    wait_s = max(FIRST_WAIT_S * 2 ** (row.attempt - 1), (row.retry_after_ms or 0.0) / 1e3)
    return wait_s if elapsed_s + wait_s <= PATIENCE_S else None


def word_refusal(target: Target, rows: Sequence[Row]) -> str:
    """Why a run is refused: what was asked where, what came of it, and what to do next."""
    last, tries = rows[-1], "" if len(rows) == 1 else f" at the last of {len(rows)} tries"
    return (
        f"target {target.name}: expected a streamed answer from {write_url(target.base_url, target.api)}, "
        f"got {last.outcome}{tries}: {last.error}" + (f"; {advice}" if (advice := advise(target, last)) else "")
    )


def advise(target: Target, row: Row) -> str:
    """What a user can do about a try that failed."""
    url = urlsplit(target.base_url)
    path = DIALECTS[target.api].path
    ends_in = next((d.path for d in DIALECTS.values() if url.path.rstrip("/").endswith(d.path)), None)
    if ends_in is not None and row.http_status is not None:
        kept = url._replace(path=url.path.rstrip("/").removesuffix(ends_in), query="", fragment="").geturl()
        return f"base_url ends in {ends_in}, and FirstToken adds {path} itself: write base_url = {kept!r}"
    if "base_url" in (row.error or ""):  # it says so already
        return ""
    if url.scheme == "http" and row.outcome == "connect" and row.sent_ns is not None:
        return "start the server or fix base_url; a server that speaks TLS needs https://"
    if url.scheme == "http" and row.outcome == "protocol" and row.http_status is None:
        return "fix base_url; a server that speaks TLS needs https://"
    if url.scheme == "http" and row.http_status == 400 and "https" in (row.error or "").lower():
        return "begin base_url with https://"
    if refused := find_refused_field(row, target):
        return refused
    advice = "" if row.outcome is None else OUTCOMES[row.outcome].advice
    return (advice or "find out more with `firsttoken check`").format(path=path)


def find_remarks(target: Target, rows: Sequence[Row], tpot: str = "") -> list[str]:
    """What a user should know of a target that is asked all the same, in sentences; `tpot`: its limit of the SLO."""
    last, remarks = rows[-1], []
    if last.outcome not in SUCCESS:
        tries = "a try" if len(rows) == 1 else f"{len(rows)} tries"
        remarks.append(
            f"target {target.name}: {tries} before the load brought no complete answer, the last one {last.outcome}: "
            f"{last.error}; the run continues and measures what happens"
        )
    elif last.output_tokens is None:
        limit = f"; the limit tpot = {tpot} cannot pass" if tpot else ""
        remarks.append(
            f"target {target.name}: its answer reported no usage: tokens, dollars and TPOT will be unknown{limit}"
        )
    elif last.output_tokens - (last.reasoning_tokens or 0) > find_most(OUTPUT_TOKENS):
        remarks.append(
            f"target {target.name}: its answer has {last.output_tokens:,} tokens where {OUTPUT_TOKENS} were requested: "
            f"{explain_excess(name_cap(target))}; answers may cost more and take longer than planned"
        )
    if is_other_model(target, last):
        remarks.append(f"target {target.name}: requested {target.model}, answered by {last.model_served}")
    return remarks


def price_probe(row: Row, source: Source | None) -> Cost:
    """What such a request cost, at most where the server reported no usage."""
    return spent(row, source, estimate(PromptGauge().bound(len(PROMPT.split())), OUTPUT_TOKENS, source))


def describe_answer(rows: Sequence[Row]) -> dict[str, str]:
    """What the tries cost and who answered, for the manifest: they are in no row, as they belong to no stage."""
    last = rows[-1]
    answerer = {"answered_as": last.model_served, "fingerprint": last.fingerprint, "peer": last.peer}
    return {"asked_before": describe_spending(rows)} | {
        key: value for key, value in answerer.items() if value is not None
    }


def find_addresses(target: Target) -> list[Address]:
    """The addresses of a target's name, among which its attempts take turns."""
    _, host, port = split_url(target.base_url)
    try:
        return look_up(host, port)
    except DialError:  # an attempt will show it
        return []


def find_silent(target: Target, addresses: Sequence[Address]) -> list[str]:
    """Sentences about the addresses that take no connection; the others carry the load."""
    tried = [gevent.spawn(try_address, address, ADDRESS_PATIENCE_S) for address in addresses]
    gevent.joinall(tried)
    return [
        f"target {target.name}: {write_peer(address)}, one of {len(addresses)} addresses of its name, "
        f"accepts no connection ({each.value}); the load goes to the others"
        for address, each in zip(addresses, tried, strict=True)
        if each.value is not None
    ]


def describe_spending(rows: Sequence[Row]) -> str:
    """What the tries cost: "2 requests, 40 input and 32 output tokens"."""
    requests = "1 request" if len(rows) == 1 else f"{len(rows)} requests"
    counted = [row for row in rows if row.output_tokens is not None]
    if not counted:
        return f"{requests}, tokens unknown"
    read, written = (sum(getattr(row, name) or 0 for row in counted) for name in ("input_tokens", "output_tokens"))
    return f"{requests}, {read} input and {written} output tokens"
