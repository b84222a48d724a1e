"""Names as short as a chart has room for.

Rule: a name is cut in its middle, as deployments differ at their ends, and no two names become the same.
"""

from collections.abc import Iterable


def shorten_names(names: Iterable[str], most: int = 22) -> dict[str, str]:
    """Each name as a chart has room for: a long one is cut in its middle, and no two become the same."""
    known = list(dict.fromkeys(names))
    for length in range(most, max(map(len, known), default=0) + 1):
        short = [shorten_middle(name, length) for name in known]
        if len(set(short)) == len(known):
            return dict(zip(known, short, strict=True))
    return {name: name for name in known}


def shorten_middle(name: str, most: int) -> str:
    """The name without its middle where it is longer: "gpt-5.4-eu…throughput"."""
    if len(name) <= most:
        return name
    tail = (most - 1) // 2
    return f"{name[: most - 1 - tail]}…{name[-tail:]}"
