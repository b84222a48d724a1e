"""Tests of firsttoken/report/chart/letters.py."""

import msgspec
import pytest

from firsttoken.report.build import build_pages
from firsttoken.report.chart import letters
from firsttoken.report.chart.letters import Face, find_foreign, find_letters, refuse_names, spell, spell_all
from firsttoken.report.document import document
from tests.made_font import make_font


def face(name, has, style="Regular"):
    return Face(letters.FONTS / f"{name}.ttf", name, style, frozenset(has))


@pytest.fixture
def only_these(monkeypatch, tmp_path):
    """This machine has the fonts that a test makes, and no others."""

    def have(**fonts):
        paths = [str(make_font(tmp_path / f"{name}-Regular.ttf", has, name)) for name, has in fonts.items()]
        monkeypatch.setattr(letters.font_manager, "findSystemFonts", lambda: paths)

    have()
    return have


@pytest.mark.parametrize("text", ["gpt-5.4@eu/west_1:a+b", "größer, ≥ 2 × 3 µs – “ça”", "Δ", "e\u0301"])
def test_the_reports_own_typeface_has_the_letters_of_latin_names(text):
    assert find_foreign([text]) == frozenset()
    assert find_letters([text], []) == ((), "")


def test_every_word_of_a_report_is_in_letters_of_its_own_typeface(study):
    data, _ = document(study, *build_pages(study))

    assert find_foreign([msgspec.json.encode(data).decode()]) == frozenset()


@pytest.mark.parametrize("name", ["модель", "نموذج", "דגם", "მოდელი", "модель-ὕδωρ"])
def test_many_scripts_are_readable_on_any_machine(name, only_these):
    found = find_letters([name])

    assert found.families == ["DejaVu Sans"]
    assert found.missing == ""


def test_the_fewest_fonts_that_have_the_letters_are_taken():
    faces = [face("Little", "模"), face("Most", "模型हि"), face("Bold Most", "模型हि", "Bold"), face("Thai", "ท")]

    found = find_letters(["模型", "हि", "ท"], faces)

    assert found.families == ["Most", "Thai"]
    assert found.missing == ""


def test_a_bold_face_of_the_same_family_comes_along():
    faces = [face("Han", "模型"), face("Han", "模型", "Bold"), face("Other", "模型", "Bold")]

    assert [(each.family, each.style) for each in find_letters(["模型"], faces).faces] == [
        ("Han", "Regular"),
        ("Han", "Bold"),
    ]


def test_a_font_of_this_machine_is_found_by_its_letters(only_these):
    only_these(Made="模型", Thai="ไทย")

    assert find_letters(["模型"]).families == ["Made"]
    assert find_letters(["模型", "ไทย"]).families == ["Thai", "Made"]


def test_letters_that_no_font_has_are_named(only_these):
    only_these(Made="模")

    assert find_letters(["模型"]).missing == "型"


def test_a_file_that_is_no_font_is_passed_over(only_these, monkeypatch, tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    monkeypatch.setattr(letters.font_manager, "findSystemFonts", lambda: [str(tmp_path / "broken.ttf")])

    assert find_letters(["模型"]).missing == "型模"


@pytest.mark.parametrize(
    ("name", "package"),
    [("通义千问", "fonts-noto-cjk"), ("한국어", "fonts-noto-cjk"), ("हिन्दी", "fonts-noto-core"), ("🙂", "symbola")],
)
def test_a_name_that_no_font_can_write_is_refused_with_its_letters_and_a_cure(name, package, only_these):
    refused = refuse_names([("name", "demo"), ("target.a.name", f"a-{name}")])

    assert refused is not None
    assert refused.startswith(f'target.a.name: expected a name that the report can show, got "a-{name}", and no font')
    assert f"has {name};" in refused
    assert package in refused


def test_names_that_can_be_written_are_not_refused(only_these):
    only_these(Made="通义千问")

    assert refuse_names([("name", "demo"), ("target.a.name", "通义千问")]) is None


def test_a_letter_that_no_font_has_is_shown_by_its_number():
    assert spell("模型-2", "模型") == "[U+6A21][U+578B]-2"
    assert spell("模型-2", "") == "模型-2"


@pytest.mark.parametrize("unseen", ["\x07", "\x1b", "\u202e", "\u2066", "\ufeff"])
def test_what_would_garble_a_line_is_left_out(unseen):
    assert spell(f"a{unseen}b", "") == "ab"


def test_a_joiner_that_scripts_need_stays():
    assert spell("می\u200cخواهم\n", "") == "می\u200cخواهم\n"


def test_every_text_of_nested_data_is_spelled():
    told = {"title": "模", "rows": [["模", 1], {"a": "b"}], "none": None, "pair": ("模",)}

    assert spell_all(told, "模") == {
        "title": "[U+6A21]", "rows": [["[U+6A21]", 1], {"a": "b"}], "none": None, "pair": ["[U+6A21]"],
    }  # fmt: skip
