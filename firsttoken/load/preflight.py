"""One cheap request to every real target before the load: a dead endpoint costs a sentence, not a run.

Rule: nothing is spent on a target that does not answer; simulated targets were seen to be ready by whoever
started them and are not asked.
"""

from __future__ import annotations

from firsttoken.catalogue import Source
from firsttoken.load.cost import Cost, PromptGauge, estimate, spent
from firsttoken.load.opening import OpenRun
from firsttoken.load.session_opening import find_counted
from firsttoken.load.target import LiveTarget
from firsttoken.row import OUTCOMES, SUCCESS, Row
from firsttoken.wire.dialects import DIALECTS

PROMPT = "Say hello."
OUTPUT_TOKENS = 16
"""The least that OpenAI's responses API accepts."""


def knock(live: LiveTarget) -> Row:
    """Send one short request to a target; its finished row."""
    row = Row(target=live.target.name, request_id="preflight", attempt=1)
    body = DIALECTS[live.target.api].body(live.target.model, PROMPT, OUTPUT_TOKENS, live.target.extra_body)
    live.client.send(row, body)
    return row


def find_dead_target(run: OpenRun) -> str | None:
    """A sentence about the first real target that does not stream an answer, or None if all do."""
    for target in run.scenario.target:
        if not target.base_url:
            continue
        row = knock(run.session.targets[target.name])
        if run.session.interrupted:
            return None
        run.treasury.book(price_knock(row, find_counted(run.scenario)[target.name]))
        run.knocks[target.name] = row
        if row.outcome not in SUCCESS:
            advice = (row.outcome and OUTCOMES[row.outcome].advice) or "look closer with `firsttoken check`"
            return (
                f"target {target.name}: expected a streamed answer from {target.base_url}, "
                f"got {row.outcome}: {row.error}; {advice.format(path=DIALECTS[target.api].path)}"
            )
        run.manifest.endpoints[target.name]["asked_before"] = describe_spending(row)
    return None


def price_knock(row: Row, source: Source | None) -> Cost:
    """What such a request cost, at most where the server told no usage."""
    return spent(row, source, estimate(PromptGauge().bound(len(PROMPT.split())), OUTPUT_TOKENS, source))


def describe_spending(row: Row) -> str:
    """What the request cost, for the manifest: it is in no row, as it belongs to no stage."""
    if row.output_tokens is None:
        return "1 request, tokens unknown"
    return f"1 request, {row.input_tokens} input and {row.output_tokens} output tokens"
