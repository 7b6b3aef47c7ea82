"""Every refusal and state has its sentence in every language, and the product's own words are used word for word."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from io import BytesIO

import pytest
from babel.messages.pofile import read_po

from commcredits.core.account import OrganizationStatus, PauseReason, RechargeMode, SessionState
from commcredits.core.commands import Service
from commcredits.core.funds import LotSource
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import TopUpKind, TopUpState
from commcredits.core.recharge_outlook import NextKind
from commcredits.edges import translations
from commcredits.edges.portal import languages, recharge_sentences, sentences
from commcredits.edges.portal.door import speeches
from commcredits.gateways.simulator.faults import DeclineCode
from commcredits.operations.recharge_attempts import AttemptFollowUp, AttemptOutcome
from scripts import update_translations

NBSP = "\u00a0"

LABELS = {
    "Billing": "Facturare",
    "Products & services": "Produse și servicii",
    "Communications Credits": "Credite de comunicații",
    "Communications Credits subscription": "Abonamentul pentru Credite de comunicații",
    "Consumption": "Consum",
    "Add more funds": "Adăugați mai multe fonduri",
    "Modify recharge settings": "Modificați setările de reîncărcare",
    "Auto recharge settings": "Setări de reîncărcare automată",
    "Recharge amount": "Suma reîncărcării",
    "how much you would like to add with each recharge": "cât de mult doriți să adăugați la fiecare reîncărcare",
    "When the balance falls below": "Când soldul scade sub",
    "the balance that triggers the recharge": "soldul care va declanșa reîncărcarea",
    "Save changes": "Salvați modificările",
    "Payment methods": "Metode de plată",
    "Add payment method": "Adăugați metodă de plată",
    "Replace": "Înlocuire",
    "Your payment was declined": "Plata dvs. a fost refuzată",
}
"""The product's own words (domain.md §8); other words for the same thing would be a mistake."""


@pytest.mark.parametrize(
    ("table", "members"),
    [
        (sentences.REFUSALS, RefusalCode),
        (sentences.ORGANIZATION_STATUSES, OrganizationStatus),
        (sentences.LOT_SOURCES, LotSource),
        (sentences.TOP_UP_KINDS, TopUpKind),
        (sentences.TOP_UP_STATES, TopUpState),
        (sentences.SERVICES, Service),
        (sentences.SESSION_STATES, SessionState),
        (recharge_sentences.MODES, RechargeMode),
        (recharge_sentences.NEXT_STEPS, NextKind),
        (recharge_sentences.WATCH_MISSING, RechargeMode),
        (recharge_sentences.PAUSES, PauseReason),
        (recharge_sentences.OUTCOMES, AttemptOutcome),
        (recharge_sentences.BADGES, AttemptOutcome),
        (recharge_sentences.FOLLOW_UPS, AttemptFollowUp),
    ],
)
def test_no_member_of_a_closed_list_is_without_a_sentence(
    table: Mapping[StrEnum, object], members: type[StrEnum]
) -> None:
    assert set(table) == set(members)


def test_the_catalogues_are_complete_and_say_what_the_sources_say() -> None:
    assert update_translations.problems() == []


def test_the_catalogues_are_those_that_the_edges_load() -> None:
    assert update_translations.LANGUAGES == translations.LANGUAGES
    with pytest.raises(ValueError, match="no catalogue"):
        translations.load("xx")


def test_the_words_of_the_product_are_used_word_for_word() -> None:
    english, romanian = translations.load("en"), translations.load("ro")
    for label, translated in LABELS.items():
        assert english.gettext(label) == label
        assert romanian.gettext(label) == translated


def test_romanian_has_three_plural_forms() -> None:
    romanian = translations.load("ro")
    one, many = "%(number)s more purchase has funds left.", "%(number)s more purchases have funds left."
    forms = [romanian.ngettext(one, many, count) for count in (1, 2, 19, 20, 101, 121)]
    assert forms[0].startswith("Încă o achiziție")
    assert forms[1] == forms[2] == forms[4] == "Încă %(number)s achiziții mai au fonduri."
    assert forms[3] == forms[5] == "Încă %(number)s de achiziții mai au fonduri."


def test_no_translation_carries_markup_or_a_quotation_mark_that_would_end_an_attribute() -> None:
    for language in translations.LANGUAGES:
        for message in read_po(BytesIO(update_translations.path_of(language).read_bytes())):
            texts = message.string if isinstance(message.string, tuple | list) else [message.string or ""]
            assert not message.id or not any(set('<>"') & set(text) for text in texts), message.id


def test_romanian_is_written_with_commas_below_and_never_with_cedillas() -> None:
    assert not set("şţŞŢ") & set(update_translations.path_of("ro").read_text("utf-8"))


def test_a_refusal_names_its_facts_where_it_has_them() -> None:
    speech = speeches()["ro"]
    code = RefusalCode.AMOUNT_BELOW_MINIMUM
    told = Refused(code=code, facts={"minimum_micros": 50_000_000, "currency": "EUR"})
    assert speech.refusal(told, "RON") == f"Suma este prea mică. Trebuie să fie de cel puțin 50,00{NBSP}EUR."
    assert speech.refusal(Refused(code=code), "RON") == "Suma este prea mică."
    country = Refused(code=RefusalCode.COUNTRY_NOT_AVAILABLE, facts={"country": "IN"})
    assert speech.refusal(country, "RON").endswith("această țară: India.")


def test_every_code_that_the_simulated_gateway_declines_with_has_a_sentence() -> None:
    assert {code.value for code in DeclineCode} <= set(sentences.DECLINES)


def test_an_unknown_code_of_a_gateway_is_said_to_have_no_reason() -> None:
    assert sentences.decline_sentence("fraud_score_9") == "The bank gave no reason."


@pytest.mark.parametrize(
    ("cookie", "header", "chosen"),
    [
        ("ro", "en", "ro"),
        ("xx", "ro-RO,ro;q=0.9", "ro"),
        ("", "de-DE, ro;q=0.5, en;q=0.7", "en"),
        ("", "ro;q=0, en", "en"),
        ("", "", "en"),
        ("", "de", "en"),
        ("", "ro;q=banana, *;q=0.1, RO-md;q=0.2", "ro"),
        ("", "," * 2_000 + "ro", "en"),
    ],
)
def test_the_language_is_the_chosen_one_else_what_the_browser_asks_for(cookie: str, header: str, chosen: str) -> None:
    assert languages.choose(cookie=cookie, accept_language=header, available=("en", "ro")) == chosen
