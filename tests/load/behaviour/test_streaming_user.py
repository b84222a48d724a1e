"""What a behaviour may do, with real processes: it is counted, served and heard, and the run stays valid."""

from pathlib import Path

import pytest

from firsttoken.decide.study import study_run
from tests.driven import Behaved, behave


def find_flags(behaved: Behaved) -> set[str]:
    """The flags of the one level but for those of a machine that is busy."""
    studied = study_run(behaved.folder)
    try:
        return {flag.name for flag in studied.every_flag} - {"CLIENT_LIMITED", "UNSETTLED"}
    finally:
        studied.run.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_whatever_a_behaviour_prints_logs_or_has_printed_is_heard_and_spoils_nothing(
    tmp_path: Path, workers: int
) -> None:
    behaved = behave(
        tmp_path,
        """
class Chat(StreamingUser):
    @task
    def converse(self):
        self.ask()
        print("printed", flush=False)
        logging.info("logged")
        os.write(1, b"written\\n")
        subprocess.run(["echo", "echoed"])
""",
        workers,
    )

    assert (behaved.failure, behaved.run.manifest.state) == (None, "complete")
    for word in ("printed", "INFO:root:logged", "written", "echoed"):
        assert 3 <= behaved.said.count(word) <= len(behaved.rows), behaved.said
    assert "NOT_DELIVERED" not in find_flags(behaved)


def test_hooks_need_no_super_and_several_requests_with_waits_of_their_own_are_all_of_the_load(tmp_path: Path) -> None:
    behaved = behave(
        tmp_path,
        """
class Chat(StreamingUser):
    wait_time = between(0.05, 0.4)
    def __init__(self, environment):
        self.asked = 0
    def on_start(self):
        gevent.sleep(0.2)
    def on_stop(self):
        pass
    @task
    def converse(self):
        self.ask()
        self.ask()
        gevent.sleep(0.3)
        self.ask()
    @task
    class Agent(SequentialTaskSet):
        @task
        def plan(self):
            self.user.ask()
        @task
        def leave(self):
            self.interrupt()
""",
    )

    assert behaved.failure is None
    assert {row.user for row in behaved.rows} == {0, 1, 2}
    assert behaved.run.stages[0].idle_measured_ns == 0
    assert not find_flags(behaved) & {"NOT_DELIVERED", "WORKER_LOST"}


def test_a_request_that_its_own_user_cancels_is_no_failure_and_its_task_goes_on(tmp_path: Path) -> None:
    behaved = behave(
        tmp_path,
        """
class Ide(StreamingUser):
    @task
    def complete(self):
        with gevent.Timeout(0.15, False):
            self.ask()
        suggestion = gevent.spawn(self.ask)
        gevent.sleep(0.05)
        suggestion.kill()
        print("went on")
        self.ask()
        gevent.Timeout(0.05).start()
        self.ask()
        print("never here")
""",
    )

    assert behaved.failure is None
    assert {"stopped_by_user", "length"} <= behaved.outcomes <= {"stopped_by_user", "length", "cancelled_by_run"}
    assert "went on" in behaved.said and "never here" not in behaved.said
    assert sum(row.outcome == "stopped_by_user" for row in behaved.rows) >= 9
    assert behaved.run.stages[0].idle_measured_ns == 0
    assert not find_flags(behaved) & {"NOT_DELIVERED", "WORKER_LOST"}
    studied = study_run(behaved.folder)
    attainment = studied.result("gpt-5.4", "attainment", level=3.0)
    studied.run.close()
    assert attainment is not None and attainment.value == 1.0
    assert "at_least" not in attainment.flags


def test_users_who_leave_are_missing_and_said_to_be(tmp_path: Path) -> None:
    behaved = behave(
        tmp_path,
        """
class Chat(StreamingUser):
    @task
    def converse(self):
        row = self.ask().row
        if row.phase == "measure" and row.user == 1:
            raise StopUser()
""",
    )

    assert behaved.failure is None
    assert "NOT_DELIVERED" in find_flags(behaved)
    idle_ns = behaved.run.stages[0].idle_measured_ns
    assert idle_ns is not None and 1.2e9 < idle_ns < 2.1e9


def test_who_left_in_one_level_is_there_again_in_the_next(tmp_path: Path) -> None:
    behaved = behave(
        tmp_path,
        """
class Chat(StreamingUser):
    @task
    def converse(self):
        row = self.ask().row
        if row.phase == "measure" and row.stage == 0:
            raise StopUser()
""",
        repeats=2,
        measure='"1s"',
    )

    assert behaved.failure is None
    assert {row.user for row in behaved.rows if row.stage == 1} == {0, 1, 2}


@pytest.mark.parametrize("workers", [1, 2])
def test_users_of_other_classes_run_beside_ours_and_are_in_no_row(tmp_path: Path, workers: int) -> None:
    behaved = behave(
        tmp_path,
        """
class Health(HttpUser):
    wait_time = constant(0.1)
    host = "http://127.0.0.1:9"
    weight = 2
    @task
    def look(self):
        self.client.get("/health").raise_for_status()

class Clock(HttpUser):
    host = "http://127.0.0.1:9"
    fixed_count = 1
    @task
    def tick(self):
        gevent.sleep(0.1)

class Careful(StreamingUser):
    fixed_count = 1
    @task
    def converse(self):
        self.ask()

class Chat(StreamingUser):
    @task
    def converse(self):
        self.ask()
""",
        workers,
        load='users = [4]\nramp = "0s"',
    )

    assert behaved.failure is None
    assert {row.user for row in behaved.rows} == {0, 1, 2, 3}
    manifest = behaved.run.manifest
    assert manifest.others == {"Health": 4, "Clock": 1}
    assert manifest.others_requests > 4
    assert "NOT_DELIVERED" not in find_flags(behaved)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_exception_of_a_behaviour_ends_the_run_with_its_line_and_keeps_what_was_measured(
    tmp_path: Path, workers: int
) -> None:
    behaved = behave(
        tmp_path,
        """
class Chat(StreamingUser):
    @task
    def converse(self):
        row = self.ask().row
        if row.phase == "measure":
            print(row.nothing)
""",
        workers,
        measure='"60s"',
    )

    assert f"{tmp_path}/behaved.py:13: expected Chat.converse to run without an error, got AttributeError" in str(
        behaved.failure
    )
    assert behaved.run.manifest.state == "failed"
    assert "length" in behaved.outcomes
    assert sum(line.startswith("Traceback") for line in behaved.said) == 1


def test_a_task_that_its_stage_leaves_between_two_requests_begins_anew_in_the_next(tmp_path: Path) -> None:
    behaved = behave(
        tmp_path,
        """
class Reader(StreamingUser):
    @task
    def review(self):
        first = self.ask("Why?", name="review")
        gevent.sleep(0.3)
        self.ask([*first.messages, {"role": "user", "content": "And then?"}], name=f"after {first.row.stage}")
""",
        load="users = [2, 3]",
    )

    assert behaved.failure is None
    followed = [row for row in behaved.rows if row.name and row.name.startswith("after")]
    assert len({row.stage for row in followed}) > 1
    assert all(row.name == f"after {row.stage}" for row in followed)


HOOKS = {
    "on_start": "    def on_start(self):\n        1 / 0\n",
    "__init__": "    def __init__(self, environment):\n        1 / 0\n",
    "wait_time": "    def wait_time(self):\n        1 / 0\n",
    "a greenlet": "    @task\n    def more(self):\n        gevent.spawn(lambda: 1 / 0)\n        self.ask()\n",
    "SystemExit": "    @task\n    def leave(self):\n        raise SystemExit(3)\n",
    "import": "1 / 0\n",
}


@pytest.mark.parametrize("hook", HOOKS)
def test_an_exception_in_any_hook_is_told_with_its_line(tmp_path: Path, hook: str) -> None:
    code = "\nclass Chat(StreamingUser):\n    @task\n    def converse(self):\n        self.ask()\n"

    behaved = behave(tmp_path, code + HOOKS[hook], measure='"30s"')

    assert str(behaved.failure).startswith(f"{tmp_path}/behaved.py:")
    assert ("SystemExit: 3" if hook == "SystemExit" else "ZeroDivisionError: division by zero") in str(behaved.failure)
    assert sum(line.startswith("Traceback") for line in behaved.said) <= 1


def test_a_timeout_of_a_user_who_waits_for_an_arrival_counts_from_the_request(tmp_path: Path) -> None:
    behaved = behave(
        tmp_path,
        """
class Ide(StreamingUser):
    @task
    def complete(self):
        with gevent.Timeout(0.05, False):
            self.ask()
""",
        load="rate = [8]\nmax_in_flight = 20",
    )

    assert behaved.failure is None
    assert behaved.outcomes <= {"stopped_by_user", "cancelled_by_run"}
    stopped = [row for row in behaved.rows if row.outcome == "stopped_by_user"]
    assert sum((row.end_ns or 0) - (row.intended_ns or 0) > 40e6 for row in stopped) > len(stopped) / 2


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_of_prompts_is_asked_behind_the_system_prompt_in_every_worker(tmp_path: Path, workers: int) -> None:
    lines = [
        '{"prompt": "one two"}',
        '[{"role": "system", "content": "own"}, {"role": "user", "content": "a b c d e"}]',
    ]
    (tmp_path / "asked.jsonl").write_text("\n".join(lines))
    behaved = behave(
        tmp_path,
        """
class Chat(StreamingUser):
    keep_text = True
    @task
    def converse(self):
        answer = self.ask(name="told")
        if answer.ok and answer.row.phase == "measure":
            print(len(answer.text.split()), [message["role"] for message in answer.messages])
""",
        workers,
        sets=['traffic.prompts="asked.jsonl"', 'traffic.system="be brief"'],
    )

    assert behaved.failure is None
    assert {row.asked_input_tokens for row in behaved.rows} == {1 + 2 + 2, 1 + 1 + 5}
    assert {row.name for row in behaved.rows} == {"told"}
    assert len({row.prompt_id for row in behaved.rows}) == 2
    assert "16 ['system', 'user', 'assistant']" in behaved.said


def test_a_behaviour_asks_with_words_of_its_own_in_one_conversation(tmp_path: Path) -> None:
    behaved = behave(
        tmp_path,
        """
class Chat(StreamingUser):
    @task
    def converse(self):
        first = self.ask("Say hello.", max_tokens=5)
        if first.ok:
            again = self.ask([*first.messages, DRAWN], max_tokens=6, name="again")
            print(first.usage.output, first.ttft_s > 0, again.ok and len(again.messages), again.outcome)
""",
    )

    assert behaved.failure is None
    ended = {(row.name, row.turn, row.output_tokens) for row in behaved.rows if row.outcome == "length"}
    assert ended == {(None, 0, 5), ("again", 1, 6)}
    assert "5 True 4 length" in behaved.said
    assert sum("OldImportWarning: ask() returns an Answer: read its row" in line for line in behaved.said) == 1


def test_what_is_no_conversation_ends_the_run_with_its_line_and_what_was_expected(tmp_path: Path) -> None:
    behaved = behave(
        tmp_path,
        """
class Chat(StreamingUser):
    @task
    def converse(self):
        self.ask([{"role": "user"}])
""",
    )

    assert f"{tmp_path}/behaved.py:" in str(behaved.failure)
    assert "MessageError: expected the content of message 1 to be a text, got none" in str(behaved.failure)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_locustfile_of_the_last_release_runs_and_its_import_is_named_once(tmp_path: Path, workers: int) -> None:
    behaved = behave(
        tmp_path,
        """
from firsttoken.load.users import StreamingUser
class Chat(StreamingUser):
    @task
    def converse(self):
        self.ask()
""",
        workers,
    )

    assert behaved.failure is None
    assert "length" in behaved.outcomes
    moved = "firsttoken.load.users has moved: import from firsttoken.locust; "
    assert sum(moved in line for line in behaved.said) == 1, behaved.said
