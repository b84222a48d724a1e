"""Scenarios: from a file and overrides to a Scenario and back, and one sentence for each thing that is wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken import kit
from firsttoken.catalogue import load_catalogue
from firsttoken.plan.warnings import find_warnings
from firsttoken.scenario.course import Spike
from firsttoken.scenario.format import Budget, Demand, Scenario, Spread, Timeouts, Traffic
from firsttoken.scenario.load import Load, Search, Until
from firsttoken.scenario.reading import dump_toml, find_scenario, load_scenario, reopen_scenario, schema
from firsttoken.scenario.retry import Retry
from firsttoken.scenario.slo import Slo
from firsttoken.scenario.target import Prices, Target
from firsttoken.scenario.values import ScenarioError
from tests.command import ROOT

MINIMAL = """
name = "made"
[[target]]
model = "gpt-5.4"
[traffic]
locustfile = "chat"
input_tokens = 400
output_tokens = 128
[load]
users = [1, 4]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "made.toml"
    file.write_text(MINIMAL)
    return file


def refusal(path: Path, *overrides: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_the_file_leaves_out_has_its_default(path):
    scenario = load_scenario(path)

    assert scenario.seed == 7
    assert scenario.target[0].name == "gpt-5.4"
    assert (scenario.load.measure, scenario.load.hold) == ("auto", "120s")
    assert scenario.retry.policy == "openai"
    assert scenario.demand is None


def test_a_refusal_names_the_file_the_key_what_was_expected_and_what_came(path):
    path.write_text(MINIMAL.replace("users = [1, 4]", "users = [-1]"))

    assert refusal(path) == f"{path}: load.users[0]: expected a whole number >= 1, got -1"


REFUSED = (Path(__file__).parent / "refused.txt").read_text().splitlines()
"""What somebody may write with --set, several settings with " ; " between them."""


def test_what_is_wrong_with_a_scenario_is_one_sentence(path, snapshot, monkeypatch):
    monkeypatch.chdir(path.parent)
    Path("trace.csv").write_text(TRACE)
    path = Path(path.name)
    sentences = {line: refusal(path, *line.replace("\\n", "\n").split(" ; ")) for line in REFUSED}
    told = {line: sentence.partition(": ")[2] for line, sentence in sentences.items()}

    assert not any("hunter2" in sentence for sentence in told.values())
    snapshot("scenario_errors", told)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("[traffic]", "[trafic]"), 'did you mean "traffic"?'),
        (("users = [1, 4]", "users = ["), "expected valid TOML"),
    ],
)
def test_what_is_wrong_with_the_file_is_one_sentence_too(path, change, key):
    path.write_text(MINIMAL.replace(*change))

    assert key in refusal(path)


TRACE = """TIMESTAMP,ContextTokens,GeneratedTokens
2026-01-01 00:00:00.0000000,300,10
2026-01-01 00:00:02.5000000,100,20
2026-01-01 00:00:05.0000000,900,90
"""


def test_lengths_that_a_trace_leaves_out_are_its_mean(path, tmp_path):
    trace = tmp_path / "azure.csv"
    trace.write_text(TRACE)
    text = MINIMAL.replace("input_tokens = 400\noutput_tokens = 128", f'trace = "{trace}"\ntrace_to = "4s"')
    path.write_text(text.replace("users = [1, 4]", ""))

    traffic = load_scenario(path).traffic

    assert (traffic.input_tokens, traffic.output_tokens) == (200, 15)


def test_what_was_resolved_is_read_again_without_the_trace(path):
    path.write_text(MINIMAL.replace("input_tokens", 'trace = "gone.csv"\ninput_tokens').replace("users = [1, 4]", ""))

    assert reopen_scenario(path).traffic.trace == "gone.csv"


def test_an_override_wins_over_the_file(path):
    scenario = load_scenario(path, ["load.users=[2, 8]", "slo.ttft=1s", "seed=9"])

    assert (scenario.load.users, scenario.slo.ttft, scenario.seed) == ([2, 8], "1s", 9)


def test_an_override_reaches_a_target_by_its_name_dots_and_all(path):
    scenario = load_scenario(path, ["target.gpt-5.4.api=responses", "target.gpt-5.4.extra_body.temperature=0.5"])

    assert scenario.target[0].api == "responses"
    assert scenario.target[0].extra_body == {"temperature": 0.5}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ('"http://127.0.0.1:8000/v1"', "http://127.0.0.1:8000/v1"),
        ("", ""),
        ("http://127.0.0.1:8000/v1?api-version=2", "http://127.0.0.1:8000/v1?api-version=2"),
    ],
)
def test_a_bare_word_is_text_quotes_or_not(path, value, expected):
    assert load_scenario(path, [f"target.gpt-5.4.base_url={value}"]).target[0].base_url == expected


def test_a_bare_name_is_one_of_the_scenarios():
    assert find_scenario("quickstart").name == "quickstart.toml"


def test_a_path_stays_a_path(path):
    assert find_scenario(str(path)) == path


def test_a_name_that_nobody_has_is_refused_with_what_exists():
    with pytest.raises(ScenarioError, match=r'hosted, llama-cpp.*got quikstart; did you mean "quickstart"\?'):
        find_scenario("quikstart")


def test_a_path_where_nothing_is_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match=r"nowhere\.toml: expected a scenario, got no such file"):
        find_scenario(str(tmp_path / "nowhere.toml"))


@pytest.mark.parametrize("path", kit.list_files("scenarios"), ids=lambda path: path.stem)
def test_every_scenario_of_the_kit_loads_without_a_warning_and_completes_in_editors(path):
    assert find_warnings(load_scenario(path), load_catalogue()) == []
    assert path.read_text().startswith("#:schema ./scenario.schema.json\n")


def test_the_committed_schema_is_current(hold_file):
    hold_file(ROOT / "scenarios" / "scenario.schema.json", schema())


def durations() -> st.SearchStrategy[str]:
    return st.builds("{}{}".format, st.integers(1, 999), st.sampled_from(["ms", "s", "m"]))


def lengths() -> st.SearchStrategy[int | Spread]:
    spreads = st.builds(lambda median, factor: Spread(median, median * factor), st.floats(1, 1e4), st.floats(1, 9))
    return st.integers(1, 10_000) | spreads


def targets() -> st.SearchStrategy[Target]:
    plain = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=9)
    return st.builds(
        Target,
        model=st.sampled_from(["gpt-5.4", "gpt-5.2-codex"]),
        name=st.from_regex(r"[\w.-]{1,20}", fullmatch=True),
        base_url=st.sampled_from(["", "http://127.0.0.1:8000/v1"]),
        api=st.sampled_from(["chat", "completions", "responses"]),
        prices=st.sampled_from(["comparison", "list", "unknown"]),
        price=st.none() | st.builds(Prices, input=st.floats(0, 100), output=st.floats(0, 100)),
        extra_body=st.dictionaries(plain.map("x {}".format), st.integers() | plain | st.booleans(), max_size=3),
    )


def loads() -> st.SearchStrategy[Load]:
    """One of each kind, with keys that go with it."""
    ladders = {"users": st.integers(1, 5000), "rate": st.floats(0.01, 100)}
    users, rate = (st.lists(levels, min_size=1, max_size=5, unique=True).map(sorted) for levels in ladders.values())
    spike = st.builds(Spike, by=st.sampled_from(["users", "rate"]), base=st.integers(0, 9), peak=st.integers(10, 99),
                      before=durations(), lasts=durations(), after=durations())  # fmt: skip
    until = st.builds(Until, metric=st.just("ttft_p95"), within=st.floats(0.01, 0.5))
    return st.one_of(
        st.builds(Load, users=users, measure=durations() | st.just("auto"), requests=st.integers(0, 1000)),
        st.builds(Load, rate=rate, arrivals=st.just("gamma"), cv=st.floats(0.1, 9), until=until),
        st.builds(Load, search=st.builds(Search, by=st.just("rate"), from_=st.floats(0.1, 1), to=st.floats(2, 9))),
        st.builds(Load, shape=st.just("spike"), spike=spike),
    )


SCENARIOS = st.builds(
    Scenario,
    name=st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True),
    seed=st.integers(0, 2**31),
    target=st.lists(targets(), min_size=1, max_size=3, unique_by=lambda target: target.name),
    traffic=st.builds(
        Traffic,
        locustfile=st.just("chat"),
        input_tokens=lengths(),
        output_tokens=lengths(),
        cache=st.sampled_from(["cold", "warm"]) | st.floats(0, 1),
    ),
    load=loads(),
    slo=st.builds(Slo, ttft=durations(), share=st.floats(0.5, 1)),
    retry=st.builds(Retry, policy=st.sampled_from(["none", "openai"]))
    | st.builds(Retry, policy=st.just("custom"), max_retries=st.integers(1, 9), on=st.just([429, "5xx"])),
    budget=st.builds(Budget, tokens=st.integers(0, 10**9), quota_share=st.floats(0, 1)),
    timeouts=st.builds(Timeouts, idle=durations()),
    demand=st.none() | st.builds(Demand, requests_per_day=st.floats(1, 1e7), days=st.integers(1, 60)),
)


@given(scenario=SCENARIOS)
def test_what_is_written_out_loads_as_the_same_scenario(tmp_path_factory, scenario):
    path = tmp_path_factory.getbasetemp() / "written.toml"
    path.write_text(dump_toml(scenario))

    assert reopen_scenario(path) == scenario


def test_a_folder_is_told_from_a_file_that_is_missing(tmp_path):
    folder = tmp_path / "dir.toml"
    folder.mkdir()
    (folder / "inside.toml").write_text("")

    with pytest.raises(ScenarioError, match=r"got a folder; TOML files in it: .*inside\.toml"):
        find_scenario(str(folder))


def test_an_empty_file_is_refused_with_what_to_start_from(path):
    path.write_text("# nothing yet\n")

    assert "expected a scenario, got an empty file; `firsttoken init DIR` creates" in refusal(path)


def test_a_trace_needs_no_table_of_the_load(path, tmp_path):
    trace = tmp_path / "azure.csv"
    trace.write_text(TRACE)
    path.write_text(MINIMAL.replace("users = [1, 4]", "").replace("[load]", ""))

    assert load_scenario(path, [f"traffic.trace={trace}"]).load.kinds == []
    assert "load: expected exactly one of users" in refusal(path)


def test_a_deployment_that_is_called_like_an_api_is_none(path):
    url = "https://h.test/openai/deployments/responses?api-version=1"

    assert load_scenario(path, [f"target.gpt-5.4.base_url={url!r}"]).target[0].base_url == url


def test_a_header_that_may_hold_a_key_is_refused_in_a_new_run_and_read_in_an_old_one(path):
    path.write_text(MINIMAL.replace('model = "gpt-5.4"', 'model = "gpt-5.4"\nheaders = { X-Gateway = "k-1" }'))

    assert "headers.X-Gateway: expected no literal value" in refusal(path)
    assert reopen_scenario(path).target[0].headers == {"X-Gateway": "k-1"}


def test_a_named_header_stays_named_in_the_resolved_scenario(path):
    path.write_text(
        MINIMAL.replace('model = "gpt-5.4"', 'model = "gpt-5.4"\nheaders = { X-Gateway = { env = "GATE" } }')
    )
    scenario = load_scenario(path)

    path.write_text(dump_toml(scenario))

    assert 'env = "GATE"' in path.read_text()
    assert reopen_scenario(path) == scenario


def test_the_two_models_are_compared_in_turn_over_the_responses_api_at_list_prices():
    made = load_scenario(find_scenario("codex-vs-5.4"))

    assert [target.model for target in made.target] == ["gpt-5.2-codex", "gpt-5.4"]
    assert {(target.api, target.prices, target.key_env) for target in made.target} == {
        ("responses", "list", "OPENAI_API_KEY")
    }
    assert all(target.base_url.startswith("https://api.openai.com/") for target in made.target)
    assert made.target[0].extra_body == made.target[1].extra_body
    assert (made.load.order, made.load.repeats) == ("abba", 3)
    assert made.budget.usd > 0


@pytest.mark.parametrize("model", ["gpt-5,4 b", "big-model[1m]", "accounts/x#y"])
def test_a_models_id_needs_no_quotes_on_the_command_line(path, model):
    settings = [f"target.gpt-5.4.model={model}", "target.gpt-5.4.prices=unknown", "target.gpt-5.4.base_url=http://h/v1"]

    assert load_scenario(path, [*settings[1:], settings[0]]).target[0].model == model


def test_an_override_reaches_a_target_by_the_name_that_was_made_for_it(path):
    path.write_text(MINIMAL.replace('"gpt-5.4"', '"big[1m]"\nprices = "unknown"\nbase_url = "http://h/v1"'))

    assert load_scenario(path, ["target.big-1m.api=responses"]).target[0].api == "responses"
