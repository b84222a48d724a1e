"""Spent credit: a refusal that waiting does not fix, which the wire distinguishes from a rate limit. Pure.

Rule: one refusal proves nothing, as some vendors say the same of too many requests at once: the account counts as
spent when REFUSALS attempts in a row were refused like that, over PATIENCE_S, while nothing was answered and no stream
was running. Attempts that are on the wire for long may be such answers, and are waited for, but no longer than
SLOW_PATIENCE_S.
"""

from urllib.parse import urlsplit

from firsttoken.decoding.duration import NS
from firsttoken.row import CREDIT_SPENT, SUCCESS, Row
from firsttoken.scenario.target import Target

REFUSALS = 5
PATIENCE_S = 2.0
SLOW_PATIENCE_S = 30.0
PENDING_S = 1.0
"""An attempt that is on the wire for longer may be one that was let in; a refusal is prompt."""


def says_spent(row: Row) -> bool:
    """Whether an attempt was refused because the credit is spent, before a token came."""
    return CREDIT_SPENT in row.checks and row.outcome not in SUCCESS and row.first_token_ns is None


class Credit:
    """What one load process has seen of the credit of a target's account: is it worth to ask again?"""

    def __init__(self) -> None:
        self._refused_ns: int | None = None
        self._is_disproved = False
        """A later attempt was answered: the words are not of credit."""

    def is_spent(self, row: Row) -> bool:
        """Take an attempt that has ended; whether it is pointless to try it again."""
        if says_spent(row):
            if self._refused_ns is None:
                self._refused_ns = row.end_ns
            return not self._is_disproved
        if row.outcome in SUCCESS and self._refused_ns is not None and (row.sent_ns or 0) > self._refused_ns:
            self._is_disproved = True
        return False


class CreditBreaker:
    """Watches the account of one target, by the counts of all workers added up."""

    def __init__(self, target: Target) -> None:
        self.tripped: str | None = None
        """Why nothing more should be asked of this account, in a sentence; it stays."""
        self._target = target
        self._answered = 0
        self._refused = 0
        self._in_a_row = 0
        self._since_ns: int | None = None

    def record_counts(
        self, *, answered: int, refused: int, streaming: int, pending: int, words: str, now_ns: int
    ) -> None:
        """Look at the attempts of a stage so far: how many were answered and how many refused because the credit is
        spent, how many stream now or are on the wire for long, and what the last refusal said. A new stage counts from
        0 again.
        """
        refusals = refused - self._refused if refused >= self._refused else refused
        alive = streaming > 0 or (answered > 0 and answered != self._answered)
        self._answered, self._refused = answered, refused
        if alive:
            self._in_a_row, self._since_ns = 0, None
        elif refusals or self._in_a_row:
            self._since_ns = now_ns if self._since_ns is None else self._since_ns
            self._in_a_row += refusals
            self._check((now_ns - self._since_ns) / NS, SLOW_PATIENCE_S if pending else PATIENCE_S, words)

    def _check(self, seconds: float, patience_s: float, words: str) -> None:
        if self.tripped is None and self._in_a_row >= REFUSALS and seconds >= patience_s:
            said = f' ("{words}")' if words else ""
            self.tripped = (
                f"the credit of {name_account(self._target)} is spent: {self._target.name} refused the last "
                f"{self._in_a_row:,} attempts because of it{said}, with no answer for {seconds:.0f} s"
            )


def account_of(target: Target) -> tuple[str, str]:
    """What targets of one account have in common: the host and the variable of the key."""
    return urlsplit(target.base_url).netloc, target.key_env


def name_account(target: Target) -> str:
    """An account in words."""
    host, key = account_of(target)
    return f"the account of {key} at {host}" if key else f"the account at {host}"
