"""Why a run ends before its plan, and how what is on the wire ends with it.

Rule: the first failure is the one that is reported, with its traceback; an interrupt comes before a failure, and a
failure before a journal that its disk refused.
"""

from collections.abc import Mapping

from firsttoken.load.session.journal import Recorder
from firsttoken.load.session.target import LiveTarget
from firsttoken.row import Outcome


class Cancellation:
    """The end of one process's part in a run, asked for by a user, a signal or a failure."""

    def __init__(self, targets: Mapping[str, LiveTarget], recorder: Recorder) -> None:
        self.interrupted: str | None = None
        """Who asked to stop, if anyone did."""
        self.traceback = ""
        """Where the failure came from, if it was an exception of the locustfile."""
        self._failure: str | None = None
        self._targets = targets
        self._recorder = recorder

    @property
    def failure(self) -> str | None:
        """Why the run has to end, in a sentence for the user: the first failure, or else that of the journal."""
        return self._failure or self._recorder.failure

    @property
    def stopping(self) -> str | None:
        """Why the run ends before its plan, or None."""
        return self.interrupted or self.failure

    def fail_run(self, sentence: str, traceback: str = "") -> None:
        """Record why the run has to end; only the first failure counts."""
        if self._failure is None:
            self._failure, self.traceback = sentence, traceback

    def interrupt_run(self, reason: str) -> None:
        """Stop in order: what is on the wire ends now, and nothing more is sent."""
        self.interrupted = self.interrupted or reason
        self.cancel_attempts("cancelled_by_user")

    def cancel_attempts(self, outcome: Outcome) -> None:
        """End every attempt that is on the wire, with this outcome."""
        for target in self._targets.values():
            target.client.cancel_all(outcome)
