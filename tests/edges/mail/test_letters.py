"""Every kind of notice is a whole letter in both languages, with amounts, days and months as its reader writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import pytest

from commcredits.core.notices import NoticeKind
from commcredits.core.pools import POOLED
from commcredits.edges.mail import reasons
from commcredits.edges.mail.letters import Letter, LetterWriter
from commcredits.edges.mail.messages import Attachment, Sender, message_of
from commcredits.edges.mail.sentences import LETTERS
from commcredits.edges.translations.notice_words import EXPLANATIONS
from commcredits.operations.mailing import OwedMail
from commcredits.operations.notices import NoticeToTell

Facts = dict[str, str | int]

NBSP: Final = "\u00a0"
UNIT: Final = 1_000_000
TOP_UP: Final[Facts] = {
    "top_up_id": "019353b4-7c1e-7000-8000-0123456789ab",
    "amount_micros": 1_250 * UNIT,
    "tax_micros": 262_500_000,
    "currency": "RON",
    "payment_method": "019353b4-7c1e-7000-8000-0123456789ac",
    "reason": "expired_card",
}
DISPUTE: Final[Facts] = {"top_up_id": TOP_UP["top_up_id"], "amount_micros": 50 * UNIT, "currency": "RON"}
RULE: Final[Facts] = {
    "month": "2026-11",
    "recharged_micros": 800 * UNIT,
    "monthly_cap_micros": 1_000 * UNIT,
    "currency": "RON",
}
POOL: Final[Facts] = {
    "pool": "pool:MCOPSTN5:RO",
    "month": "2026-11",
    "percent": 80,
    "used_minutes": 960,
    "total_minutes": 1_200,
}
FACTS: Final[dict[NoticeKind, Facts]] = {
    NoticeKind.TOP_UP_SUCCEEDED: {**TOP_UP, "reason": ""},
    NoticeKind.TOP_UP_FAILED: {**TOP_UP},
    NoticeKind.RECHARGE_SUCCEEDED: {**TOP_UP, "reason": ""},
    NoticeKind.RECHARGE_FAILED: {**TOP_UP, "next": "retry", "retry_at": "2026-11-22T13:00:00+00:00"},
    NoticeKind.RECHARGE_SUSPENDED: {**TOP_UP},
    NoticeKind.RECHARGE_PAUSED: {"reason": "dispute", "trigger_amount_micros": 25 * UNIT, "currency": "RON"},
    NoticeKind.RECHARGE_SWITCHED_OFF: {"reason": "saved"},
    NoticeKind.AUTHENTICATION_NEEDED: {**TOP_UP, "reason": "authentication_required"},
    NoticeKind.CAP_NEARLY_REACHED: {**RULE},
    NoticeKind.CAP_REACHED: {**RULE},
    NoticeKind.BALANCE_LOW: {"alert_micros": 25 * UNIT, "balance_micros": 24_999_999, "currency": "RON"},
    NoticeKind.BALANCE_ZERO: {"balance_micros": 0, "currency": "RON"},
    NoticeKind.LOT_EXPIRING: {
        "lot_id": "019353b4-7c1e-7000-8000-0123456789ad",
        "amount_micros": 1_250_500_000,
        "currency": "RON",
        "expires_at": "2026-12-31T23:30:00+00:00",
        "days": 30,
    },
    NoticeKind.CARD_EXPIRING: {"payment_method": "x", "brand": "visa", "last4": "4242", "expiry_month": "2026-12"},
    NoticeKind.POOL_NEARLY_USED: {**POOL},
    NoticeKind.POOL_USED: {**POOL, "percent": 100, "used_minutes": 1_200},
    NoticeKind.REFUND_SUCCEEDED: {**TOP_UP, "refund_id": "x", "reason": ""},
    NoticeKind.REFUND_REFUSED: {**TOP_UP, "refund_id": "x", "reason": "too_late"},
    NoticeKind.DISPUTE_OPENED: {**DISPUTE, "frozen_micros": 30 * UNIT},
    NoticeKind.DISPUTE_WON: {**DISPUTE, "restored_micros": 30 * UNIT},
    NoticeKind.DISPUTE_LOST: {**DISPUTE, "lost_micros": 60_500_000, "owed_micros": 20 * UNIT},
    NoticeKind.WEBHOOK_DISABLED: {"endpoint_id": "x", "host": "hooks.example.com", "reason": "failing"},
}
"""The facts of each kind, as core and operations write them."""

SUBJECTS_RO: Final = {
    NoticeKind.TOP_UP_SUCCEEDED: f"S-au adăugat 1.250,00{NBSP}RON",
    NoticeKind.RECHARGE_FAILED: f"Reîncărcarea automată a eșuat: nu s-au plătit 1.512,50{NBSP}RON",
    NoticeKind.CAP_NEARLY_REACHED: f"Reîncărcarea automată a folosit 80{NBSP}% din plafonul lunar",
    NoticeKind.BALANCE_ZERO: "Soldul este epuizat",
    # At half past eleven in the evening of the 31st in UTC the new year has begun in Bucharest.
    NoticeKind.LOT_EXPIRING: f"1.250,50{NBSP}RON expiră pe 1 ianuarie 2027",
    NoticeKind.CARD_EXPIRING: "Un card expiră în decembrie 2026",
}


def _mail(kind: NoticeKind, language: str, facts: Facts) -> OwedMail:
    return OwedMail(
        mail_id="019353b4-7c1e-7000-8000-000000000001",
        notice=NoticeToTell(
            notice_id="019353b4-7c1e-7000-8000-000000000002",
            organization_id="019353b4-7c1e-7000-8000-000000000003",
            kind=kind.value,
            facts=facts,
            noticed_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
        ),
        organization_name="Exemplu SRL",
        time_zone="Europe/Bucharest",
        address="ana@example.com",
        language=language,
        attempts=1,
    )


@pytest.fixture(scope="module")
def writer() -> LetterWriter:
    return LetterWriter(public_url="https://credits.example.com/")


def _write(writer: LetterWriter, kind: NoticeKind, language: str, facts: Facts | None = None) -> Letter:
    return writer.write(_mail(kind, language, facts or FACTS[kind]))


def test_every_kind_has_a_letter_and_an_explanation() -> None:
    assert set(LETTERS) == set(EXPLANATIONS) == set(FACTS) == set(NoticeKind)
    assert set(POOLED) == set(reasons.POOLS)


@pytest.mark.parametrize("language", ["en", "ro"])
@pytest.mark.parametrize("kind", NoticeKind)
def test_a_letter_says_every_sentence_of_its_kind(writer: LetterWriter, kind: NoticeKind, language: str) -> None:
    letter = _write(writer, kind, language)
    body, _, footer = letter.text.partition("\n\n-- \n")
    *sentences, link = body.split("\n\n")
    # None is left out for want of a fact, and none is left unfinished.
    assert len(sentences) == len(LETTERS[kind].sentences)
    assert "Exemplu SRL" in letter.text
    assert "https://credits.example.com/" in link
    assert len(footer.splitlines()) == 2
    assert not re.search(r"%\(|\{|_micros|None|[a-z]_[a-z]", letter.subject + body + footer)
    assert "\n" not in letter.subject
    if language == "ro":
        english = _write(writer, kind, "en")
        assert letter.subject != english.subject
        assert not set(sentences) & set(english.text.split("\n\n"))


@pytest.mark.parametrize("kind", SUBJECTS_RO)
def test_subjects_write_amounts_days_and_months_as_romanians_do(writer: LetterWriter, kind: NoticeKind) -> None:
    assert _write(writer, kind, "ro").subject == SUBJECTS_RO[kind]


def test_a_failed_recharge_says_why_and_what_follows_in_the_organizations_own_time(writer: LetterWriter) -> None:
    text = _write(writer, NoticeKind.RECHARGE_FAILED, "en").text
    assert "The card has expired." in text
    assert "The next attempt follows on 22 November 2026, 15:00." in text
    backup = _write(writer, NoticeKind.RECHARGE_FAILED, "en", {**TOP_UP, "reason": "xyz_9", "next": "backup"}).text
    assert "The bank gave no reason." in backup
    assert "xyz_9" not in backup
    assert "The backup payment method is tried at once." in backup


def test_without_tax_nothing_is_said_of_tax(writer: LetterWriter) -> None:
    assert "tax" in _write(writer, NoticeKind.TOP_UP_SUCCEEDED, "en").text
    untaxed = {**TOP_UP, "tax_micros": 0, "reason": ""}
    assert "tax" not in _write(writer, NoticeKind.TOP_UP_SUCCEEDED, "en", untaxed).text


@pytest.mark.parametrize(
    ("pool", "name"),
    [
        ("pool:MCOPSTN5:RO", "Domestic plan with 120 minutes, Romania"),
        ("pool:MCOPSTN2:US:international", "Domestic and international plan, United States, international minutes"),
        ("pool:MCOMEETADV", "dial-out from conferences"),
    ],
)
def test_a_pool_is_told_by_what_it_is_made_of(writer: LetterWriter, pool: str, name: str) -> None:
    assert name in _write(writer, NoticeKind.POOL_NEARLY_USED, "en", {**POOL, "pool": pool}).text


def test_without_an_address_of_the_portal_a_letter_has_no_link() -> None:
    letter = _write(LetterWriter(public_url=""), NoticeKind.BALANCE_LOW, "en")
    assert "http" not in letter.text
    assert "href" not in letter.html


def test_a_receipt_goes_with_a_letter_and_leaves_its_words_as_they_are(writer: LetterWriter) -> None:
    mail = _mail(NoticeKind.TOP_UP_SUCCEEDED, "ro", FACTS[NoticeKind.TOP_UP_SUCCEEDED])
    sender = Sender(address="credits@operator.example", name="", reply_to="")
    file = Attachment(name="CC-2026-000001.pdf", content=b"%PDF-1.7 \xff")
    message = message_of(mail, writer.write(mail), sender, datetime(2026, 11, 22, 12, tzinfo=UTC), file)
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("CC-2026-000001.pdf", "application/pdf")
    assert attached.get_payload(decode=True) == file.content
    plain = message.get_body(("plain",))
    assert plain is not None
    assert "S-au adăugat" in plain.get_content()
    assert message["Content-Language"] == "ro"


@pytest.mark.parametrize("word", ["=?utf-8?q?x=0D=0ABcc:=20spy@example.com?=", "=?utf-8?b?eA0KQmNjOiBzcHlAeA==?="])
def test_no_word_of_a_subject_becomes_a_header_field(writer: LetterWriter, word: str) -> None:
    mail = _mail(NoticeKind.BALANCE_LOW, "en", FACTS[NoticeKind.BALANCE_LOW])
    written = writer.write(mail)
    letter = Letter(subject=f"Notice for {word}", text=written.text, html=written.html)
    sender = Sender(address="credits@example.com", name="Credits", reply_to="")
    with pytest.raises(ValueError, match="header field"):
        message_of(mail, letter, sender, datetime(2026, 11, 22, 12, tzinfo=UTC))
