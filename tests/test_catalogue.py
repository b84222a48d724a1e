"""The catalogue says what each dated source says, and nothing where a source says nothing."""

from pathlib import Path

import pytest

from firsttoken.catalogue import (
    DEFAULTS,
    SPEEDS,
    CatalogueError,
    Faults,
    LongContext,
    Model,
    Simulated,
    Source,
    dump_catalogue,
    find_assumed,
    load_catalogue,
    resolve_simulated,
)

CATALOGUE = load_catalogue()


def test_the_published_comparison_stands_beside_the_list_prices():
    codex, general = (CATALOGUE[name].sources["comparison"] for name in ("gpt-5.2-codex", "gpt-5.4"))

    assert (codex.window_tokens, codex.input, codex.output, codex.ttft_s, codex.tokens_per_s, codex.images) == (
        *(256_000, 3.00, 12.00, 1.1, 85, False),
    )
    assert (general.window_tokens, general.input, general.output, general.ttft_s, general.tokens_per_s) == (
        *(512_000, 5.50, 18.00, 0.7, 140),
    )
    assert CATALOGUE["gpt-5.4"].sources["list"].long_context == LongContext(272_000, 2.0, 1.5)
    assert CATALOGUE["gpt-5.2-codex"].sources["list"].output == 14.00


def test_every_source_says_who_said_it_and_when():
    sources = [source for model in CATALOGUE.values() for source in model.sources.values()]

    assert sources
    assert all(source.title and source.read.startswith("20") for source in sources)


def test_what_a_source_does_not_say_is_none_and_never_zero():
    open_weights = CATALOGUE["gpt-oss-20b"].sources["list"]

    assert (open_weights.input, open_weights.output, open_weights.ttft_s) == (None, None, None)
    figures = [
        getattr(source, field)
        for model in CATALOGUE.values()
        for source in model.sources.values()
        for field in ("input", "cached_input", "cache_write", "output", "ttft_s", "tokens_per_s", "window_tokens")
    ]
    assert 0 not in figures


def test_a_model_is_simulated_by_its_published_figures():
    codex = resolve_simulated(CATALOGUE["gpt-5.2-codex"], "comparison", Simulated())

    assert (codex.ttft_s, codex.tokens_per_s, codex.reference_input_tokens) == (1.1, 85, 400)
    assert codex.faults == Faults()


def test_gpt_5_4_degrades_a_little_less_than_codex():
    codex, general = (
        resolve_simulated(CATALOGUE[name], "comparison", Simulated()) for name in ("gpt-5.2-codex", "gpt-5.4")
    )

    assert 0 < general.batch_slowdown < codex.batch_slowdown


def test_a_scenario_overrides_the_model_and_the_model_the_defaults():
    model = Model(
        name="m",
        title="M",
        vendor="v",
        sources={"list": Source(title="p", read="2026", ttft_s=1.0, tokens_per_s=10)},
        simulated=Simulated(slots=4, queue=8),
    )

    resolved = resolve_simulated(model, "list", Simulated(slots=2, ttft_s=0.1))

    assert (resolved.slots, resolved.ttft_s) == (2, 0.1)
    assert (resolved.queue, resolved.tokens_per_s) == (8, 10)
    assert resolved.prefill_rate == DEFAULTS.prefill_rate


def test_zero_is_a_setting_and_not_a_gap():
    resolved = resolve_simulated(CATALOGUE["gpt-5.4"], "comparison", Simulated(queue=0, jitter=0))

    assert (resolved.queue, resolved.jitter) == (0, 0)


def test_speeds_come_from_another_source_when_the_chosen_one_states_none():
    assert CATALOGUE["gpt-5.4"].sources["list"].ttft_s is None
    assert resolve_simulated(CATALOGUE["gpt-5.4"], "list", Simulated()).ttft_s == 0.7


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_model_can_be_simulated_and_what_no_source_states_is_assumed(name):
    model = CATALOGUE[name]
    stated = {field for source in model.sources.values() for field in SPEEDS if getattr(source, field)}

    resolved = resolve_simulated(model, "list", Simulated())

    assert resolved.ttft_s and resolved.tokens_per_s
    assert set(find_assumed(model, "list", Simulated())) == set(SPEEDS) - stated


def test_a_speed_that_the_scenario_states_is_not_assumed():
    assert find_assumed(CATALOGUE["gpt-5"], "list", Simulated()) == ["ttft_s", "tokens_per_s"]
    assert find_assumed(CATALOGUE["gpt-5"], "list", Simulated(ttft_s=0.5)) == ["tokens_per_s"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[model]]\nname = 'm'\ntitle = 'M'", "model.m.vendor: expected text, got nothing; it is required"),
        ("[[model]]\nname='m'\ntitle='M'\nvendor='v'\nprice=1", "model.m: expected the keys name, simulated, sources"),
        (
            "[[model]]\nname='m'\ntitle='M'\nvendor='v'\n[model.sources.list]\ntitle='p'\nread='2026'\ninput=-1",
            "model.m.sources.list.input: expected a number >= 0, got -1",
        ),
        (
            "[[model]]\nname='m'\ntitle='M'\nvendor='v'\n[model.simulated.freeze]\nat='12s'\nlasts='0s'",
            'model.m.simulated.freeze.lasts: expected a duration above zero such as "5s", got "0s"',
        ),
        ("[[model]]\nname='m'\ntitle='M'\nvendor='v'\n" * 2, "model.name: expected each model once, got m twice"),
    ],
)
def test_a_wrong_catalogue_is_refused_in_one_sentence(tmp_path: Path, text, sentence):
    path = tmp_path / "models.toml"
    path.write_text(text)

    with pytest.raises(CatalogueError) as caught:
        load_catalogue(path)

    assert str(caught.value).startswith(f"{path}: {sentence}")


OWN = """
[[model]]
name = "mine-1"
title = "Mine 1"
vendor = "We"
[model.sources.list]
title = "our price list"
read = "2026"
input = 0.5
output = 1.5

[[model]]
name = "gpt-5.4"
title = "GPT-5.4 by contract"
vendor = "OpenAI"
[model.sources.contract]
title = "our contract"
read = "2026"
input = 2.0
output = 12.0
"""


def test_a_models_toml_of_ones_own_adds_to_the_catalogue_and_its_rows_win(tmp_path, monkeypatch):
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "models.toml").write_text(OWN)
    monkeypatch.chdir(tmp_path)

    catalogue = load_catalogue()

    assert CATALOGUE.keys() | {"mine-1"} == catalogue.keys()
    assert catalogue["gpt-5.4"].sources.keys() == {"contract"}
    assert catalogue["gpt-5.2-codex"] == CATALOGUE["gpt-5.2-codex"]


def test_a_fault_in_ones_own_file_names_the_file(tmp_path, monkeypatch):
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "models.toml").write_text(OWN.replace("input = 0.5", "input = -1"))
    monkeypatch.chdir(tmp_path)

    with pytest.raises(CatalogueError, match=r"^scenarios/models\.toml: model\.mine-1\.sources\.list\.input: expected"):
        load_catalogue()


def test_a_catalogue_that_is_written_out_loads_as_an_equal_one(tmp_path):
    path = tmp_path / "models.toml"
    path.write_text(dump_catalogue(CATALOGUE))

    assert load_catalogue(path) == CATALOGUE
