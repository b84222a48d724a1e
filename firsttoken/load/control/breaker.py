"""The breaker: ends the load on a dead endpoint, and never on one that is only bad. Pure: counts and time are handed
in.

Rule: it trips when FAILURES attempts have failed in a row, over PATIENCE_S at least, and in all that time nothing
was answered and no stream was running. The counts are those of all workers added up, so it does not matter who failed.

Both bounds are needed. A count alone trips on a server that answers sixteen streams and turns a thousand users away,
whose refusals come by hundreds between two answers; a time alone trips on a single slow failure.

On 50 % errors a run of 30 failures has a chance of 2^-30 at each attempt: once in two thousand runs of a million
attempts each, and at more than three attempts a second the ten seconds make it rarer still. A dead endpoint is left
after ten seconds; by one user who backs off as the openai package does (2 attempts/s) after fifteen. Where each
failure is a time-out, thirty of those have to pass; the load is low meanwhile.
"""

from firsttoken.decoding.duration import NS

FAILURES = 30
PATIENCE_S = 10.0


class Breaker:
    """Watches one endpoint."""

    def __init__(self, target: str) -> None:
        self.tripped: str | None = None
        """Why nothing more should be sent, in a sentence; it stays."""
        self._target = target
        self._answered = 0
        self._failed = 0
        self._in_a_row = 0
        self._since_ns: int | None = None
        """When the row of failures was first seen."""

    def record_counts(self, *, answered: int, failed: int, streaming: int, now_ns: int) -> None:
        """Look at the attempts of all workers: how many of the stage so far had an outcome of a server that is alive,
        and of one that may be dead (row.OUTCOMES), and how many have an answer running now.

        A new stage counts from 0 again; the row of failures continues.
        """
        failures = failed - self._failed if failed >= self._failed else failed
        alive = streaming > 0 or (answered > 0 and answered != self._answered)
        self._answered, self._failed = answered, failed
        if alive:
            self._in_a_row, self._since_ns = 0, None
        elif failures or self._in_a_row:
            self._since_ns = now_ns if self._since_ns is None else self._since_ns
            self._in_a_row += failures
            self._check((now_ns - self._since_ns) / NS)

    def _check(self, seconds: float) -> None:
        if self.tripped is None and self._in_a_row >= FAILURES and seconds >= PATIENCE_S:
            self.tripped = (
                f"{self._target}: the last {self._in_a_row:,} attempts failed, with no answer for {seconds:.0f} s; "
                "the run stopped, as the endpoint is dead"
            )
