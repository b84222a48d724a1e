"""The four folders: the user's own files first, then the kit's; nothing of the user's is overwritten."""

from pathlib import Path

import pytest

from firsttoken import kit


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory of a user's own, and the process in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_of_the_kit_is_found_by_its_bare_name(mine):
    assert kit.find("scenarios", "quickstart").name == "quickstart.toml"
    assert kit.find("scenarios", "quickstart.toml") == kit.find("scenarios", "quickstart")


def test_a_file_of_ones_own_comes_first(mine):
    (mine / "scenarios").mkdir()
    (mine / "scenarios" / "quickstart.toml").write_text("")

    assert kit.find("scenarios", "quickstart") == Path("scenarios/quickstart.toml")
    assert Path("scenarios/quickstart.toml") in kit.list_files("scenarios")


def test_adding_a_file_is_all_it_takes(mine):
    (mine / "scenarios").mkdir()
    (mine / "scenarios" / "gpt-5.4.toml").write_text("")

    assert kit.find("scenarios", "gpt-5.4") == Path("scenarios/gpt-5.4.toml")


def test_the_catalogue_is_no_scenario(mine):
    assert {"quickstart", "llama-cpp", "hosted"} <= {path.stem for path in kit.list_files("scenarios")}
    assert "models" not in {path.stem for path in kit.list_files("scenarios")}


def test_a_missing_file_is_refused_with_what_exists(mine):
    with pytest.raises(
        kit.KitError, match=r'^scenarios/: expected one of .*hosted, .*got hostd; did you mean "hosted"\?'
    ):
        kit.find("scenarios", "hostd")


def test_init_lays_an_example_of_each_folder(mine):
    laid = kit.init_directory(mine / "new")

    assert {path.relative_to(mine / "new").parts[0] for path in laid} == set(kit.FOLDERS)
    assert all(path.stat().st_size for path in laid)


def test_init_lays_every_scenario_and_the_catalogue_that_they_name_models_of(mine):
    laid = {path.name for path in kit.init_directory(mine)}

    assert laid >= {path.name for path in kit.list_files("scenarios")}
    assert {"models.toml", "scenario.schema.json", "own.toml"} <= laid


def test_init_says_where_it_cannot_write(mine):
    (mine / "file").write_text("")

    with pytest.raises(kit.KitError, match=r"file/bench: expected a directory to write to, got: Not a directory;"):
        kit.init_directory(mine / "file" / "bench")


def test_init_overwrites_nothing_and_lays_nothing_then(mine):
    kept = mine / "scenarios" / "quickstart.toml"
    kept.parent.mkdir()
    kept.write_text("mine")

    with pytest.raises(kit.KitError, match=r"quickstart\.toml: expected no such file yet, but it exists"):
        kit.init_directory(mine)

    assert kept.read_text() == "mine"
    assert [path.name for path in mine.iterdir()] == ["scenarios"]


def test_every_file_of_a_name_is_found_ones_own_first_and_each_once(mine):
    (mine / "scenarios").mkdir()
    (mine / "scenarios" / "models.toml").write_text("")

    own, *others = kit.find_all("scenarios", "models.toml")

    assert own == Path("scenarios/models.toml")
    assert len(others) == 1


def test_beside_the_package_the_kits_file_is_not_found_twice(monkeypatch):
    monkeypatch.chdir(Path(kit.__file__).parents[1])

    assert len(kit.find_all("scenarios", "models.toml")) == 1
