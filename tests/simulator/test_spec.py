"""A process is told what to serve in one line, and says what is wrong with it."""

import msgspec
import pytest

from firsttoken.simulator.spec import host_models, read_spec
from tests.served import FAST


def write_spec(**fields: object) -> bytes:
    spec = {"models": [{"name": "fast", "settings": FAST}]} | fields
    return msgspec.json.encode(spec) + b"\n"


def test_port_seed_and_truth_have_defaults():
    spec = read_spec(write_spec())
    assert (spec.port, spec.seed, spec.truth) == (0, 7, None)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "expected a spec as JSON on the first line of stdin"),
        (b"{", "expected a spec as JSON"),
        (write_spec(pory=5), "pory"),
        (write_spec(models=[]), "one or more models of different names, got none"),
        (write_spec(models=[{"name": "twin", "settings": FAST}] * 2), "different names, got twin"),
        (write_spec(models=[{"name": "m", "settings": {"slots": 0}}]), "slots"),
    ],
)
def test_a_spec_that_cannot_be_served_is_refused_with_where_and_why(line, words):
    with pytest.raises(ValueError, match=words):
        read_spec(line)


def test_settings_with_gaps_are_refused():
    with pytest.raises(ValueError, match="'m': expected all settings"):
        host_models(read_spec(write_spec(models=[{"name": "m", "settings": {}}])))


def host(catalogue: str, source: str | None = None):
    model = {"name": "served", "catalogue": catalogue, "source": source, "settings": FAST}
    return host_models(read_spec(write_spec(models=[model]))).models["served"]


def test_a_catalogue_model_has_the_window_and_the_sight_of_the_first_source_that_knows_them():
    assert (host("gpt-5.2-codex").window_tokens, host("gpt-5.2-codex").images) == (256_000, False)
    assert (host("gpt-5.4").window_tokens, host("gpt-5.4").images) == (512_000, True)


def test_a_named_source_goes_before_the_others():
    assert host("gpt-5.2-codex", "list").window_tokens == 400_000
    assert host("gpt-5.2-codex", "list").images is False


def test_a_model_outside_the_catalogue_has_no_known_bounds():
    hosted = host_models(read_spec(write_spec())).models["fast"]
    assert (hosted.window_tokens, hosted.images) == (None, None)


def test_an_unknown_catalogue_model_or_source_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"expected a model of the catalogue \(.*gpt-5\.4.*\), got 'gpt-9'"):
        host("gpt-9")
    with pytest.raises(ValueError, match=r"expected a source of gpt-5\.4 \(comparison, list\), got 'rumour'"):
        host("gpt-5.4", "rumour")
