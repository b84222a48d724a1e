"""What a request asks: the scenario's prompt, or what the behaviour says, as the bytes that are sent.

Rule: pure. A request depends on the seed, the level, the repeat, the user slot, the request's number and the wish of
the behaviour alone, so that every target is asked the same; the cold nonce is the one exception.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from firsttoken.plan.stage import StagePlan
from firsttoken.scenario.format import Scenario, Spread
from firsttoken.scenario.target import Target
from firsttoken.traffic.blocks import trace_prompt
from firsttoken.traffic.conversation import (
    DRAWN,
    Message,
    count_turn,
    count_words,
    insert_drawn,
    mark_cold,
    name_conversation,
    put_system_first,
)
from firsttoken.traffic.prompt_file import Conversation, draw_conversation
from firsttoken.traffic.prompts import Place, Prompt, draw_answer_tokens, make_prompt, tag
from firsttoken.traffic.trace import Arrival
from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.dialects.dialect import Prompt as Sent


class Wish(NamedTuple):
    """What a behaviour says of its next request; what it leaves out, the scenario says."""

    messages: Sequence[Message] | None = None
    """None: the drawn prompt alone."""
    max_tokens: int | None = None
    name: str | None = None
    keeps_text: bool | None = None
    """None: where it gave messages, or may need the answer for the next turn of its session."""

    @property
    def changes_request(self) -> bool:
        """Whether it asks for something else than the scenario does."""
        return self.messages is not None or self.max_tokens is not None


NO_WISH = Wish()


class Ask(NamedTuple):
    """One request, ready to be sent."""

    prompt_id: str
    body: bytes
    words: int
    """Of its prompt."""
    output_tokens: int
    """The most that the answer may have."""
    prompt: Sent = ""
    """As it is sent."""
    turn: int | None = None
    """Answers before it in the conversation that a behaviour gave; None where it gave none."""


class Material(NamedTuple):
    """What a run reads from files to ask it: the requests of its trace, the conversations of its file of prompts."""

    trace: Sequence[Arrival] = ()
    prompts: Sequence[Conversation] = ()


NO_MATERIAL = Material()


class Composer:
    """What one target is asked: a pure function of the scenario, the place of a request and the behaviour's wish."""

    def __init__(self, target: Target, scenario: Scenario, nonce: str, material: Material = NO_MATERIAL) -> None:
        self._target = target
        self._scenario = scenario
        self._trace, self._prompts = material
        self._nonce = f"{nonce}-{target.name}"

    def build_request(self, plan: StagePlan, slot: int, number: int, wish: Wish = NO_WISH) -> Ask:
        """The `number`-th request of a user slot in a stage."""
        if wish.messages is not None or self._prompts or self._scenario.traffic.system:
            return self._converse(plan, slot, number, wish)
        prompt = self._prompt(plan, slot, number)
        output_tokens = wish.max_tokens or prompt.output_tokens
        body = write_body(self._target, prompt.text, output_tokens)
        return Ask(prompt.prompt_id, body, prompt.input_tokens, output_tokens, prompt.text)

    def _converse(self, plan: StagePlan, slot: int, number: int, wish: Wish) -> Ask:
        """A request whose words are not only the scenario's own text: a behaviour's, a file's or a system prompt's."""
        traffic, given = self._scenario.traffic, wish.messages or (DRAWN,)
        made, drawn = self._draw(plan, slot, number) if any(each is DRAWN for each in given) else (None, ())
        messages = put_system_first(insert_drawn(given, drawn), traffic.system)
        words = count_words(message for message in messages if made is None or message is not drawn[0])
        words += made.input_tokens if made is not None else 0
        if traffic.cache == "cold":
            unmarked, messages = messages, mark_cold(messages, tag(f"{self._nonce}-{plan.stage}/{slot}-{number}"))
            words += messages[0] is not unmarked[0]
        output_tokens = wish.max_tokens or (made.output_tokens if made else self._answer_tokens(plan, slot, number))
        return Ask(
            name_conversation(messages),
            write_body(self._target, messages, output_tokens),
            words,
            output_tokens,
            messages,
            None if wish.messages is None else count_turn(messages),
        )

    def _draw(self, plan: StagePlan, slot: int, number: int) -> tuple[Prompt | None, Conversation]:
        """What stands for DRAWN: a conversation of the file of prompts, or else a prompt that the scenario makes."""
        if self._prompts:
            return None, draw_conversation(self._prompts, seed=self._scenario.seed, user=slot, turn=number)
        made = self._prompt(plan, slot, number)
        return made, ({"role": "user", "content": made.text},)

    def _answer_tokens(self, plan: StagePlan, slot: int, number: int) -> int:
        """How long an answer may be whose prompt the scenario did not make."""
        if plan.traced:
            return self._trace[slot].output_tokens
        tokens = _length(self._scenario.traffic.output_tokens)
        return draw_answer_tokens(seed=self._scenario.seed, user=slot, turn=number, output_tokens=tokens)

    def _prompt(self, plan: StagePlan, slot: int, number: int) -> Prompt:
        traffic = self._scenario.traffic
        nonce = None if traffic.cache == "warm" else f"{self._nonce}-{plan.stage}"
        if plan.traced:
            return trace_prompt(seed=self._scenario.seed, arrival=self._trace[slot], number=slot, nonce=nonce)
        return make_prompt(
            Place(plan.level, plan.repeat, slot, number),
            seed=self._scenario.seed,
            input_tokens=_length(traffic.input_tokens),
            output_tokens=_length(traffic.output_tokens),
            nonce=nonce,
            shared=traffic.shared,
        )


def write_body(target: Target, prompt: Sent, max_tokens: int | None) -> bytes:
    """The body of a request to a target, without the fields that it leaves out."""
    return leave_out(DIALECTS[target.api].body(target.model, prompt, max_tokens, target.extra_body), target.omit)


def leave_out(body: bytes, names: Sequence[str]) -> bytes:
    """The body of a request without some of its fields; the others stay as they were written."""
    if not names:
        return body
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({name: value for name, value in fields.items() if name not in names})


def _length(tokens: int | Spread) -> int | tuple[float, float]:
    return (tokens.median, tokens.p95) if isinstance(tokens, Spread) else tokens
