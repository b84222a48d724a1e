"""How one simulated model behaves, with every figure known, and the pure formulas of its timing.

Rule: times are functions of the settings, the prompt and the load; no clock and no chance in this file.
"""

import msgspec

from firsttoken.catalogue import Faults, Freeze, Simulated

FASTEST_FIRST_TOKEN = 0.5
"""No prompt is so short that its first token comes sooner than this share of the published time."""

OPTIONAL = {"requests_per_minute", "tokens_per_minute", "api_key", "freeze"}
"""Settings whose None means that there is no such thing; any other None is a setting left open."""


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """`catalogue.Simulated` with nothing left open; what each setting means, and its bounds, are said there."""

    ttft_s: float
    tokens_per_s: float
    reference_input_tokens: int
    prefill_rate: float
    jitter: float
    slots: int
    queue: int
    batch_slowdown: float
    retry_after_s: float
    prefix_cache: bool
    stall_s: float
    faults: Faults
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    api_key: str | None = None
    freeze: Freeze | None = None


def settle(model: str, settings: Simulated) -> Behaviour:
    """Return the behaviour that resolved settings describe; raises ValueError if one is missing or faults exceed 1."""
    values = {field: getattr(settings, field) for field in settings.__struct_fields__}
    missing = sorted(field for field, value in values.items() if value is None and field not in OPTIONAL)
    if missing:
        raise ValueError(f"model {model!r}: expected all settings, got none for {', '.join(missing)}")
    faults: Faults = values["faults"]
    if faults.error + faults.cut + faults.stall > 1:
        raise ValueError(f"model {model!r}: expected faults that add up to 1 at most, got {faults}")
    return Behaviour(**values)


def share_of_others(busy: int, slots: int) -> float:
    """Return which share of the other slots is busy, 0 to 1, beside the one that asks: 0 for a lone user."""
    return (busy - 1) / (slots - 1) if slots > 1 and busy > 1 else 0.0


def slowdown(behaviour: Behaviour, busy: int) -> float:
    """Return the factor on prefill and per-token time while `busy` slots are taken.

    1 + batch_slowdown * (busy - 1)/(slots - 1): exactly 1 for one user, so that published figures hold there.
    """
    return 1.0 + behaviour.batch_slowdown * share_of_others(busy, behaviour.slots)


def first_token_ns(behaviour: Behaviour, prompt_tokens: int) -> float:
    """Return the time from slot to first token of an unloaded model, in ns; cached tokens of a prompt do not count.

    ttft_s + (prompt_tokens - reference_input_tokens)/prefill_rate, for shorter prompts too, but never less than
    half of ttft_s: what does not depend on the prompt stays.
    """
    longer = prompt_tokens - behaviour.reference_input_tokens
    seconds = behaviour.ttft_s + longer / behaviour.prefill_rate
    return max(seconds, FASTEST_FIRST_TOKEN * behaviour.ttft_s) * 1e9


def token_ns(behaviour: Behaviour) -> float:
    """Return the time between two tokens of one stream of an unloaded model, in ns."""
    return 1e9 / behaviour.tokens_per_s
