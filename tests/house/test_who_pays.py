"""The table of who pays, the document that it follows and the page that is written from it say the same."""

import re
from typing import Final

from commcredits.core.plans import TABLE, BookedTo, Otherwise, Row, Source
from scripts import write_who_pays
from tests.house.tree import ROOT

# What the document's columns say, in the program's words; an empty word is a dash.
FIRST: Final = {
    "": None,
    "free": Source.FREE,
    "domestic pool of plan + country": Source.DOMESTIC_POOL,
    "international pool": Source.INTERNATIONAL_POOL,
    "as 2–6 by destination": Source.BY_DESTINATION,
    "included": Source.INCLUDED,
    "dial-out pool": Source.CONFERENCE_POOL,
    "add-on": Source.ADD_ON,
    "plan of the resource account": Source.RESOURCE_ACCOUNT_PLAN,
    "plan of the resource account (PAYG)": Source.RESOURCE_ACCOUNT_PLAN,
    "ALWAYS allowed, never charged, never counted, whatever the balance, policy or block": Source.NEVER_CHARGED,
    "outside credits: recorded only": Source.OUTSIDE,
}
OTHERWISE: Final = {
    "": Otherwise.NOTHING,
    "refuse": Otherwise.REFUSE,
    "not answered": Otherwise.NOT_ANSWERED,
    "fails": Otherwise.FAILS,
}
DECIDED_IN_WORDS: Final = 21
"""The row whose first column is a sentence: refused before the call."""


def _document() -> dict[int, list[str]]:
    """The rows of domain.md §5 by number: situation, first, second, else, booked to."""
    section = (ROOT / "docs" / "domain.md").read_text("utf-8").partition("\n## 5. ")[2].partition("\n## 6. ")[0]
    found = re.findall(r"^\| (\d+) \| (.*) \|$", section, re.MULTILINE)
    return {int(number): ["" if cell == "–" else cell for cell in rest.split(" | ")] for number, rest in found}


def _as_the_document_says(row: Row, cells: list[str]) -> bool:
    situation, first, second, otherwise, booked_to = cells
    call_types = re.findall(r"`([a-z_]+)`", situation)
    return (
        row.first is FIRST[first]
        and (row.second is Source.CREDITS) is ("credits" in second)
        and row.otherwise is OTHERWISE[otherwise]
        and row.booked_to is BookedTo(booked_to.replace(" ", "_"))
        and set(call_types) <= row.call_types
    )


def test_the_table_has_the_documents_rows_with_what_the_document_says() -> None:
    rows, document = {row.number: row for row in TABLE}, _document()
    assert sorted(rows) == sorted(document)
    other = [
        (number, cells)
        for number, cells in document.items()
        if number != DECIDED_IN_WORDS and not _as_the_document_says(rows[number], cells)
    ]
    assert other == []
    assert "refused before the call" in document[DECIDED_IN_WORDS][1]
    assert rows[DECIDED_IN_WORDS].otherwise is Otherwise.REFUSE


def test_the_page_of_who_pays_is_what_the_core_says() -> None:
    assert write_who_pays.problems() == []
