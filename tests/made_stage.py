"""One made stage: users in a closed loop, or arrivals of an open one, against a small queue model, event by event.

A model has slots, a queue, a pace that slows with the batch, and 429 once the queue is full; a client retries with
back-off. The stage ends when every measured request has, as a real one does, or at the hold deadline.
"""

import heapq
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Literal

import numpy as np

from firsttoken.row import By, Outcome, Phase, Row, StageEvent

S = 1_000_000_000
RETRIED: frozenset[Outcome] = frozenset({"rate_limited", "http_5xx"})
ASKED = ("run_id", "target", "stage", "level", "repeat", "phase", "user", "request_id", "prompt_id")
"""What the rows of a request have in common."""
SEEN = ("headers_ns", "first_event_ns", "first_token_early_ns", "first_token_ns", "first_visible_ns")


@dataclass(frozen=True)
class Served:
    """How a made model answers: first token, pace, slots and queue."""

    ttft_s: float
    tokens_per_s: float
    slots: int = 24
    queue: int = 24
    batch_slowdown: float = 0.6


@dataclass(frozen=True)
class Course:
    """What a stage's level counts, and how the load runs over the measure window."""

    by: By = "users"
    shape: str = ""
    steps: tuple[tuple[float, float], ...] = ()
    """(seconds from the opening of the window, level from then on); none: the stage's level throughout."""
    confirms: bool = False
    most_open: int = 500
    """Requests open at once in an open loop; an arrival that finds so many is dropped."""
    workers_lost: int = 0

    def wanted(self, at_s: float, level: float) -> float:
        """The load at an instant from the opening of the window."""
        so_far = [value for begins_s, value in self.steps if begins_s <= max(0.0, at_s)]
        return so_far[-1] if so_far else level

    def mean(self, length_s: float) -> float | None:
        """The mean load over a window so long; None where it is level."""
        if not self.steps:
            return None
        ends = [begins_s for begins_s, _ in self.steps[1:]] + [length_s]
        return sum(value * (end - begins_s) for (begins_s, value), end in zip(self.steps, ends, strict=True)) / length_s


LEVEL = Course()


@dataclass(frozen=True)
class Windows:
    """How long each part of a stage lasts."""

    ramp_s: float = 1.0
    settle_s: float = 4.0
    measure_s: float = 20.0
    hold_s: float = 30.0


@dataclass(frozen=True)
class Answers:
    """What every request of a made run asks for, and how often it fails."""

    output_tokens: int = 128
    input_tokens: int = 400
    cached_share: float = 0.0
    error_share: float = 0.01
    cut_share: float = 0.004
    unfinished: int = 0
    """Measured requests of every stage that run into the hold deadline."""
    requests_per_minute: int = 0
    """The account's quota; 0: one that is never reached."""
    max_retries: int = 2


FLAWLESS = Answers(error_share=0.0, cut_share=0.0)


@dataclass(frozen=True)
class Turn:
    """One stage in the order of a run: its target, its load and when it begins."""

    stage: int
    target: str
    level: float
    repeat: int
    begin: int
    course: Course = LEVEL


class MadeStage:
    """One target at one level; `play` fills `events`, `lines` and `busy`."""

    def __init__(self, turn: Turn, windows: Windows, answers: Answers, served: Served, seed: int) -> None:
        self.stage, self.target, self.level, self.repeat = turn.stage, turn.target, turn.level, turn.repeat
        self.begin, self.course = turn.begin, turn.course
        self.windows, self.answers, self.served = windows, answers, served
        self.measure = turn.begin + int((windows.ramp_s + windows.settle_s) * S)
        self.hold = self.measure + int(windows.measure_s * S)
        self.deadline = self.hold + int(windows.hold_s * S)
        self.rng = np.random.default_rng([seed, turn.stage])
        self.events: list[StageEvent] = []
        self.lines: list[tuple[int, Row]] = []
        """(when it was written, the line) of every start and end."""
        self.busy: list[tuple[int, int, int]] = []
        """(from_ns, to_ns, 1 in flight or 0 in back-off) of every attempt and back-off."""
        self.rows: list[Row] = []
        self.agenda: list[tuple[int, int, str, Row]] = []
        self.in_service: set[tuple[str, int]] = set()
        self.waiting: deque[Row] = deque()
        self.numbers: defaultdict[int, int] = defaultdict(int)
        self.dropped: list[int] = []
        """When each arrival was dropped."""
        self.open = 0
        self.let_in: deque[int] = deque()
        self.open_measured = 0
        self.to_hang = answers.unfinished

    def play(self, stop_in_measure: bool = False) -> None:
        """Run the stage to its end, or break it off in the middle of its measure window."""
        if self.course.by == "users":
            self._start_users()
        else:
            self._plan_arrival(0, self.begin)
        end = self._run_until((self.measure + self.hold) // 2 if stop_in_measure else self.deadline)
        self.rows = [row for row in self.rows if row.sent_ns is not None and row.sent_ns < end]
        for row in self.rows:
            if row.end_ns is None:
                cut_row(row, end, "cancelled_by_user" if stop_in_measure else "cancelled_by_run")
            elif row.backoff_ms is not None:
                self.busy.append((row.end_ns, min(end, row.end_ns + int(row.backoff_ms * 1e6)), 0))
            self.busy.append((row.sent_ns or 0, row.end_ns or end, 1))
        self.lines = [(row.sent_ns or 0, start_line(row)) for row in self.rows]
        self.lines += [(row.end_ns or 0, row) for row in self.rows]
        self._mark_boundaries(end, stop_in_measure)

    def _start_users(self) -> None:
        first = round(self.course.wanted(0.0, self.level))
        for user in range(first):
            self._ask(user, self.begin + int(self.windows.ramp_s * S * user / first))
        for (_, before), (begins_s, wanted) in zip(self.course.steps, self.course.steps[1:], strict=False):
            opens = self.measure + int(begins_s * S)
            for user in range(round(before), round(wanted)):
                heapq.heappush(self.agenda, (opens, -1 - user, "become ready", Row(user=user)))

    def _plan_arrival(self, number: int, now: int) -> None:
        """The next arrival of a Poisson process at the rate that is wanted now."""
        rate = self.course.wanted((now - self.measure) / S, self.level)
        due = now + int(self.rng.exponential(1 / rate) * S)
        heapq.heappush(self.agenda, (due, -1 - number, "arrive", Row(user=number)))

    def _arrive(self, number: int, now: int) -> None:
        if self.open < self.course.most_open:
            self._ask(number, now)
        else:
            self.dropped.append(now)
        self._plan_arrival(number + 1, now)

    def _run_until(self, stop: int) -> int:
        while self.agenda:
            now = self.agenda[0][0]
            if now >= self.hold and self.open_measured == 0:
                return now
            if now >= stop:
                break
            _, _, what, row = heapq.heappop(self.agenda)
            if what == "send":
                self._send(row, now)
            elif what == "arrive":
                self._arrive(row.user, now)
            elif what == "become ready":
                self._ask(row.user, now)
            else:
                self._end(row, now)
        return stop

    def _ask(self, user: int, now: int) -> None:
        """A free user wants something: a request, and its first attempt."""
        if self.course.by == "users" and user >= self.course.wanted((now - self.measure) / S, self.level):
            return
        self.open += 1
        number = self.numbers[user]
        self.numbers[user] += 1
        phase: Phase = "ramp" if now < self.begin + self.windows.ramp_s * S else "settle"
        if now >= self.measure:
            phase = "measure" if now < self.hold else "hold"
        self.open_measured += phase == "measure"
        row = Row(
            run_id="made-run", target=self.target, stage=self.stage, level=float(self.level), repeat=self.repeat,
            phase=phase, user=user, request_id=f"{self.stage}-{user}-{number}", attempt=1,
            prompt_id=f"p-{self.level}-{self.repeat}-{user}-{number}", intended_ns=now,
        )  # fmt: skip
        self._plan_send(row, now)

    def _plan_send(self, row: Row, due: int) -> None:
        heapq.heappush(self.agenda, (due + int(self.rng.integers(20_000, 60_000)), len(self.rows), "send", row))
        self.rows.append(row)

    def _plan_end(self, row: Row, at: int) -> None:
        heapq.heappush(self.agenda, (at, -1 - row.user, "end", row))

    def _send(self, row: Row, now: int) -> None:
        row.sent_ns, row.uploaded_ns, row.stamp = now, now + 8_000, "kernel"
        row.connection_reused = row.attempt > 1 or not row.request_id.endswith("-0")
        if not row.connection_reused:
            row.connect_start_ns, row.connected_ns = now - 15_000, now - 5_000
        if self._is_over_quota(now):
            self._refuse(row, now, 429, "rate_limited")
        elif len(self.in_service) < self.served.slots:
            self._serve(row, now)
        elif len(self.waiting) < self.served.queue:
            self.waiting.append(row)
        else:
            self._refuse(row, now, 429, "rate_limited")

    def _is_over_quota(self, now: int) -> bool:
        """Whether the account's minute is used up; requests let in count for as long as a sixth of it."""
        while self.let_in and self.let_in[0] <= now - 10 * S:
            self.let_in.popleft()
        quota = self.answers.requests_per_minute
        over = quota > 0 and len(self.let_in) >= quota / 6
        if not over:
            self.let_in.append(now)
        return over

    def _refuse(self, row: Row, now: int, status: int, outcome: Outcome) -> None:
        row.headers_ns, row.http_status, row.outcome = now + 900_000, status, outcome
        row.error = f"HTTP {status}: planned"
        row.retry_after_ms = 1000.0 if status == 429 else None
        row.bytes_received = 210
        self._tell_quota(row)
        self._plan_end(row, now + 1_000_000)

    def _serve(self, row: Row, now: int) -> None:
        """Give the row a slot: its whole stream is drawn now, at the pace of the batch that it joins."""
        self.in_service.add((row.request_id, row.attempt))
        if self.rng.random() < self.answers.error_share:
            self._refuse(row, now, 500, "http_5xx")
            return
        slow = 1 + self.served.batch_slowdown * (len(self.in_service) - 1) / self.served.slots
        first = now + int(self.served.ttft_s * (1 + (slow - 1) / 3) * self.rng.normal(1, 0.01) * S)
        pace_us = 1e6 / self.served.tokens_per_s * slow * self.rng.normal(1, 0.008)
        tokens = self.answers.output_tokens
        if row.phase == "measure" and self.to_hang:
            self.to_hang -= 1
            pace_us = 1e6 * self.windows.hold_s * 4 / tokens
        gaps = np.maximum(1, pace_us * self.rng.normal(1, 0.05, tokens - 1)).astype(np.int64)
        if self.rng.random() < self.answers.cut_share:
            gaps = gaps[: int(self.rng.integers(1, tokens - 1))]
            row.outcome, row.error = "truncated", "the connection closed before the stream's end"
        else:
            row.outcome, row.finish_reason = "length", "length"
        self._stream(row, first, gaps)
        self._plan_end(row, (row.last_token_ns or first) + 120_000)

    def _stream(self, row: Row, first: int, gaps: np.ndarray) -> None:
        row.http_status, row.headers_ns, row.first_event_ns = 200, first - 200_000, first - 100_000
        coalesced = self.rng.random() < 0.03
        row.first_token_early_ns = first - 60_000 if coalesced else first
        row.first_token_ns = row.first_visible_ns = first
        row.gaps_us = gaps.tolist()
        row.last_token_ns = first + 1000 * int(gaps.sum())
        row.token_events = len(gaps) + 1
        row.events = row.token_events + 2
        row.bytes_received = 240 * row.events
        if row.outcome == "length":
            row.input_tokens, row.output_tokens, row.reasoning_tokens = self.answers.input_tokens, row.token_events, 0
            row.cached_tokens = int(self.answers.input_tokens * self.answers.cached_share)
            row.token_source = "usage"
        row.server_processing_ms = (first - (row.sent_ns or first)) / 1e6
        self._tell_quota(row)

    def _tell_quota(self, row: Row) -> None:
        row.server_request_id = f"srv-{row.request_id}-{row.attempt}"
        row.ratelimit_limit_requests, row.ratelimit_limit_tokens = 10_000, 2_000_000
        row.ratelimit_remaining_requests = 10_000 - len(self.rows) % 9_000
        if quota := self.answers.requests_per_minute:
            row.ratelimit_limit_requests = quota
            row.ratelimit_remaining_requests = max(0, quota - 6 * len(self.let_in))
        row.ratelimit_remaining_tokens = 2_000_000 - 500 * (len(self.rows) % 3_000)
        row.ratelimit_reset_requests_ms = row.ratelimit_reset_tokens_ms = 60_000.0

    def _end(self, row: Row, now: int) -> None:
        row.end_ns = now
        if (row.request_id, row.attempt) in self.in_service:
            self.in_service.remove((row.request_id, row.attempt))
            if self.waiting:
                self._serve(self.waiting.popleft(), now)
        if row.outcome in RETRIED and row.attempt <= self.answers.max_retries:
            wait_ms = row.retry_after_ms or 500 * 2 ** (row.attempt - 1) * (1 - 0.25 * self.rng.random())
            row.backoff_ms = round(wait_ms, 3)
            due = now + int(row.backoff_ms * 1e6)
            asked = {name: getattr(row, name) for name in ASKED}
            self._plan_send(Row(**asked, attempt=row.attempt + 1, intended_ns=due), due)
        else:
            self.open_measured -= row.phase == "measure"
            self.open -= 1
            if self.course.by == "users":
                self._ask(row.user, now)

    def _mark_boundaries(self, end: int, broken_off: bool) -> None:
        begins: dict[Literal["ramp", "settle", "measure", "hold", "end"], int] = {
            "ramp": self.begin,
            "settle": self.begin + int(self.windows.ramp_s * S),
            "measure": self.measure,
        }
        begins |= {"end": end} if broken_off else {"hold": self.hold, "end": end}
        sent = np.array([row.sent_ns for row in self.rows])
        self.events = [
            StageEvent(
                stage=self.stage, target=self.target, level=float(self.level), repeat=self.repeat, event=name,
                at_ns=at, users=self._seats(), started=int((sent < at).sum()),
                reason="interrupted" if broken_off and name == "end" else None,
                by=self.course.by, shape=self.course.shape, mean_level=self.course.mean(self.windows.measure_s),
                confirms=self.course.confirms, dropped=sum(each < at for each in self.dropped),
                workers_lost=self.course.workers_lost if name == "end" else 0,
            )
            for name, at in begins.items()
        ]  # fmt: skip

    def _seats(self) -> int:
        return round(self.level) if self.course.by == "users" else self.course.most_open


def start_line(row: Row) -> Row:
    """What the journal says of an attempt before it is sent."""
    return Row(**{name: getattr(row, name) for name in ASKED}, attempt=row.attempt, intended_ns=row.intended_ns)


def cut_row(row: Row, end: int, outcome: Outcome) -> None:
    """End a row at `end`: of what was drawn for it, only what lies earlier has happened."""
    first = end if row.first_token_ns is None else row.first_token_ns
    came = int((first + 1000 * np.cumsum([0, *row.gaps_us]) < end).sum())
    row.gaps_us = row.gaps_us[: max(0, came - 1)]
    row.last_token_ns = first + 1000 * sum(row.gaps_us) if came else None
    row.events = row.token_events = came
    row.bytes_received = 240 * came
    for name in SEEN:
        if came == 0 or (getattr(row, name) or 0) >= end:
            setattr(row, name, None)
    if row.headers_ns is None:
        row.http_status = row.server_request_id = row.server_processing_ms = row.retry_after_ms = None
    row.input_tokens = row.cached_tokens = row.output_tokens = row.reasoning_tokens = row.token_source = None
    row.finish_reason = row.error = None
    row.outcome, row.end_ns = outcome, end
