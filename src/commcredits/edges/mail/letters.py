"""A notice as a letter in one language: subject, plain text and HTML.

Knows how facts are written, and where a letter leads. Refuses to know mail servers and addresses. The same notice gives
the same letter whenever it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Final

from babel.support import Translations
from jinja2 import Environment, FunctionLoader, StrictUndefined

from commcredits.core.notices import NoticeKind
from commcredits.core.pools import read_pool_key
from commcredits.core.recharge import CAP_NEARLY_PERCENT
from commcredits.edges.mail import reasons
from commcredits.edges.mail.formatting import Formats
from commcredits.edges.mail.sentences import LETTERS, Page, Wording
from commcredits.edges.translations import LANGUAGES, load, marked
from commcredits.edges.translations.notice_words import EXPLANATIONS
from commcredits.operations.mailing import OwedMail

_FOOTER: Final = marked("You get this letter because notices of %(organization)s go to your address.")
_ABOUT: Final = marked("What this notice is: %(explanation)s")
_MICROS: Final = "_micros"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a reader sees; ``subject`` is one line."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Speech:
    translations: Translations
    formats: Formats

    def say(self, sentence: str, facts: Mapping[str, str]) -> str:
        return str(self.translations.gettext(sentence)) % facts

    def say_if_known(self, sentence: str, facts: Mapping[str, str]) -> str:
        """The sentence, or nothing when it names a fact that the notice does not have."""
        try:
            return self.say(sentence, facts)
        except KeyError:
            return ""


class LetterWriter:
    """Writes letters. ``public_url`` is where people reach the portal, empty where that is not known."""

    def __init__(self, *, public_url: str) -> None:
        self._public_url = public_url.rstrip("/")
        self._translations = {language: load(language) for language in LANGUAGES}
        self._environment = Environment(
            loader=FunctionLoader(_source),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def write(self, mail: OwedMail) -> Letter:
        """The letter of this mail, in its reader's language and its organization's time zone."""
        kind = NoticeKind(mail.notice.kind)
        wording = LETTERS[kind]
        speech = _Speech(
            translations=self._translations[mail.language],
            formats=Formats(language=mail.language, time_zone=mail.time_zone),
        )
        facts = {**_written(mail, speech), "organization": mail.organization_name}
        facts["share"] = speech.formats.percent(CAP_NEARLY_PERCENT)
        subject = speech.say(wording.subject, facts)
        sentences = [text for each in wording.sentences if (text := speech.say_if_known(each, facts))]
        footer = [
            speech.say(_ABOUT, {"explanation": speech.say(EXPLANATIONS[kind], {})}),
            speech.say(_FOOTER, facts),
        ]
        link = self._link(mail, wording)
        button = speech.say(wording.button, {})
        return self.compose(
            mail.language,
            subject=subject,
            heading=mail.organization_name,
            sentences=sentences,
            button=button,
            link=link,
            footer=footer,
        )

    def say(self, language: str, sentence: str) -> str:
        """A marked sentence in this language, its facts not filled in."""
        return str(self._translations[language].gettext(sentence))

    def compose(
        self,
        language: str,
        *,
        subject: str,
        heading: str,
        sentences: list[str],
        button: str,
        link: str,
        footer: list[str],
    ) -> Letter:
        """A letter of these sentences, which are written already; without a link there is no button."""
        html = self._environment.get_template("letter.html").render(
            language=language,
            subject=subject,
            sentences=sentences,
            organization=heading,
            link=link,
            button=button,
            footer=footer,
        )
        return Letter(subject=subject, text=_plain(sentences, button, link, footer), html=html)

    def _link(self, mail: OwedMail, wording: Wording) -> str:
        top_up = mail.notice.facts.get("top_up_id")
        if not self._public_url:
            return ""
        if wording.page is Page.APPROVAL and top_up:
            return f"{self._public_url}/portal/billing/approve/{top_up}"
        return f"{self._public_url}/portal/organizations/{mail.notice.organization_id}/billing/communications-credits"


def _plain(sentences: list[str], button: str, link: str, footer: list[str]) -> str:
    parts = ["\n\n".join(sentences)]
    if link:
        parts.append(f"{button}: {link}")
    parts.append("-- \n" + "\n".join(footer))
    return "\n\n".join(parts) + "\n"


def _written(mail: OwedMail, speech: _Speech) -> dict[str, str]:
    """Facts as people read them. What has no form of its own, such as an id, is left out."""
    facts, formats = mail.notice.facts, speech.formats
    currency = str(facts.get("currency", ""))
    written: dict[str, str] = {}
    for name, value in facts.items():
        if name.endswith(_MICROS) and isinstance(value, int):
            # Nothing owed, no tax: a sentence about it would say nothing, and is left out.
            if value or name in {"amount_micros", "balance_micros", "recharged_micros", "restored_micros"}:
                written[name.removesuffix(_MICROS)] = formats.money(value, currency)
        elif name.endswith("_minutes") and isinstance(value, int):
            written[name] = formats.count(value)
        elif name in {"month", "expiry_month"}:
            written[name] = formats.month(str(value))
        elif name in {"expires_at", "retry_at"}:
            instant = datetime.fromisoformat(str(value))
            written[name] = formats.minute(instant)
            written[name.replace("_at", "_on")] = formats.day(instant)
        elif name == "host":
            written[name] = str(value)
    amount, tax = facts.get("amount_micros"), facts.get("tax_micros", 0)
    if isinstance(amount, int) and isinstance(tax, int):
        written["gross"] = formats.money(amount + tax, currency)
    return {**written, **_reasons(mail, speech, written)}


def _reasons(mail: OwedMail, speech: _Speech, written: Mapping[str, str]) -> dict[str, str]:
    """The codes of a notice in words."""
    facts = mail.notice.facts
    reason = str(facts.get("reason", ""))
    found = {
        "decline": reasons.DECLINES.get(reason, reasons.NO_REASON),
        "what_next": reasons.WHAT_NEXT.get(str(facts.get("next", ""))),
        "pause": reasons.PAUSES.get(reason),
        "switched_off": reasons.SWITCHED_OFF.get(reason),
        "disabled": reasons.DISABLED.get(reason),
    }
    said = {name: speech.say_if_known(sentence, written) for name, sentence in found.items() if sentence is not None}
    if facts.get("last4"):
        said["card"] = f"{str(facts.get('brand', '')).title()} ···· {facts['last4']}".strip()
    elif "brand" in facts:
        said["card"] = str(facts["brand"]).title()
    if "pool" in facts:
        pool = read_pool_key(str(facts["pool"]))
        sentence = reasons.INTERNATIONAL_POOL if pool.international else reasons.POOLS[pool.licence]
        said["pool_name"] = speech.say(sentence, {"country": speech.formats.country(pool.country)})
    return said


def _source(name: str) -> str | None:
    file = files(__package__).joinpath("templates", name)
    return file.read_text("utf-8") if file.is_file() else None
