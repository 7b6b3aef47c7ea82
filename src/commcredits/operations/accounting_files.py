"""The files of an accounting export: our journal as CSV, debit and credit lines as CSV, and a hledger journal.

Knows forms, one entry at a time. Refuses to trust a name: text that a spreadsheet would run as a formula is quoted, and
what a plain-text journal would read as syntax is left out. Amounts are exact, with six decimals.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final, Protocol

from commcredits.core.calendar import instant_text
from commcredits.core.money import format_micros
from commcredits.operations.accounting_chart import ChartAccount

JOURNAL_COLUMNS: Final = (
    "date",
    "at",
    "transfer",
    "organization",
    "organization_name",
    "from",
    "to",
    "amount",
    "currency",
    "reason",
    "lot",
    "call",
    "top_up",
    "document",
)
ENTRY_COLUMNS: Final = (
    "entry",
    "date",
    "line",
    "account_code",
    "account",
    "debit",
    "credit",
    "currency",
    "organization",
    "organization_name",
    "text",
    "document",
)

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_WORDS: Final = re.compile(r"[^\w .#/&'-]+")
_TEXT_CHARACTERS_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One transfer as an accountant reads it: ``source`` is debited and ``target`` credited.

    ``organization_id`` and ``organization_name`` are empty for what concerns a gateway and no organization.
    """

    entry_id: str
    at: datetime
    organization_id: str
    organization_name: str
    source: str
    target: str
    amount_micros: int
    currency: str
    reason: str
    lot_id: str = ""
    session_id: str = ""
    top_up_id: str = ""
    document: str = ""


class Writer(Protocol):
    """Turns entries into the text of a file."""

    def head(self) -> str:
        """What stands before the first entry."""
        ...

    def entry(self, entry: Entry) -> str:
        """One entry."""
        ...


class JournalCsv:
    """One row per transfer, in the ledger's own words. Dates by the clock of ``zone``."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def head(self) -> str:
        """The names of the columns."""
        return _lines([JOURNAL_COLUMNS])

    def entry(self, entry: Entry) -> str:
        """A row."""
        return _lines(
            [
                (
                    _date(entry, self._zone),
                    instant_text(entry.at),
                    entry.entry_id,
                    entry.organization_id,
                    harmless(entry.organization_name),
                    entry.source,
                    entry.target,
                    format_micros(entry.amount_micros),
                    entry.currency,
                    entry.reason,
                    entry.lot_id,
                    harmless(entry.session_id),
                    entry.top_up_id,
                    harmless(entry.document),
                )
            ]
        )


class EntriesCsv:
    """Two rows per transfer, a debit and a credit, with the numbers of the operator's own accounts."""

    def __init__(self, zone: tzinfo, chart: Mapping[str, ChartAccount]) -> None:
        self._zone = zone
        self._chart = chart

    def head(self) -> str:
        """The names of the columns."""
        return _lines([ENTRY_COLUMNS])

    def entry(self, entry: Entry) -> str:
        """The debit, then the credit."""
        amount = format_micros(entry.amount_micros)
        text = entry.reason if not entry.session_id else f"{entry.reason} {entry.session_id}"
        rows = []
        for line, (account, debit, credit) in enumerate(((entry.source, amount, ""), (entry.target, "", amount)), 1):
            known = self._chart[account]
            rows.append(
                (
                    entry.entry_id,
                    _date(entry, self._zone),
                    str(line),
                    known.code,
                    known.name,
                    debit,
                    credit,
                    entry.currency,
                    entry.organization_id,
                    harmless(entry.organization_name),
                    harmless(text),
                    harmless(entry.document),
                )
            )
        return _lines(rows)


class PlainTextJournal:
    """A journal for hledger, which ledger reads too: debits positive, credits negative."""

    def __init__(self, zone: tzinfo, chart: Mapping[str, ChartAccount]) -> None:
        self._zone = zone
        self._chart = chart

    def head(self) -> str:
        """The accounts."""
        return (
            "".join(f"account {account.name}\n    ; code {account.code}\n" for account in self._chart.values()) + "\n"
        )

    def entry(self, entry: Entry) -> str:
        """A transaction of two postings."""
        facts = (
            ("transfer", entry.entry_id),
            ("organization", f"{entry.organization_id} {plain(entry.organization_name)}".strip()),
            ("call", plain(entry.session_id)),
            ("document", plain(entry.document)),
        )
        known = "".join(f"    ; {name} {value}\n" for name, value in facts if value)
        amount = format_micros(entry.amount_micros)
        return (
            f"{_date(entry, self._zone)} * {entry.reason.replace('_', ' ')}\n"
            f"{known}"
            f"    {self._chart[entry.source].name}    {amount} {entry.currency}\n"
            f"    {self._chart[entry.target].name}    -{amount} {entry.currency}\n\n"
        )


def harmless(text: str) -> str:
    """Text for a cell: an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def plain(text: str) -> str:
    """Text for a comment of a plain-text journal: words alone, for colons and brackets are syntax there."""
    return " ".join(_WORDS.sub(" ", text).split())[:_TEXT_CHARACTERS_MAX]


def _date(entry: Entry, zone: tzinfo) -> str:
    return entry.at.astimezone(zone).date().isoformat()


def _lines(rows: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
