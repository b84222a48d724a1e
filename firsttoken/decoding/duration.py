"""Durations as people write them in TOML: "1.5s", "200ms", "2m", "1h".

Rule: they stay as written until a computation needs them.
"""

import re

DURATION = r"[0-9]+(\.[0-9]+)?(ms|s|m|h)"
ABOVE_ZERO = rf"(?=[0.]*[1-9]){DURATION}"
NS = 1_000_000_000
"""Nanoseconds of a second."""
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float:
    """Seconds of a duration such as "200ms", "1.5s", "2m" or "1h". Raises ValueError for anything else."""
    if not re.fullmatch(DURATION, text):
        raise ValueError(f'expected a duration such as "1.5s", "200ms", "2m" or "1h", got "{text}"')
    unit = text.lstrip("0123456789.")
    return float(text.removesuffix(unit)) * _SECONDS[unit]
