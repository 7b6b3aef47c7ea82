"""Turns templates into HTML, one environment for each language.

Knows Jinja2. Refuses to know what a template shows. Everything is escaped, and a name that a template does not get is
an error, not an empty place.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from babel.support import Translations
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from commcredits.edges.portal import recharge_sentences, sentences
from commcredits.edges.portal.assets import Asset
from commcredits.edges.portal.links import ALERTS_ID, AUTO_RECHARGE_ID
from commcredits.edges.portal.menu import ItemSection, console_menu, organization_menu
from commcredits.edges.portal.page import Page

OTHER_LANGUAGE_NAMES: Mapping[str, str] = {"en": "English", "ro": "Română"}
"""Languages by the names that their own speakers look for."""


class Renderer:
    """Renders templates; ``assets`` are the static files by name, ``catalogues`` the translations by language."""

    def __init__(self, assets: Mapping[str, Asset], catalogues: Mapping[str, Translations]) -> None:
        self._assets = assets
        self._environments = {language: _environment(catalogue) for language, catalogue in catalogues.items()}

    def render(self, template: str, page: Page, **values: object) -> str:
        """The HTML of a template for this page."""
        links = page.links

        def asset(name: str) -> str:
            return links.static(name, self._assets[name].version)

        def icon(name: str, style: str = "regular") -> Markup:
            address = f"{asset('icons.svg')}#{name}_20_{style}"
            return Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}"/></svg>').format(
                address
            )

        environment = self._environments[page.language]
        values = {"menu": _menu(page, values), "here": "", **values}
        return environment.get_template(template).render(
            page=page,
            links=links,
            fmt=page.speech.formats,
            asset=asset,
            icon=icon,
            **values,
        )


def _menu(page: Page, values: Mapping[str, object]) -> tuple[ItemSection, ...]:
    """The organization's menu for pages about one, the console's for the pages that say so."""
    organization_id = getattr(values.get("organization"), "organization_id", None)
    if values.get("console"):
        return console_menu(page)
    return () if organization_id is None else organization_menu(page, str(organization_id))


def _environment(catalogue: Translations) -> Environment:
    environment = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    environment.globals.update(
        sentences=sentences,
        languages=OTHER_LANGUAGE_NAMES,
        auto_recharge_id=AUTO_RECHARGE_ID,
        alerts_id=ALERTS_ID,
        recharge_sentences=recharge_sentences,
    )
    return environment


def _source(name: str) -> str | None:
    file = files(__package__).joinpath("templates", name)
    return file.read_text("utf-8") if file.is_file() else None
