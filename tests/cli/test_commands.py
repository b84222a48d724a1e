"""Bad input is one clear sentence and exit code 1: what was expected, what came, where, what next. No traceback."""

import json
import os
import pty
import re
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from firsttoken import __version__
from firsttoken.catalogue import load_catalogue
from tests.command import FAST, REAL, ROOT, assert_ended_well, command, firsttoken, write_scenario
from tests.made_run import make_run
from tests.served import fast, serve


def refuse(*arguments: str | Path, **variables: str) -> str:
    """Run a command that must refuse; its sentence."""
    done = firsttoken(*arguments, **variables)
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    sentence = done.stderr.strip()
    assert sentence.startswith("firsttoken: ")
    assert "\n" not in sentence
    return sentence


def test_help_names_every_command() -> None:
    done = firsttoken("--help")

    assert done.returncode == 0
    for name in ("run", "report", "simulate", "check", "calibrate", "init", "verify", "sql"):
        assert f" {name} " in done.stdout


def test_version_is_the_packages() -> None:
    assert firsttoken("--version").stdout.strip() == __version__


def test_an_unknown_command_is_refused() -> None:
    assert "launhc" in refuse("launhc")


def test_a_missing_scenario_is_answered_with_those_that_exist() -> None:
    assert "quickstart" in refuse("run", "quikstart")


def test_a_missing_scenario_file_is_refused_by_its_path(tmp_path: Path) -> None:
    assert "nowhere.toml" in refuse("run", tmp_path / "nowhere.toml")


def test_a_typo_in_a_key_is_answered_with_the_nearest_key(tmp_path: Path) -> None:
    scenario = write_scenario(tmp_path, FAST.replace("output_tokens", "output_tokes"))

    sentence = refuse("run", scenario)

    assert "output_tokes" in sentence
    assert "output_tokens" in sentence


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("load.users=[-1]", "-1"),
        ("load.rate=[1.0]", "got users and rate"),
        ("target.gpt-5.4.model=gpt-9", "gpt-9"),
        ("target.gpt-5.4.key_env=FIRSTTOKEN_NO_SUCH_KEY", "FIRSTTOKEN_NO_SUCH_KEY"),
        ("slo.at=users=7", "users=7"),
        ("load.order=sideways", "sideways"),
    ],
)
def test_an_impossible_value_is_refused_by_its_key(tmp_path: Path, override: str, words: str) -> None:
    assert words in refuse("run", write_scenario(tmp_path), "--set", override)


def test_less_than_one_worker_is_refused() -> None:
    assert "--workers" in refuse("run", "quickstart", "--workers", "0")


def test_a_dry_run_says_what_a_run_will_take_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = firsttoken("run", "quickstart", "--dry-run", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    header, codex, other, total, *assumptions = done.stdout.splitlines()
    assert header.split()[:2] == ["stages", "minutes"]
    assert codex.startswith("gpt-5.2-codex") and "$0 (on the real API: $" in codex
    assert other.startswith("gpt-5.4") and total.startswith("in all")
    assert "hold up to 20 s" in assumptions[0]
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_sends_nothing_and_needs_no_key(tmp_path: Path) -> None:
    """Nobody listens at its base_url, and its key is not set."""
    done = firsttoken("run", write_scenario(tmp_path, PAID), "--dry-run", "--json")

    assert done.returncode == 0, done.stderr
    estimate = json.loads(done.stdout)
    assert estimate["targets"][0]["stages"] == [1, 1]
    assert estimate["usd"] > 1


def test_a_dry_run_refuses_a_locustfile_that_is_not_there() -> None:
    said = refuse("run", "quickstart", "--dry-run", "--set", "traffic.locustfile=chatt")

    assert 'locustfiles/: expected one of chain, chat, completion, got chatt; did you mean "chat"?' in said


PAID = REAL
for plain, paid in {'"fast"': '"gpt-5.4"', '"unknown"': '"list"', "[2]": "[100]", '"2s"': '"60s"'}.items():
    PAID = PAID.replace(plain, paid)
"""A target that has a price and a published speed, asked so often that it may cost more than a dollar."""


def test_what_may_cost_more_than_a_dollar_is_not_started_where_nobody_can_be_asked(tmp_path: Path) -> None:
    sentence = refuse("run", write_scenario(tmp_path, PAID), "--out", tmp_path / "run", FIRSTTOKEN_TEST_KEY="sk-1")

    assert "This run may cost up to $" in sentence
    assert "add --yes" in sentence
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("consent", [["--yes"], ["--set", "budget.usd=1"]])
def test_it_is_started_by_who_says_so_or_bounds_it(tmp_path: Path, consent: list[str]) -> None:
    scenario = write_scenario(tmp_path, PAID)

    sentence = refuse("run", scenario, "--out", tmp_path / "run", *consent, FIRSTTOKEN_TEST_KEY="sk-1")

    assert "start the server or fix base_url" in sentence


@pytest.mark.parametrize(("answer", "words"), [("n", "nothing was sent"), ("", "nothing was sent"), ("y", "refused")])
def test_on_a_terminal_somebody_is_asked(tmp_path: Path, answer: str, words: str) -> None:
    said, code = on_a_terminal(answer, "run", write_scenario(tmp_path, PAID), "--out", tmp_path / "run")

    assert "This run may cost up to $" in said
    assert "Continue? [y/N]" in said
    assert words in said
    assert code == 1
    assert (tmp_path / "run").exists() == (answer == "y")


def on_a_terminal(answer: str, *arguments: str | Path) -> tuple[str, int]:
    """Run a command whose input and progress are a terminal where `answer` is typed; what it showed, its exit code."""
    words, environment = command(*arguments, FIRSTTOKEN_TEST_KEY="sk-1", TERM="dumb")
    ours, theirs = pty.openpty()
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        shown = b""
        with suppress(OSError):  # how a terminal says that nobody is left at its other end
            while part := os.read(ours, 4096):
                shown += part
        os.close(ours)
        return " ".join(shown.decode().split()), process.wait(timeout=60)


def test_out_with_content_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")

    sentence = refuse("run", "quickstart", "--out", tmp_path)

    assert "got one with content" in sentence
    assert mine.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_out_that_is_a_file_is_called_one_before_anything_else_is_said(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()

    sentence = refuse("run", "quickstart", "--set", "load.users=[2000]", "--out", tmp_path / "mine.txt")

    assert "expected a new or empty folder, got a file" in sentence


def test_a_run_without_a_scenario_is_answered_with_an_example_and_those_that_exist(tmp_path: Path) -> None:
    sentence = refuse("run")

    assert "got none; try `firsttoken run quickstart`" in sentence
    assert "codex-vs-5.4, hosted" in sentence
    assert "got both" in refuse("run", "quickstart", "--resume", tmp_path)


def test_arguments_are_refused_in_plain_words() -> None:
    assert "run: expected no further argument, got extra words; see" in refuse("run", "quickstart", "extra", "words")
    assert '--workers: expected a whole number, got "two"' in refuse("run", "quickstart", "--workers", "two")
    assert "Did you mean --workers" in refuse("run", "quickstart", "--worker", "2")
    assert 'did you mean "sql"?' in refuse("slq")


def test_help_shows_no_empty_defaults_and_an_example() -> None:
    assert '[default: ""]' not in firsttoken("run", "--help").stdout
    assert "[default: False]" not in firsttoken("run", "--help").stdout
    assert "firsttoken run quickstart" in firsttoken("--help").stdout
    assert "--install-completion" in firsttoken("--help").stdout


def test_a_folder_without_a_manifest_is_told_from_one_that_is_not_there(tmp_path: Path) -> None:
    assert f"{tmp_path}: expected a run folder with a manifest.json, got a folder without one" in refuse(
        "verify", tmp_path
    )
    assert "got No such file or directory" in refuse("report", tmp_path / "nowhere")


def test_a_report_is_a_pdf_where_it_was_asked_for(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", levels=(1,), targets=("gpt-5.4",))

    assert "x.html: expected the name of a PDF" in refuse("report", run, "--out", tmp_path / "x.html")
    assert "/nowhere/x.pdf: expected to write the report" in refuse("report", run, "--out", tmp_path / "nowhere/x.pdf")


def test_a_query_of_a_table_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", levels=(1,), targets=("gpt-5.4",))

    sentence = refuse("sql", run, "select count(*) from atempts")

    assert "The tables are attempts, quarantined, stages, health, truth" in sentence
    assert sentence.endswith('did you mean "attempts"?')


def test_a_worker_says_whom_it_waits_for(tmp_path: Path) -> None:
    words, environment = command("worker", "--master", "127.0.0.1:1", "--spool", tmp_path)
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        process.kill()

    assert said.startswith("waiting for a master at 127.0.0.1:1; ")


def test_a_refused_connection_is_told_before_any_load(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    scenario = write_scenario(tmp_path, REAL, base_url=f'"{url}"')

    sentence = refuse("run", scenario, "--out", tmp_path / "run", FIRSTTOKEN_TEST_KEY="sk-1")

    assert url in sentence
    assert "refused" in sentence
    assert "start the server or fix base_url" in sentence


def test_a_wrong_key_is_told_in_the_servers_words_and_never_shown(tmp_path: Path) -> None:
    canary = "sk-canary-0123456789abcdef"
    with serve({"fast": fast(api_key="sk-right")}) as served:
        scenario = write_scenario(tmp_path, REAL, base_url=f'"{served.base_url}"')

        sentence = refuse("run", scenario, "--out", tmp_path / "run", FIRSTTOKEN_TEST_KEY=canary)

    assert "Incorrect API key provided" in sentence
    assert "fix the key" in sentence
    assert canary not in sentence
    assert find_in_files(tmp_path, canary) == []


def test_a_base_url_without_its_version_is_told_where_to_look(tmp_path: Path) -> None:
    with serve() as served:
        scenario = write_scenario(tmp_path, REAL, base_url=f'"{served.base_url.removesuffix("/v1")}"')

        sentence = refuse("run", scenario, "--out", tmp_path / "run", FIRSTTOKEN_TEST_KEY="sk-1")

    assert "base_url (most end in /v1)" in sentence


@pytest.mark.parametrize("port", ["-1", "65536", "99999"])
def test_a_port_that_cannot_be_is_one_sentence(port: str) -> None:
    assert "--port" in refuse("simulate", "--port", port)


def test_a_model_that_cannot_be_simulated_is_answered_with_those_that_can() -> None:
    sentence = refuse("simulate", "gpt-5.2-codx")

    assert '"gpt-oss-20b"' in sentence
    assert sentence.endswith('did you mean "gpt-5.2-codex"?')


def test_every_model_of_the_catalogue_can_be_simulated_and_put_into_quickstart() -> None:
    for name in set(load_catalogue()) - {"gpt-5.4"}:
        done = firsttoken("run", "quickstart", "--dry-run", "--set", f"target.gpt-5.2-codex.model={name}")

        assert done.returncode == 0, done.stderr
        assert name in done.stdout
        assert ("no source states its speed" in done.stderr) == (name != "gpt-5.2-codex")


def test_a_port_that_is_taken_is_one_sentence_with_the_way_out() -> None:
    with serve() as served:
        sentence = refuse("simulate", "--port", str(served.port))

    assert f"--port {served.port}: expected to listen there" in sentence
    assert "choose another" in sentence


def test_a_right_key_is_in_no_file_and_no_output_either(tmp_path: Path) -> None:
    canary = "sk-canary-fedcba9876543210"
    with serve({"fast": fast(api_key=canary, ttft_s=0.2)}) as served:
        scenario = write_scenario(tmp_path, REAL, base_url=f'"{served.base_url}"')
        done = firsttoken("run", scenario, "--out", tmp_path / "run", FIRSTTOKEN_TEST_KEY=canary)
        seen = firsttoken("check", scenario, FIRSTTOKEN_TEST_KEY=canary)

    assert_ended_well(done)
    assert seen.returncode == 0, seen.stderr
    assert canary not in done.stdout + done.stderr + seen.stdout + seen.stderr
    assert find_in_files(tmp_path, canary) == []


def test_a_key_in_a_header_of_its_own_is_sent_is_in_no_file_and_is_found_again_by_a_resumed_run(tmp_path: Path) -> None:
    canary, named = "Bearer sk-canary-0011223344", 'headers = { Authorization = { env = "FIRSTTOKEN_TEST_HEADER" } }'
    with serve({"fast": fast(api_key=canary.removeprefix("Bearer "), ttft_s=0.2)}) as served:
        text = REAL.replace('key_env = "FIRSTTOKEN_TEST_KEY"', named)
        scenario = write_scenario(tmp_path, text, base_url=f'"{served.base_url}"')
        unset = refuse("run", scenario, "--out", tmp_path / "run")
        done = firsttoken("run", scenario, "--out", tmp_path / "run", FIRSTTOKEN_TEST_HEADER=canary)
        manifest = tmp_path / "run" / "manifest.json"
        manifest.write_text(manifest.read_text().replace('"complete"', '"interrupted"'))
        resumed = firsttoken("run", "--resume", tmp_path / "run", FIRSTTOKEN_TEST_HEADER=canary)

    assert "headers.Authorization: expected the variable FIRSTTOKEN_TEST_HEADER to hold the value" in unset
    assert_ended_well(done)
    assert_ended_well(resumed)
    assert canary not in done.stdout + done.stderr + resumed.stdout + resumed.stderr
    assert find_in_files(tmp_path, canary.removeprefix("Bearer ")) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def broken(:\n", "SyntaxError"),
        ("raise RuntimeError('no user today')\n", "no user today"),
        ("x = 1\n", "expected a class of users"),
    ],
)
def test_a_locustfile_that_cannot_be_used_is_told_before_any_load(tmp_path: Path, source: str, words: str) -> None:
    (tmp_path / "locustfiles").mkdir()
    (tmp_path / "locustfiles" / "odd.py").write_text(source)
    scenario = write_scenario(tmp_path, locustfile='"odd"')

    done = firsttoken("run", scenario, "--out", tmp_path / "run", cwd=tmp_path)

    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def find_in_files(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_check_says_what_a_target_answers_to_us_and_to_the_openai_package(tmp_path: Path) -> None:
    done = firsttoken("check", write_scenario(tmp_path), "--set", "target.gpt-5.2-codex.api=completions", "--json")

    findings = {finding["target"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 0, done.stderr
    assert findings.keys() == {"gpt-5.2-codex", "gpt-5.4"}
    for finding in findings.values():
        assert finding["streams"] is True
        assert finding["usage"] == "2 in, 16 out"
        assert finding["openai_package"].startswith("ok, ")
        assert "x-request-id" in finding["fields"]


def test_init_lays_down_a_directory_says_what_is_next_and_never_overwrites(tmp_path: Path) -> None:
    done = firsttoken("init", tmp_path / "bench")
    assert done.returncode == 0, done.stderr
    laid = [Path(line) for line in done.stdout.splitlines()]
    assert {path.parent.name for path in laid} == {"scenarios", "locustfiles", "analysis", "reports"}
    assert str(tmp_path / "bench") in done.stderr
    assert "firsttoken check own" in done.stderr and "firsttoken run quickstart" in done.stderr

    assert "expected no such file yet" in refuse("init", tmp_path / "bench")


def test_the_scenario_of_ones_own_endpoint_needs_no_more_than_its_three_lines(tmp_path: Path) -> None:
    assert firsttoken("init", tmp_path).returncode == 0
    own = tmp_path / "scenarios" / "own.toml"
    with serve({"mine": fast(api_key="sk-mine")}) as served:
        lines = {"base_url": served.base_url, "model": "mine", "key_env": "MY_KEY", "prices": "unknown"}
        text = own.read_text()
        for key, value in lines.items():
            text = re.sub(rf'(?m)^{key} = "[^"]*"', f'{key} = "{value}"', text)
        own.write_text(text.replace("usd = 5", "requests = 500"))

        done = firsttoken("check", "scenarios/own.toml", "--json", cwd=tmp_path, MY_KEY="sk-mine")

    assert done.returncode == 0, done.stderr
    [finding] = json.loads(done.stdout)
    assert (finding["target"], finding["streams"]) == ("mine", True)


def test_the_two_real_models_are_predicted_without_a_key(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "OPENAI_API_KEY"}
    words, _ = command("run", "codex-vs-5.4", "--dry-run", "--json")
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    estimate = json.loads(done.stdout)
    assert [target["target"] for target in estimate["targets"]] == ["gpt-5.2-codex", "gpt-5.4"]
    assert 0 < estimate["usd"] <= 25
    assert list(tmp_path.iterdir()) == []


def test_a_run_past_what_this_machine_can_watch_gives_a_warning_before_it_starts(tmp_path: Path) -> None:
    done = firsttoken(
        "run", "quickstart", "--set", "load.users=[2000]", "--dry-run", XDG_CACHE_HOME=str(tmp_path / "cache")
    )

    [warning] = done.stderr.splitlines()
    assert warning.startswith("note: the plan needs 2,000 streams")
    assert "run `firsttoken calibrate` first" in warning


def test_a_scenario_that_is_none_is_refused_before_a_calibration_takes_its_minute() -> None:
    assert "quickstart" in refuse("calibrate", "quikstart")
    assert "--most" in refuse("calibrate", "--most", "0")


@pytest.mark.parametrize("command", [("report",), ("verify",), ("sql",)])
def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, command: tuple[str]) -> None:
    query = ["select 1"] if command == ("sql",) else []

    assert str(tmp_path) in refuse(*command, tmp_path, *query)
