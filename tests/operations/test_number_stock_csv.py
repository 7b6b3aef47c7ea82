"""A file of numbers goes into stock whole, or not at all, and then every wrong line is told."""

from collections.abc import AsyncIterator

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations import number_stock_csv
from commcredits.operations.csv_lines import ERRORS_MAX, LINE_BYTES_MAX, LineError
from commcredits.operations.number_stock import search_stock
from commcredits.operations.number_stock_csv import StockImport, import_stock
from commcredits.operations.numbers import add_number
from commcredits.operations.paging import Page
from tests.operations.office import Office

FILE = (
    "number,kind,country,place\n"
    "+40212345678,user,RO,București\n"
    '+40264123456,toll,,"Cluj-Napoca, centru"\n'
    "+40800123456,toll_free,,\n"
)


async def pieces(content: bytes, size: int = 1 << 20) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def imported(office: Office, content: str | bytes, size: int = 1 << 20) -> StockImport | Refused:
    raw = content.encode() if isinstance(content, str) else content
    return await import_stock(office.services, lines=pieces(raw, size))


async def in_stock(office: Office) -> list[tuple[str, str, str, str]]:
    page = await search_stock(office.services, limit=200)
    assert isinstance(page, Page)
    return [(each.number, each.kind.value, each.country, each.place) for each in page.items]


def place(error: LineError) -> str:
    """Where it stands, in words."""
    return str(error.refused().facts["field"])


STOCK = [
    ("+40212345678", "user", "RO", "București"),
    ("+40264123456", "toll", "RO", "Cluj-Napoca, centru"),
    ("+40800123456", "toll_free", "RO", ""),
]


@pytest.mark.parametrize(
    "content",
    [
        FILE,
        "\ufeff" + FILE,
        FILE.replace("\n", "\r\n"),
        FILE.removesuffix("\n"),
        FILE.replace("\n", "\n\n"),
    ],
    ids=["plain", "byte order mark", "carriage returns", "no last line end", "blank lines"],
)
async def test_all_numbers_of_a_file_are_in_stock(office: Office, content: str) -> None:
    assert await imported(office, content) == StockImport(number_count=3)
    assert await in_stock(office) == STOCK


@pytest.mark.parametrize("size", [1, 7, 64])
async def test_a_file_in_small_pieces_is_the_same_file(office: Office, size: int) -> None:
    assert await imported(office, FILE, size) == StockImport(number_count=3)
    assert await in_stock(office) == STOCK


async def test_columns_come_in_any_order_and_country_and_place_may_be_left_out(office: Office) -> None:
    assert await imported(office, "kind,number\ntoll,+40264123456\n") == StockImport(number_count=1)
    assert await in_stock(office) == [("+40264123456", "toll", "RO", "")]


async def test_the_same_file_again_changes_nothing_and_another_corrects(office: Office) -> None:
    await imported(office, FILE)
    assert await imported(office, FILE) == StockImport(number_count=3)
    assert await in_stock(office) == STOCK
    await imported(office, "number,kind,place\n+40212345678,toll,Ilfov\n")
    assert (await in_stock(office))[0] == ("+40212345678", "toll", "RO", "Ilfov")


async def test_every_wrong_line_is_told_and_nothing_is_kept(office: Office) -> None:
    wrong = await imported(
        office,
        "number,kind,country,place\n"
        "+40212345678,user,RO,\n"
        "0212345678,user,RO,\n"
        "+40212345679,fax,ro,\n"
        "+40212345680,user\n"
        '+40212345681,user,RO,"open\n'
        "+40212345678,user,RO,\n"
        f"+40212345682,user,RO,{'x' * 201}\n",
    )
    assert isinstance(wrong, StockImport)
    assert [(place(error), error.value[:12]) for error in wrong.errors] == [
        ("line 3, column number", "0212345678"),
        ("line 4, column kind", "fax"),
        ("line 4, column country", "ro"),
        ("line 5", "2 fields"),
        ("line 6, column place", '"'),
        ("line 7, column number", "+40212345678"),
        ("line 8, column place", "xxxxxxxxxxxx"),
    ]
    assert wrong.error_count == 7
    assert "line 2" in wrong.errors[5].allowed
    assert await in_stock(office) == []


async def test_a_number_that_is_somebody_s_already_is_told_by_its_line(office: Office) -> None:
    organization = await office.organization()
    await add_number(
        office.services,
        organization_id=organization.organization_id,
        number="+40264123456",
        kind="toll",
        display_name="",
    )
    wrong = await imported(office, FILE)
    assert isinstance(wrong, StockImport)
    assert [place(error) for error in wrong.errors] == ["line 3, column number"]
    assert await in_stock(office) == []


async def test_of_very_many_wrong_lines_the_first_are_told_and_all_are_counted(office: Office) -> None:
    wrong = await imported(office, "number,kind\n" + "0,user\n" * 500)
    assert isinstance(wrong, StockImport)
    assert len(wrong.errors) == ERRORS_MAX
    assert wrong.error_count == 500


@pytest.mark.parametrize(
    ("content", "at"),
    [
        (b"", "line 1"),
        (b"number,kind\n", "line 2"),
        (b"number,kind,colour\n+40212345678,user,red\n", "line 1"),
        (b"number,number\n", "line 1, column number"),
        (b"number,place\n+40212345678,x\n", "line 1, column kind"),
        (b"\xff\xfe\n", "line 1"),
        (b"number,kind\n+4021\xff,user\n", "line 2, column number"),
        (b"number,kind,place\n+40212345678,user,a\x00b\n", "line 2, column place"),
        (b"number,kind\n" + b"4" * (LINE_BYTES_MAX + 1), "line 2"),
        (b"4" * (LINE_BYTES_MAX * 4), "line 1"),
    ],
    ids=["empty", "header alone", "strange column", "column twice", "column missing", "no text", "no text in a line",
         "NUL", "long line", "long first line"],
)  # fmt: skip
async def test_a_file_that_is_no_table_of_numbers_is_refused_by_its_line(
    office: Office, content: bytes, at: str
) -> None:
    wrong = await imported(office, content)
    assert isinstance(wrong, StockImport)
    assert place(wrong.errors[0]) == at
    assert await in_stock(office) == []


async def test_a_line_without_end_is_not_read_to_its_end(office: Office) -> None:
    asked = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal asked
        for asked in range(100_000):  # noqa: B007 - how far it came is what is tested
            yield b"4" * 65_536

    wrong = await import_stock(office.services, lines=endless())
    assert isinstance(wrong, StockImport)
    assert asked < 4


async def test_a_file_that_is_too_large_is_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_stock_csv, "STOCK_BYTES_MAX", 100)
    refused = await imported(office, FILE * 2, 64)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, "lines")


async def test_very_many_numbers_are_written_and_progress_is_told(office: Office) -> None:
    rows = "".join(f"+4021{each:07d},user\n" for each in range(25_000))
    told: list[tuple[str, int]] = []
    raw = ("number,kind\n" + rows).encode()
    done = await import_stock(
        office.services, lines=pieces(raw, 1 << 16), progress=lambda what, count: told.append((what, count))
    )
    assert done == StockImport(number_count=25_000)
    assert ("written", 25_000) in told
    assert [count for what, count in told if what == "read"] == sorted(count for what, count in told if what == "read")
    assert await office.services.pool.fetchval("select count(*) from number_stock") == 25_000
