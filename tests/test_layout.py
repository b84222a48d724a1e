"""The rules of the house, as far as a machine can hold them: who imports whom, what a file says, what lies where.

A rule that stands in the way is changed here, in one line, where a reviewer sees it.
"""

import ast
import fnmatch
import functools
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

DECIDE = {"old_paths", "stats", "results", "plan", "catalogue", "scenario", "row"}
REPORT = {"decide", "kit"} | DECIDE
MAY_IMPORT = {
    "row": set(),
    "error": set(),
    "kit": set(),
    "decoding": set(),
    "net": set(),
    "stats": set(),
    "catalogue": {"kit"},
    "wire": {"row", "net"},
    "sdk": {"row", "net", "wire"},
    "results": {"row"},
    "traffic": set(),
    "simulator": {"catalogue"},
    "scenario": {"catalogue", "row", "traffic", "kit", "net", "old_paths"},
    "plan": {"catalogue", "row", "scenario", "stats", "traffic"},
    "machine": {"catalogue", "kit", "plan", "scenario"},
    "process": {"catalogue", "machine", "plan", "row", "scenario"},
    "load": {"kit", "machine", "net", "old_paths", "process", "sdk", "wire"}
    | {"catalogue", "plan", "row", "scenario", "stats", "traffic"},
    "decide": DECIDE,
    "report": REPORT,
    "cli": {"machine", "process", "report"} | REPORT,
    "__main__": {"cli"},
    "analysis": {"report"} | REPORT,
    "locust": {"load", "traffic"},
    "locustfiles": {"locust"},
    "old_paths": set(),
    "__init__": {"old_paths"},
}
"""Floor -> the floors it may import. cli lacks load, wire and simulator: it starts them as processes."""
NAME_TABLES = (
    "firsttoken.plan.arrivals.",
    "firsttoken.plan.retry.",
    "firsttoken.plan.turns.",
    "firsttoken.wire.dialects.",
)
"""Modules with the table of a vocabulary, which scenario and plan may import to know its names."""
FACES = {"analysis": "firsttoken.analysis", "locustfiles": "firsttoken.locust"}
"""Folder of the user -> the one module of ours that its files import."""
FOR_ALL = {"error", "decoding"}
"""The one error that a user reads as it is, and how bytes become typed values."""

ONLY_IN = {
    "locust": ("firsttoken/load/", "firsttoken/locust.py", "locustfiles/"),
    "gevent": (
        "firsttoken/load/",
        "firsttoken/sdk/",
        *(
            f"firsttoken/wire/{name}.py"
            for name in ("attempt", "connection", "dial", "loop_iterations", "priority_poll")
        ),
    ),
    "aiohttp": ("firsttoken/simulator/",),
    "matplotlib": ("firsttoken/report/", "analysis/"),
    "duckdb": ("firsttoken/results/",),
}
"""Package -> the only places that import it. Locust and gevent patch their process; the rest is one floor's affair."""

PURE = (
    *("firsttoken/stats/", "firsttoken/decide/", "firsttoken/plan/"),
    *("firsttoken/load/asking/", "firsttoken/load/budget/", "firsttoken/load/control/"),
    *(f"firsttoken/wire/{name}/" for name in ("answer", "dialects", "fields", "headers")),
    *(f"firsttoken/wire/{name}.py" for name in ("addresses", "deadlines")),
    *(f"firsttoken/load/{name}.py" for name in ("findings", "refused_field")),
    *(f"firsttoken/load/workers/{name}.py" for name in ("clock_offset", "messages", "roster", "shares")),
    *(f"firsttoken/traffic/{name}.py" for name in ("blocks", "lengths")),
)
"""Functions of their inputs: time and bytes are handed in."""
CLOCKS_AND_DOORS = {"time", "datetime", "socket", "ssl", "subprocess", "threading", "asyncio", "os", "gevent"}

REPORTS_LIBRARIES = {"duckdb", "matplotlib", "numpy", "openai", "scipy", "typst"}
"""What only a study, a report or a target of the openai package needs; imported where that is made."""
BANNED_NAMES = {"utils", "util", "common", "base", "manager", "helpers", "helper", "factory", "misc", "core"}
LINES_IN_A_FUNCTION = 50
PARAMETERS = 8
"""Of a function, without self and cls."""
MANY_PARAMETERS = {
    "firsttoken/cli/run.py:run": "one for each flag of the command",
}
"""Function -> why it may have more."""

ASSERTING = {"raises", "fail", "refuse", "snapshot", "hold_file"}
"""Calls that make a test fail."""

FILES_IN_A_ROOM = 16
LOOSE_MODULES = 8
"""Beside the rooms, in firsttoken/; old_paths goes with the next release."""
ROOMS_IN_ORDER = {
    "decide": ("measure", "metrics", "flags", "judge", "words"),
    "load": ("budget", "control", "asking", "session", "behaviour", "workers"),
    "wire": ("fields", "headers", "dialects", "answer"),
}
"""Floor -> its rooms, each of which imports only those before it: numbers know no verdicts, verdicts no sentences."""

FIELDS_WORDS = {
    "conductor": "controller",
    "crews?": "backend",
    "itinerar(y|ies)": "stage order",
    "lanes?": "stage run",
    "seats?|seated": "user slot",
    "treasur(y|ies)": "ledger",
    "purses?": "allowance",
    "leash": "parent watchdog",
    "doorway|knock(s|ed|ing)?": "handshake, probe",
    "duty|station": "worker run, worker state",
    "couriers?": "shipping",
    "heirs?|redealt?": "the workers that take over, reassigned",
    "lookouts?": "priority poll",
    "tall(y|ies)": "counters",
    "promis(e|es|ed|ing)": "SLO",
    "gave up|give up": "failed",
    "foretells?|foretold": "dry run, estimate",
    "doubt(s|ful|ed)?": "warning, uncertain",
    "nobody|whoever|somebody": "no user, each process, a user: name who",
    "told|tells?": "reported, says, shows",
    "mend(s|ed)?": "fix",
    "broke(n)? off|goes on with|gone on with": "interrupted, continues",
    "for want of|to be had": "because, undefined",
}
"""A private word -> what the field says; see CONTRIBUTING. Names of commands, keys, flags and columns stay."""
KEPT_WORDS = {
    "firsttoken/old_paths.py": "the names of the last release",
    "firsttoken/simulator/words.py": "the text that the simulator answers with",
    "docs/upgrading.md": "the words of the last release",
    "tests/test_layout.py": "this table",
}
"""File -> why it may use such words."""

TOP_LEVEL = {
    *("scenarios", "locustfiles", "analysis", "reports", "firsttoken", "tests", "docs", ".ci"),
    *("Makefile", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "pyproject.toml"),
    *("requirements.lock", ".gitignore", ".git"),
}
TESTS_OF_THE_WHOLE = {
    *(
        f"tests/test_{name}.py"
        for name in ("additions", "benchmarks", "capacity_run", "dependencies", "endurance", "kubernetes", "layout")
    ),
    *(
        f"tests/test_{name}.py"
        for name in ("load_kinds", "loads", "makefile", "old_runs", "readme", "run", "vocabularies", "wheel")
    ),
    *(f"tests/load/test_{name}.py" for name in ("locust_names", "remote", "workers")),
    "tests/results/test_made_run.py",
    "tests/wire/test_habits.py",
}
TABLES = {f"firsttoken/{folder}__init__.py" for folder in ("", "wire/dialects/", "simulator/dialects/")}
"""Packages that define a table of what their files hold; and ours, which has old import paths found."""
FOLDERS_OF_WHOLE_TESTS = {"real", "benchmarks"}
"""Tests that belong to no single file of the package."""


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


SOURCES = python_files("firsttoken", "analysis", "locustfiles")
TESTS = python_files("tests")


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def floor_of(path: Path) -> str:
    """The floor a file stands on: `wire` for firsttoken/wire/tls.py, `row` for firsttoken/row.py, else its folder."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[0] if parts[0] != "firsttoken" else parts[1]


def imported_by(path: Path) -> Iterator[tuple[str, int]]:
    """Every module a file imports, by its whole dotted name, with the line; `from a import b` yields a.b."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


def functions_of(path: Path) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Every function of a file with the number of its lines, the docstring not counted."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield node, (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def parameters_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """The names of what a function takes, without self and cls."""
    arguments = function.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def refuse(found: list[str], advice: str) -> None:
    """Fail with every place and what to do about them."""
    assert not found, "\n".join([advice, *found])


def test_a_floor_imports_only_the_floors_beneath_it():
    found = []
    for path in SOURCES:
        floor = floor_of(path)
        for module, line in imported_by(path):
            package, _, rest = module.removesuffix(".__version__").partition(".")
            other = rest.split(".")[0]
            if floor in ("scenario", "plan") and module.startswith(NAME_TABLES):
                continue
            if package == "firsttoken" and rest and other not in {floor} | FOR_ALL | MAY_IMPORT.get(floor, set()):
                found.append(f"{name_of(path)}:{line}: {floor} imports {module}")
    refuse(found, "The data goes one way. Pass a value in, or move the code to the floor that may know both:")


def test_a_table_of_names_knows_no_scenario():
    """Nor does any module that it needs."""
    files = {f"{name_of(path).removesuffix('.py').replace('/', '.')}.": path for path in python_files("firsttoken")}
    needed: set[str] = set()
    waiting = {module for module in files if module.startswith(NAME_TABLES)}
    while waiting := waiting - needed:
        needed |= waiting
        names = [f"{name}." for module in waiting for name, _ in imported_by(files[module])]
        waiting = {module for module in files for name in names if name.startswith(module)}
    assert needed
    refuse(sorted(name for name in needed if ".scenario." in name), "A circle, as scenario imports these tables:")


@pytest.mark.parametrize("folder", FACES)
def test_a_file_that_users_write_imports_only_its_public_face(folder):
    found = [
        f"{name_of(path)}:{line}: {module}"
        for path in python_files(folder)
        for module, line in imported_by(path)
        if module.split(".")[0] == "firsttoken" and not module.startswith(f"{FACES[folder]}.")
    ]
    refuse(found, f"Import it from {FACES[folder]}, and name it there:")


def test_every_floor_is_in_the_table():
    floors = {floor_of(path) for path in SOURCES} - {"__init__"}
    refuse(sorted(floors - MAY_IMPORT.keys()), "Say in MAY_IMPORT what these floors may import:")


def test_of_two_rooms_of_a_floor_only_one_imports_the_other():
    """The modules beside the rooms of a floor are not asked: some bind its rooms together, others serve all of them."""
    rooms = {name_of(path.parent).removeprefix("firsttoken/"): path.parent for path in SOURCES}
    inner = {name for name in rooms if "/" in name}
    found = set()
    for path in SOURCES:
        room = name_of(path.parent).removeprefix("firsttoken/")
        for module, _ in imported_by(path):
            other = "/".join(module.split(".")[1:3])
            if {room, other} <= inner and room != other:
                found.add((room, other))
    mutual = {(a, b) for a, b in found if a < b and (b, a) in found}
    refuse(sorted(map(str, mutual)), "Move what both need into a room beneath the two:")


@pytest.mark.parametrize("floor", ROOMS_IN_ORDER)
def test_a_room_imports_only_those_before_it(floor):
    places = {room: place for place, room in enumerate(ROOMS_IN_ORDER[floor])}
    assert places.keys() == {path.parent.name for path in (ROOT / "firsttoken" / floor).glob("*/__init__.py")}
    found = [
        f"{name_of(path)}:{line}: {module}"
        for path in python_files(f"firsttoken/{floor}")
        for module, line in imported_by(path)
        if module.startswith(f"firsttoken.{floor}.")
        and places.get(path.parent.name, len(places)) < places.get(module.split(".")[2], 0)
    ]
    refuse(found, "Hand the value up, or move what both need down:")


def test_a_room_can_be_taken_in_at_a_glance():
    files = Counter(name_of(path.parent) for path in python_files("firsttoken") if path.name != "__init__.py")
    loose = files.pop("firsttoken")
    found = [f"{room}: {n}" for room, n in files.items() if n > FILES_IN_A_ROOM]
    refuse(found, f"Over {FILES_IN_A_ROOM} files a room has several subjects; give each a room:")
    assert loose <= LOOSE_MODULES, "A module beside the rooms is what every room shares; give others a room"


def test_imports_inside_the_package_give_the_whole_name():
    found = [f"{name_of(path)}:{line}" for path in SOURCES for module, line in imported_by(path) if module[0] == "."]
    refuse(found, "Write `from firsttoken.floor.module import name`:")


@pytest.mark.parametrize("module", ["cli.commands", "load.main", "load.worker", "simulator.__main__"])
def test_a_process_begins_without_the_libraries_of_a_report(module):
    """They cost a second of each command, and memory of each worker."""
    program = (
        f"import sys, firsttoken.{module}; print(sorted({REPORTS_LIBRARIES!r} & {{name for name in sys.modules}}))"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_heavy_package_is_imported_only_where_it_belongs(package):
    found = [
        f"{name_of(path)}:{line}: {module}"
        for path in SOURCES
        for module, line in imported_by(path)
        if module.split(".")[0] == package and not name_of(path).startswith(ONLY_IN[package])
    ]
    refuse(found, f"{package} is imported only in {', '.join(ONLY_IN[package])}:")


def test_pure_files_have_no_clock_and_no_door_to_the_outside():
    found = [
        f"{name_of(path)}:{line}: {module}"
        for path in SOURCES
        for module, line in imported_by(path)
        if name_of(path).startswith(PURE) and module.split(".")[0] in CLOCKS_AND_DOORS
    ]
    refuse(found, "These files are functions of their inputs. Hand the time or the bytes in:")


def test_no_file_is_named_after_what_it_is_not():
    found = [name_of(path) for path in SOURCES + TESTS if BANNED_NAMES & {path.stem, *path.relative_to(ROOT).parts}]
    refuse(found, "Name the one thing the file is about:")


def test_every_file_says_at_its_head_what_it_is_for():
    trees = {name_of(path): tree_of(path) for path in SOURCES + TESTS}
    found = [name for name, tree in trees.items() if tree.body and not ast.get_docstring(tree)]
    refuse(found, "Begin with a docstring: what the file is for, and the rule it keeps:")


def test_a_package_file_gives_no_second_home_to_a_name():
    packages = [path for path in SOURCES + TESTS if path.name == "__init__.py" and name_of(path) not in TABLES]
    found = [name_of(path) for path in packages if list(imported_by(path))]
    refuse(found, "Import a name from the module that defines it and leave __init__.py to its docstring:")


def test_a_function_fits_on_a_screen():
    found = [
        f"{name_of(path)}:{function.lineno}: {function.name}, {lines} lines"
        for path in SOURCES + TESTS
        for function, lines in functions_of(path)
        if lines > LINES_IN_A_FUNCTION
    ]
    refuse(found, f"Over {LINES_IN_A_FUNCTION} lines a function does several things; name them:")


def test_a_function_asks_for_few_things():
    found = {
        f"{name_of(path)}:{function.name}": len(parameters_of(function))
        for path in SOURCES + TESTS
        for function, _ in functions_of(path)
        if len(parameters_of(function)) > PARAMETERS
    }
    many = [f"{name}, {count} parameters" for name, count in found.items() if name not in MANY_PARAMETERS]
    refuse(many, f"Over {PARAMETERS} parameters belong together in a struct of their own:")
    refuse(sorted(MANY_PARAMETERS.keys() - found.keys()), "These have few by now; strike them off MANY_PARAMETERS:")


def test_every_test_asserts_something():
    """By itself or by a function of its file; what is called assert_ or expect_ asserts too."""
    found = []
    for path in (path for path in TESTS if path.name.startswith("test_")):
        functions = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef)]
        asserting = set(ASSERTING)
        for _ in range(3):  # functions that call functions that assert
            asserting |= {function.name for function in functions if _asserts(function, asserting)}
        found += [
            f"{name_of(path)}:{function.lineno}: {function.name}"
            for function in functions
            if function.name.startswith("test_") and function.name not in asserting
        ]
    refuse(found, "A test that asserts nothing fails only by accident; say what must hold:")


def _asserts(function: ast.FunctionDef, asserting: set[str]) -> bool:
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    names = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
    return (
        any(isinstance(node, ast.Assert) for node in ast.walk(function))
        or bool(names & asserting)
        or any(name.startswith(("assert_", "expect_")) for name in names)
    )


def test_every_snapshot_is_compared_by_a_test():
    compared = {name for path in TESTS for name in re.findall(r'snapshot\(\s*"(\w+)"', path.read_text())}
    held = {path.stem for path in (ROOT / "tests/snapshots").glob("*.txt")}
    refuse(sorted(held ^ compared), "A snapshot and the test of its name belong together; `make snapshots` writes it:")


def test_a_library_does_not_print():
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files("firsttoken")
        if floor_of(path) != "cli"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    refuse(found, "Return the value; cli.py words what people read:")


def test_tests_mirror_the_package_by_name():
    """tests/wire/test_sse.py is for firsttoken/wire/answer/sse.py, tests/analysis/test_x.py for analysis/x.py."""
    found = []
    for path in TESTS:
        inside = path.relative_to(ROOT / "tests")
        if not path.name.startswith("test_") or inside.parts[0] in FOLDERS_OF_WHOLE_TESTS:
            continue
        twin = inside.with_name(path.name.removeprefix("test_"))
        if name_of(path) not in TESTS_OF_THE_WHOLE and not any((ROOT / d / twin).exists() for d in ("firsttoken", ".")):
            found.append(f"{name_of(path)}: no firsttoken/{twin.as_posix()}")
    refuse(found, "Name a test file after the file it tests, or list it in TESTS_OF_THE_WHOLE:")


def test_a_document_names_only_what_is_there():
    """The links of all of them, and the files and folders that ARCHITECTURE.md and CONTRIBUTING.md have in
    backticks."""
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "reports").glob("*.md")]
    links = [(path, link) for path in documents for link in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text())]
    found = [f"{name_of(path)}: {link}" for path, link in links if not (path.parent / link).exists()]
    files = {
        (name, file)
        for name in ("ARCHITECTURE.md", "CONTRIBUTING.md")
        for file in re.findall(r"`([\w.]+/[\w./]*|\w+\.(?:py|md|toml|jsonl))`", (ROOT / name).read_text())
        if "NAME" not in file
    }
    found += [
        f"{name}: {file}"
        for name, file in files
        if not any((ROOT / d / file).exists() for d in ("", "firsttoken", "tests"))
    ]
    assert len(files) > 40
    refuse(found, "Say where it is now, or leave it out:")


def test_a_file_that_prose_names_is_there():
    """In a docstring or a document; NAME and x stand for any file, and a path of another project says whose it is."""
    prose = [(path, path.read_text()) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))]
    prose = [(path, text) for path, text in prose if path.name not in ("CHANGELOG.md", "upgrading.md")]
    prose += [
        (path, node.value)
        for path in SOURCES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    there = {f"/{name_of(path)}" for path in SOURCES + TESTS + python_files("docs")}
    found = [
        f"{name_of(path)}: {name}"
        for path, text in prose
        for name in re.findall(r"(?<![\w./-])(?:[\w-]+/)*[\w-]+\.py\b", text)
        if not name.startswith("openai/") and not any(file.endswith(f"/{name}") for file in there)
        if Path(name).stem != "NAME"
    ]
    refuse(found, "It has moved or is gone; say where it is now:")


def test_the_way_of_a_request_is_eight_short_files():
    section = (
        (ROOT / "ARCHITECTURE.md").read_text().partition("## From the command to the socket")[2].partition("## ")[0]
    )
    way = re.findall(r"^\d\. `([\w/.]+)`", section, re.M)

    assert len(way) <= 8
    assert len([name for name in way if name.startswith("locustfiles/")]) == 1
    refuse([name for name in way if len((ROOT / name).read_text().splitlines()) > 300], "A step is a short file:")


@pytest.mark.parametrize("word", FIELDS_WORDS)
def test_code_and_documents_use_the_words_of_the_field(word):
    private = re.compile(rf"(?<![A-Z_])\b(?:{word})\b(?![_-]|\.untold)", re.IGNORECASE)
    texts = [
        *SOURCES,
        *ROOT.glob("[!C]*.md"),
        *(
            path
            for end in ("md", "toml", "typ", "yaml")
            for d in ("docs", "scenarios", "reports")
            for path in (ROOT / d).rglob(f"*.{end}")
        ),
    ]
    found = [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in texts
        if name_of(path) not in KEPT_WORDS
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if private.search(line)
    ]
    refuse(found, f"The field says: {FIELDS_WORDS[word]}:")


def test_no_file_knows_the_machine_it_was_written_on():
    home = re.compile(r"(?<![\w.])/(?:home|Users|root|work|tmp)/\w|[A-Z]:\\\\?Users")
    texts = [
        *SOURCES,
        *TESTS,
        *(path for end in ("toml", "typ", "md") for path in ROOT.glob(f"*.{end}")),
        *(path for folder in ("scenarios", "reports", "docs", ".ci") for path in (ROOT / folder).rglob("*.*")),
    ]
    found = [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in texts
        if path.suffix in {".py", ".toml", ".typ", ".md", ".json", ""}
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if home.search(line)
    ]
    refuse(found, "Use tmp_path in a test, a path relative to the project elsewhere:")


def test_the_front_door_shows_only_what_is_listed():
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split()]
    found = [
        path.name
        for path in ROOT.iterdir()
        if path.name not in TOP_LEVEL and not any(fnmatch.fnmatch(path.name, pattern) for pattern in ignored)
    ]
    refuse(sorted(found), "A new top-level entry is the first thing a visitor sees. Put it in a folder, or list it:")
