"""Receipts as pages: the same words in HTML and PDF, in each language, whatever anybody calls himself."""

import re
from html.parser import HTMLParser

import pypdfium2
import pytest
from msgspec.structs import replace

from commcredits.core.receipts import PaidWith, ReceiptDocument
from commcredits.edges.receipts.html import html_of
from commcredits.edges.receipts.pdf import pdf_of
from tests.edges.receipts.papers import NOON, ROMANIAN, TREATMENTS, credit_note, paper, sheet

NBSP = "\u00a0"
HOSTILE_NAMES = {
    "markup of HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "markup of typst": '#read("/etc/passwd") $x$ *bold* _it_ `raw` \\ #sys.inputs @cite <label> // /* */',
    "a template": "{{ 7 * 7 }} {% include '/etc/passwd' %}",
    "right to left": "שלום עולם (Ltd) אבג",
    "Arabic": "شركة الاتصالات",
    "letters of no font here": "株式会社サンプル 😀",
    "a name without a space": "W" * 200,
    "many words": "Societatea " * 18,
}  # fmt: skip


class _Text(HTMLParser):
    """The visible text of a page, and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read(document: ReceiptDocument, language: str) -> _Text:
    page = _Text()
    page.feed(html_of(sheet(document, language)).decode())
    return page


def _pdf_text(document: ReceiptDocument, language: str) -> str:
    pdf = pypdfium2.PdfDocument(pdf_of(sheet(document, language), NOON))
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in pdf)
    finally:
        pdf.close()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Receipt CC-000001", f"22{NBSP}November{NBSP}2026", f"1,512.50{NBSP}EUR", f"1,336.97{NBSP}RON", "21%"]),
        (
            "ro",
            ["Factură CC-000001", f"22{NBSP}noiembrie{NBSP}2026", f"1.512,50{NBSP}EUR", f"1.336,97{NBSP}RON", "TVA"],
        ),
    ],
)
def test_page_and_pdf_say_the_amounts_and_days_as_the_language_writes_them(language: str, words: list[str]) -> None:
    document = paper()
    page = "".join(_read(document, language).text)
    pdf = _pdf_text(document, language).replace(" ", NBSP)
    for word in [*words, "Întreprinderea Țânțar & Fiii SRL", "Școlii", "RO18547290", "PO-77", "4242"]:
        assert word in page
        assert word.replace(" ", NBSP) in pdf


def test_romanian_letters_show_in_both() -> None:
    letters = "ăâîșț ĂÂÎȘȚ"
    document = paper(buyer=replace(ROMANIAN, legal_name=letters))
    assert letters in "".join(_read(document, "ro").text)
    assert letters in _pdf_text(document, "ro")


def test_the_pdf_is_for_archives_and_the_same_each_time() -> None:
    made = pdf_of(sheet(paper()), NOON)
    assert made.startswith(b"%PDF-1.7")
    assert re.search(rb"<pdfaid:part>3</pdfaid:part>\s*<pdfaid:conformance>B", made)
    assert made == pdf_of(sheet(paper()), NOON)


@pytest.mark.parametrize("language", ["en", "ro"])
@pytest.mark.parametrize("treatment", TREATMENTS)
def test_every_treatment_fits_one_page(treatment: str, language: str) -> None:
    for document in (paper(TREATMENTS[treatment]), credit_note(paper(TREATMENTS[treatment]))):
        pdf = pypdfium2.PdfDocument(pdf_of(sheet(document, language), NOON))
        assert len(pdf) == 1
        pdf.close()


def test_reverse_charge_is_said_in_words() -> None:
    assert "Reverse charge" in "".join(_read(paper(TREATMENTS["reverse charge"]), "en").text)
    assert "Taxare inversă" in _pdf_text(paper(TREATMENTS["reverse charge"]), "ro")


def test_a_credit_note_names_the_receipt_that_it_corrects() -> None:
    note = credit_note(paper())
    assert "CC-000001" in "".join(_read(note, "en").text)
    assert "Notă de creditare CN-000001" in _pdf_text(note, "ro")


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES.keys())
def test_a_hostile_name_is_shown_as_text(name: str) -> None:
    name = name.strip()[:200]
    document = paper(
        buyer=replace(ROMANIAN, legal_name=name, address_lines=(name[:150],), reference=name[:100]),
        paid_with=PaidWith(kind="card", brand=name[:40], last4="4242"),
    )
    page, plain = _read(document, "en"), _read(paper(), "en")
    assert name in "".join(page.text)
    assert page.tags == plain.tags
    assert page.attributes == plain.attributes
    pdf = pypdfium2.PdfDocument(pdf_of(sheet(document), NOON))
    text = pdf[0].get_textpage().get_text_bounded()
    pdf.close()
    assert "Total paid" in text
    if name.isascii():
        assert "".join(name.split()) in re.sub(r"[\s\u200b\ufffe\u0002]", "", text)


def test_the_page_asks_for_nothing_from_elsewhere() -> None:
    page = html_of(sheet(paper())).decode()
    assert not re.search(r"https?:|url\(|@import|<script|<link|<img", page)
