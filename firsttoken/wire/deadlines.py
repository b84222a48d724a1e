"""How long an attempt may take, part by part.

Rule: pure; times are ns on one clock, handed in.
"""

from typing import NamedTuple

from firsttoken.wire.outcome import LEFT_OPEN, End

LINGER_S = 0.5
"""How long the end of an answer may come after its [DONE]: some servers leave the connection open instead."""


class Deadlines(NamedTuple):
    """Seconds for: the connection with its TLS handshake; sent to first token; between events after it; all of it."""

    connect_s: float
    first_token_s: float
    idle_s: float
    total_s: float

    @property
    def shortest_s(self) -> float:
        """Of those that may end an attempt once it has its connection: none can strike sooner after it began."""
        return min(self.first_token_s, self.idle_s, self.total_s)

    def find_due(
        self, began_ns: int, sent_ns: int, last_event_ns: int | None, done_ns: int | None = None
    ) -> tuple[int, End]:
        """Return when the next deadline strikes and what it makes of the attempt.

        `last_event_ns` is None until the first token, and from then on the arrival of the last event; `done_ns` is None
        until the server has said that it is done.
        """
        if done_ns is not None:
            return done_ns + round(LINGER_S * 1e9), LEFT_OPEN
        total_ns = began_ns + round(self.total_s * 1e9)
        if last_event_ns is None:
            part_ns = sent_ns + round(self.first_token_s * 1e9)
            part = End("deadline", f"no token within {self.first_token_s:g} s of sending")
        else:
            part_ns = last_event_ns + round(self.idle_s * 1e9)
            part = End("idle_timeout", f"no event for {self.idle_s:g} s in the middle of the stream")
        if part_ns <= total_ns:
            return part_ns, part
        return total_ns, End("deadline", f"not finished within {self.total_s:g} s")
