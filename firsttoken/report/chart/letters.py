"""The letters that the report's own typeface lacks: which fonts of this machine have them, and which letters none has.

Rule: a letter is shown in a font that has it, or by its number ("[U+8BED]"), never as a hole. A text in letters of the
report's own typeface brings no other font in, so that such a report has the same bytes on every machine.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

FONTS = Path(__file__).parent / "fonts"
"""The report's own typeface."""
SPARE = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
"""DejaVu Sans comes with matplotlib: Greek, Cyrillic, Arabic, Hebrew and more, on any machine."""
PLAIN_STYLES = ("Regular", "Book", "Normal", "Roman", "Medium")
BOLD_STYLES = ("SemiBold", "Semibold", "DemiBold", "Bold")
IDEOGRAPHS = ("CJK", "HANGUL", "HIRAGANA", "KATAKANA", "BOPOMOFO", "FULLWIDTH", "IDEOGRAPHIC")
"""How the Unicode names of letters begin that Debian has in a package of their own."""
UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")
"""Categories of characters that need no picture: controls, joiners, spaces."""


class Face(NamedTuple):
    """One font file, by its first face."""

    path: Path
    family: str
    style: str
    letters: frozenset[str]


class Letters(NamedTuple):
    """The fonts that some texts need beside the report's own, and the letters that no font here has."""

    faces: tuple[Face, ...] = ()
    missing: str = ""

    @property
    def families(self) -> list[str]:
        return list(dict.fromkeys(face.family for face in self.faces))


def find_letters(texts: Iterable[str], faces: Iterable[Face] | None = None) -> Letters:
    """The fewest further fonts whose letters these texts need; `faces` stands for the fonts of this machine."""
    wanted = find_foreign(texts)
    if not wanted:
        return Letters()
    known = list(_machine_faces(wanted) if faces is None else faces)
    chosen: list[Face] = []
    while found := max(known, key=lambda face: (len(wanted & face.letters), _is_plain(face)), default=None):
        if not wanted & found.letters:
            break
        chosen.append(found)
        chosen += [face for face in known if face.family == found.family and face.style in BOLD_STYLES][:1]
        wanted -= found.letters
    return Letters(tuple(chosen), "".join(sorted(wanted)))


def find_foreign(texts: Iterable[str]) -> frozenset[str]:
    """The letters of some texts that the report's own typeface lacks."""
    letters = {letter for text in texts for letter in unicodedata.normalize("NFC", text)}
    return frozenset(letter for letter in letters - _own_letters() if not letter.isascii() and is_visible(letter))


def is_visible(letter: str) -> bool:
    """Whether a character needs its own glyph."""
    return unicodedata.category(letter) not in UNSEEN and not 0xFE00 <= ord(letter) <= 0xFE0F


def spell(text: str, missing: str) -> str:
    """The text with each letter that no font has by its number, and without what would garble the line."""
    kept = "".join(letter for letter in text if letter in "\n\t\u200c\u200d" or unicodedata.category(letter)[0] != "C")
    return kept.translate({ord(letter): f"[U+{ord(letter):04X}]" for letter in missing}) if missing else kept


def spell_all(texts: dict[str, Any], missing: str) -> dict[str, Any]:
    """Every text of nested plain data, spelled."""

    def spelled(value: Any) -> Any:
        match value:
            case str():
                return spell(value, missing)
            case dict():
                return {key: spelled(each) for key, each in value.items()}
            case list() | tuple():
                return [spelled(each) for each in value]
        return value

    return {key: spelled(value) for key, value in texts.items()}


def refuse_names(names: Iterable[tuple[str, str]]) -> str | None:
    """A sentence about the first of these (key, name) whose letters no font here has; None where all can be shown."""
    for key, name in names:
        missing = find_letters([name]).missing
        if missing:
            shown = "".join(letter for letter in unicodedata.normalize("NFC", name) if letter in missing)
            return (
                f'{key}: expected a name that the report can show, got "{name}", and no font of this machine has '
                f"{shown}; install one that does (on Debian {_name_package(shown)}), or choose a name in Latin letters"
            )
    return None


def _name_package(missing: str) -> str:
    """Debian's package of fonts that most likely has the first of these letters."""
    name = unicodedata.name(missing[0], "")
    if name.startswith(IDEOGRAPHS):
        return "fonts-noto-cjk"
    return "fonts-noto-core" if unicodedata.category(missing[0])[0] in "LM" else "fonts-symbola"


@cache
def _own_letters() -> frozenset[str]:
    faces = [face for path in sorted(FONTS.glob("*.otf")) if (face := _read_face(path))]
    return frozenset.intersection(*(face.letters for face in faces))


def _machine_faces(wanted: frozenset[str]) -> Iterator[Face]:
    """The fonts of this machine, plain sans faces first, until one has all wanted letters."""
    spare = sorted(SPARE.glob("DejaVuSans*.ttf"), key=_rank)
    paths = [*spare, *sorted(map(Path, font_manager.findSystemFonts()), key=_rank)]
    for path in paths:
        face = _read_face(path)
        if face is None or not wanted & face.letters:
            continue
        yield face
        if wanted <= face.letters and _is_plain(face):
            yield from _bold_siblings(face, paths)
            return


def _rank(path: Path) -> tuple[bool, bool, bool, str]:
    name = path.stem
    plain = not any(word in name for word in ("Bold", "Italic", "Oblique", "Light", "Thin", "Black", "Mono"))
    return not plain, "Sans" not in name, "Noto" not in name, str(path)


def _bold_siblings(face: Face, paths: Sequence[Path]) -> Iterator[Face]:
    begin = face.path.stem.partition("-")[0]
    for path in paths:
        if path.stem.startswith(f"{begin}-") and path.stem.endswith(BOLD_STYLES) and (bold := _read_face(path)):
            yield bold


def _is_plain(face: Face) -> bool:
    return face.style in PLAIN_STYLES


@cache
def _read_face(path: Path) -> Face | None:
    """What a font file has; None where it cannot be read."""
    try:
        font = FT2Font(str(path))
        return Face(path, font.family_name, font.style_name, frozenset(map(chr, font.get_charmap())))
    except (OSError, RuntimeError, ValueError):
        return None
