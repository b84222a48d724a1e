"""Import paths of the last release that users' own files still name: they work for one release more, with a warning.

Rule: one table, old module -> new module, and where a name was changed too, old name -> new name. A path is looked for
here only after it was found nowhere else; the module behind it is today's, under its old path.
"""

import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

FACES = {
    "load": "firsttoken.locust",
    "decide": "firsttoken.analysis",
    "duration": "firsttoken.analysis",
    "report": "firsttoken.analysis",
}
"""Room of an old path -> the one module of ours that a file which named it should import from now on."""
ROOMS = {
    "decide.measure": "answerers attempts connections cost demand failures held_back latency recovery streams",
    "decide.flags": "buffering client_limits delivery endings identity missing_rows pace quota sample_size "
    "settling validity",
    "decide.judge": "capacity confirmation exit_code instrument level_study ruling",
    "decide.metrics": "retries",
    "decide.words": "decision failure_words lengths load_unit placement reasons remarks scope units",
    "report.chart": "attainment letters short_names svg_text",
}
"""Today's room -> the modules that moved into it and kept their names."""
MOVED = {
    f"firsttoken.{old}": f"firsttoken.{new}"
    for old, new in {
        **{f"{room.split('.')[0]}.{name}": f"{room}.{name}" for room, names in ROOMS.items() for name in names.split()},
        "duration": "decoding.duration",
        "load.users": "locust",
        "load.streaming_user": "locust",
        "decide.arrivals": "decide.metrics.offered_load",
        "decide.asked": "decide.measure.workload",
        "decide.bill": "decide.measure.demand",
        "decide.course": "decide.judge.profile",
        "decide.evidence": "decide.flags.flag",
        "decide.figure": "decide.metrics.value",
        "decide.figures": "decide.metrics.combine",
        "decide.measures": "decide.metrics.table",
        "decide.observation": "decide.measure.window_data",
        "decide.promise": "decide.measure.slo",
        "decide.promise_table": "decide.words.slo_table",
        "report.course": "report.chart.profile",
        "report.endings": "decide.measure.endings",
        "report.instrument": "report.instrument_error",
        "report.published": "decide.published",
        "report.series": "analysis",
        "report.theme": "analysis",
        "report.ticks": "report.chart.axes",
        "report.trace": "decide.timeline",
    }.items()
}
"""Old module -> new module."""
RENAMED = {
    "firsttoken.decide.course": {"Part": "TimeSlice"},
    "firsttoken.decide.figure": {"Figure": "MetricValue"},
    "firsttoken.decide.instrument": {"Reading": "InstrumentAccuracy"},
    "firsttoken.report.course": {"draw_course": "draw_load_profile"},
    "firsttoken.report.endings": {"describe_run_failures": "firsttoken.report.sentences:describe_run_failures"},
    "firsttoken.report.theme": {
        "curve": "draw_curve",
        "empty": "draw_empty",
        "error_bar": "draw_error_bar",
        "rule": "draw_limit",
    },
}
"""Old module -> its names that were changed: old name -> new name, or MODULE:NAME where it moved to another one."""
RENAMED_FIELDS = {
    "Load": {"course": "profile"},
    "Study": {
        "courses": "load_profiles",
        "figure": "result",
        "figures": "results",
        "promise": "slo",
        "rulings": "target_verdicts",
    },
}
"""Class -> its fields and methods that were changed: old name -> new name."""
GONE_FIELDS = {"StageTrace": {"drift": 'study.value(target, "ttft_drift", level=LEVEL, repeat=REPEAT)'}}
"""Class -> its fields that it cannot have any more: name -> where their value is now. Read, they are None."""


def read_bare() -> object:
    """`BARE` of the last release: the unit at the head of a column -> how a value of it is written beneath."""
    table = import_module("firsttoken.report.metric_table")
    units = ("s", "ms", "%", "×", "tok/s", "per second", "per 1,000", "$", "")
    return {unit: table.find_shown(unit or "count").write for unit in units}


REBUILT: dict[str, dict[str, Callable[[], object]]] = {"firsttoken.report.series": {"BARE": read_bare}}
"""Old module -> names of it that no module has today: name -> what makes its value."""


class OldImportWarning(DeprecationWarning):
    """A file of the user's names something as the last release did, which the next one will not know."""


class OldPathFinder(MetaPathFinder, Loader):
    """Finds the modules of the table, each a stand-in that looks its names up in today's module."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of an old path, None of any other."""
        return ModuleSpec(fullname, self) if fullname in MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        """Have a stand-in look its names up."""
        old = module.__name__
        today, renamed = import_module(MOVED[old]), RENAMED.get(old, {})
        warning = word_move(old)

        def find(name: str) -> object:
            if name.startswith("__"):
                raise AttributeError(name)
            module, _, own = renamed.get(name, name).rpartition(":")
            rebuild = REBUILT.get(old, {}).get(name)
            value: object = rebuild() if rebuild else getattr(import_module(module) if module else today, own)
            warnings.warn(warning, OldImportWarning, stacklevel=2)
            return value

        module.__dict__["__getattr__"] = find


def word_move(old: str) -> str:
    """The sentence of the warning: where a file should import from now."""
    face, new = FACES[old.split(".")[1]], MOVED[old]
    inside = "" if new == face else f", or what that lacks from {new}"
    return f"{old} has moved: import from {face}{inside}; the old path works until the next release"


def read_renamed(owner: object, name: str) -> object:
    """The value of a field of the last release, with a warning; AttributeError for any other name."""
    kind = type(owner).__name__
    if place := GONE_FIELDS.get(kind, {}).get(name):
        warnings.warn(f"{kind}.{name} is None now; its value is {place}", OldImportWarning, stacklevel=3)
        return None
    new = RENAMED_FIELDS.get(kind, {}).get(name)
    if new is None:
        raise AttributeError(f"{kind!r} object has no attribute {name!r}")
    warnings.warn(
        f"{kind}.{name} is {kind}.{new} now; the old name works until the next release", OldImportWarning, stacklevel=3
    )
    value: object = getattr(owner, new)
    return value


def install() -> None:
    """Have old paths found, and their warning shown once for each of the files that name one."""
    if any(isinstance(finder, OldPathFinder) for finder in sys.meta_path):
        return
    sys.meta_path.append(OldPathFinder())
    show_warnings()


def show_warnings() -> None:
    """Show the warning of an old path once for each file, whatever else is silenced; `-W` and PYTHONWARNINGS decide."""
    if not sys.warnoptions:
        warnings.simplefilter("module", OldImportWarning)
