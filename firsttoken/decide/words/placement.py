"""How the attempts of a target were spread over the addresses of its name, in a sentence.

Rule: what the rows say, held against the addresses that the name had before the load. Where only one address is known
and answered, nothing is shown.
"""

from collections.abc import Mapping

from firsttoken.decide.measure.answerers import Counts
from firsttoken.decide.words.units import write_share
from firsttoken.scenario.target import Client

MOST_NAMED = 8
ENOUGH = 4
"""Attempts an address, from which on one that had none was passed over and not just unlucky."""


def describe_placement(target: str, client: Client, peers: Counts, endpoint: Mapping[str, str]) -> str | None:
    """Where the connections of a target led; `endpoint` is what the manifest says of the way there."""
    total = sum(peers.values())
    if not total:
        return None
    if "proxy" in endpoint:
        return f"{target}: every connection went to the proxy {endpoint['proxy']}, which chooses the server's address."
    known = [address for address in endpoint.get("addresses", "").split(", ") if address]
    silent = [address for address in known if address not in peers] if total >= ENOUGH * len(known) else []
    if len(peers) == 1 and not silent:
        return None
    parts = [f"{address} {write_share(count / total)}" for address, count in list(peers.items())[:MOST_NAMED]]
    more = f" and {len(peers) - MOST_NAMED} more" if len(peers) > MOST_NAMED else ""
    chosen = ", as the openai package chose" if client == "sdk" else ""
    rest = _word_silent(client, silent)
    names = max(len(known), len(peers))
    return f"{target}: attempts over the {names} addresses of its host name{chosen}: {', '.join(parts)}{more}{rest}."


def _word_silent(client: Client, silent: list[str]) -> str:
    """The addresses that no attempt reached, and why not."""
    if not silent:
        return ""
    none = f"; {', '.join(silent[:MOST_NAMED])} none"
    return none if client == "sdk" else f"{none}: refused, or did not answer"
