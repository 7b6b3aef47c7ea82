"""Rules about templates, stylesheets and vendored files that no page test would see."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest

from scripts import vendor_assets

TEMPLATES = sorted(vendor_assets.TEMPLATES.rglob("*.html"))
STYLESHEETS = sorted(vendor_assets.STATIC.glob("*.css"))
SPOKEN_ATTRIBUTES = {"alt", "aria-label", "aria-description", "data-label", "placeholder", "title"}
THE_SAME_EVERYWHERE = {"ms": "the sign of a unit", "HTTP": "the name of a protocol"}
"""Words that no language has another for, each with what it is."""

PHYSICAL = re.compile(
    r"^\s*(?:(?:margin|padding|border)-(?:left|right|top|bottom)\b|(?:left|right|top|bottom|width|height|float)\s*:"
    r"|(?:min|max)-(?:width|height)\s*:|text-align:\s*(?:left|right))",
    re.MULTILINE,
)


def _place(path: Path) -> str:
    return path.relative_to(vendor_assets.TEMPLATES).as_posix()


class _Texts(HTMLParser):
    """Collects what a person would read or hear, and every inline style or handler."""

    def __init__(self) -> None:
        super().__init__()
        self.spoken: list[str] = []
        self.inline: list[str] = []

    def handle_data(self, data: str) -> None:
        said = re.sub(r'[a-z-]+="[^"]*"', "", data)  # a macro may write attributes outside of any tag
        if re.search(r"[^\W\d_]", said):
            self.spoken.append(said.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in SPOKEN_ATTRIBUTES and re.search(r"[^\W\d_]", value or ""):
                self.spoken.append(f"{name}={value}")
            if name == "style" or name.startswith(("on", "hx-on")):
                self.inline.append(f"<{tag} {name}>")


def _without_expressions(source: str) -> str:
    """The template's own text: comments, statements and expressions cut out."""
    return "".join(value for _, kind, value in jinja2.Environment(autoescape=True).lex(source) if kind == "data")


@pytest.mark.parametrize("template", TEMPLATES, ids=_place)
def test_a_template_says_nothing_that_is_not_translated(template: Path) -> None:
    source = re.sub(r"{%-?\s*trans.*?endtrans\s*-?%}", "", template.read_text("utf-8"), flags=re.DOTALL)
    parser = _Texts()
    parser.feed(_without_expressions(source))
    assert [said for said in parser.spoken if said not in THE_SAME_EVERYWHERE] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=_place)
def test_a_template_has_no_inline_style_or_script(template: Path) -> None:
    source = template.read_text("utf-8")
    parser = _Texts()
    parser.feed(_without_expressions(source))
    assert parser.inline == []
    assert not re.search(r"<script(?![^>]*\bsrc=)", source)
    assert "<style" not in source
    assert "|safe" not in source


@pytest.mark.parametrize("sheet", STYLESHEETS, ids=lambda path: path.name)
def test_a_stylesheet_names_no_physical_direction(sheet: Path) -> None:
    rules = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.DOTALL)
    assert PHYSICAL.findall(rules) == []


@pytest.mark.parametrize("sheet", STYLESHEETS, ids=lambda path: path.name)
def test_a_stylesheet_takes_its_colours_from_the_tokens(sheet: Path) -> None:
    rules = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.DOTALL)
    colours = set(re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb\([^)]*\)", rules))
    assert colours <= {"#fff", "rgb(255 255 255 / 15%)", "rgb(0 0 0 / 40%)"}


def test_every_stylesheet_is_linked_and_every_linked_one_exists() -> None:
    linked = set(re.findall(r'"([a-z]+\.css)"', (vendor_assets.TEMPLATES / "base.html").read_text("utf-8")))
    assert linked == {sheet.name for sheet in STYLESHEETS} | {"tokens.css"}


def test_vendored_files_are_the_ones_that_the_manifest_names() -> None:
    assert vendor_assets.problems() == []


def test_htmx_is_the_pinned_one_and_every_package_brings_its_licence() -> None:
    assert "version='4.0.1'" in _quoted((vendor_assets.VENDOR / "htmx.min.js").read_text("utf-8"))
    licences = {path.stem for path in (vendor_assets.VENDOR / "licences").glob("*.txt")}
    assert licences == {"htmx", "inter", "fluentui-tokens", "fluentui-svg-icons"}


def _quoted(script: str) -> str:
    return script.replace('"', "'")
