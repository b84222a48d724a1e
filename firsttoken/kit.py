"""The four folders that users add files to, and where a file of one of them is found.

Rule: this is the only place that knows the order: ./FOLDER, then the kit inside the installed package, then beside
the package (a checkout). Adding a file to a folder is all it takes.
"""

import difflib
import shutil
from pathlib import Path

from firsttoken.error import FirstTokenError

FOLDERS = {"scenarios": ".toml", "locustfiles": ".py", "analysis": ".py", "reports": ".typ"}
"""Each folder with the ending of the files that are its entries."""

STARTER = (
    "scenarios/own.toml",
    "scenarios/quickstart.toml",
    "scenarios/codex-vs-5.4.toml",
    "scenarios/hosted.toml",
    "scenarios/llama-cpp.toml",
    "scenarios/open-loop.toml",
    "scenarios/search.toml",
    "scenarios/sdk.toml",
    "scenarios/models.toml",
    "scenarios/scenario.schema.json",
    "locustfiles/chat.py",
    "locustfiles/chain.py",
    "locustfiles/completion.py",
    "analysis/degradation.py",
    "reports/launch.typ",
    "reports/house.typ",
    "reports/README.md",
)
"""What `firsttoken init` lays down: every scenario, the catalogue, the schema by which editors complete a scenario, and
an example of each other kind of file, with what a report is set with."""

_NOT_ENTRIES = {"models.toml", "__init__.py", "house.typ"}
"""Files of the four folders that others of their folder are made with."""
_PACKAGE = Path(__file__).parent


class KitError(FirstTokenError, ValueError):
    """A file of the four folders is not where it should be, or would be overwritten; the text is the sentence."""


def find(folder: str, name: str) -> Path:
    """The file `name` (bare, or with the folder's ending) of `folder`. Raises KitError, saying what exists."""
    for place in _places(folder):
        for file in (place / name, place / (name + FOLDERS[folder])):
            if file.is_file() and not (file.name != name and file.name in _NOT_ENTRIES):
                return file
    known = [path.stem for path in list_files(folder)]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    raise KitError(f"{folder}/: expected one of {', '.join(known)}, got {name}{hint}")


def find_all(folder: str, name: str) -> list[Path]:
    """Every file `name` of `folder`, the user's own first, each once."""
    files = {file.resolve(): file for place in reversed(_places(folder)) if (file := place / name).is_file()}
    return list(reversed(files.values()))


def list_files(folder: str) -> list[Path]:
    """Every entry of `folder`, by name; a file of the user's own hides the kit's of the same name."""
    entries: dict[str, Path] = {}
    for place in reversed(_places(folder)):
        entries |= {path.name: path for path in place.glob(f"*{FOLDERS[folder]}")}
    return [entries[name] for name in sorted(entries) if name not in _NOT_ENTRIES]


def init_directory(directory: Path) -> list[Path]:
    """Lay the starter files into `directory` and return them.

    Raises KitError before it would overwrite one, and where it cannot write.
    """
    targets = {directory / entry: find(*entry.split("/", 1)) for entry in STARTER}
    for target in targets:
        if target.exists():
            raise KitError(
                f"{target}: expected no such file yet, but it exists; choose another directory or move it away"
            )
    try:
        for target, source in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    except OSError as error:
        raise KitError(
            f"{directory}: expected a directory to write to, got: {error.strerror}; choose another"
        ) from None
    return list(targets)


def _places(folder: str) -> list[Path]:
    return [Path(folder), _PACKAGE / "kit" / folder, _PACKAGE.parent / folder]
