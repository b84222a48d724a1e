"""The wheel is the product: installed in an empty place and run from an empty directory, everything is there."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
USER_FOLDERS = ("scenarios", "locustfiles", "analysis", "reports")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the wheel's files and its console script; dependencies come from this environment."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder)]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    return folder


def run(installed: Path, cwd: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in `cwd` with the installed wheel in front of everything else Python could import."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(command, check=False, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


def test_the_wheel_carries_every_file_of_the_four_user_folders(wheel):
    packed = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        f"firsttoken/kit/{path.relative_to(ROOT).as_posix()}"
        for folder in USER_FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert {path.split("/")[2] for path in expected} == set(USER_FOLDERS)
    assert expected - packed == set()


def test_the_wheel_carries_nothing_but_the_package_and_its_own_record(wheel):
    packed = zipfile.ZipFile(wheel).namelist()

    assert {path.split("/")[0].split("-")[0] for path in packed} == {"firsttoken"}
    assert [path for path in packed if "__pycache__" in path or "/tests/" in path] == []


def test_the_installed_command_runs_from_an_empty_directory(installed, tmp_path):
    answer = run(installed, tmp_path, installed / "bin" / "firsttoken", "--help")

    assert answer.returncode == 0, answer.stderr
    assert "run" in answer.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_code_that_runs_is_the_wheels(installed, tmp_path):
    answer = run(installed, tmp_path, sys.executable, "-c", "import firsttoken; print(firsttoken.__file__)")

    assert Path(answer.stdout.strip()).is_relative_to(installed)


def test_init_lays_an_example_of_each_user_folder_into_a_directory(installed, tmp_path):
    answer = run(installed, tmp_path, installed / "bin" / "firsttoken", "init", "mine")

    assert answer.returncode == 0, answer.stderr
    assert {path.name for path in (tmp_path / "mine").iterdir() if path.is_dir()} == set(USER_FOLDERS)
    assert all(any((tmp_path / "mine" / folder).iterdir()) for folder in USER_FOLDERS)


def test_the_main_job_runs_from_an_empty_directory_to_its_report(installed, tmp_path):
    """Every file of the kit takes part: the scenario and the catalogue, the locustfile, each analysis, the report."""
    quick = ["load.users=[1]", 'load.settle="0s"', 'load.measure="2s"']
    sets = [word for change in quick for word in ("--set", change)]
    answer = run(installed, tmp_path, installed / "bin" / "firsttoken", "run", "quickstart", *sets, "--out", "out")

    assert answer.returncode in (0, 4), answer.stderr
    assert (tmp_path / "out" / "report.pdf").read_bytes().startswith(b"%PDF")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
