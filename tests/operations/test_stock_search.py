"""What the operator puts in stock is found by what it is, and wrong words are named."""

from typing import Any

from commcredits.core.numbers import DialledKind
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import NumberKind
from commcredits.operations.number_stock import StockNumber, add_to_stock, search_stock
from commcredits.operations.paging import Page, write_cursor
from tests.operations.office import Office
from tests.operations.stock import found, stocked

DESK = "+40212345678"


async def test_the_stock_is_searched_by_kind_country_place_and_digits(office: Office) -> None:
    await stocked(office, "+40212345678", "+40212345679", place="București")
    await stocked(office, "+40264123456", place="Cluj-Napoca")
    await stocked(office, "+40264123457", kind="toll", place="Cluj-Napoca")
    await stocked(office, "+40800123456", kind="toll_free")
    await stocked(office, "+4930123456", kind="toll", place="Berlin")
    await stocked(office, "+80012345678", kind="toll_free")

    assert len(await found(office)) == 7
    assert await found(office, kind="user") == ["+40212345678", "+40212345679", "+40264123456"]
    assert await found(office, country="DE") == ["+4930123456"]
    assert await found(office, place="cluj") == ["+40264123456", "+40264123457"]
    assert await found(office, place="CLUJ", kind="toll") == ["+40264123457"]
    assert await found(office, digits="12345") == [
        "+40212345678", "+40212345679", "+40264123456", "+40264123457", "+40800123456", "+4930123456", "+80012345678",
    ]  # fmt: skip
    assert await found(office, digits="4123456", country="RO") == ["+40264123456"]
    assert await found(office, place="%") == []


async def test_what_is_in_stock_says_what_its_range_is(office: Office) -> None:
    added = await add_to_stock(office.services, number="+40900123456", kind="toll", country="", place="")
    assert added == StockNumber(
        number="+40900123456", kind=NumberKind.TOLL, country="RO", place="", dialled_kind=DialledKind.PREMIUM
    )
    abroad = await add_to_stock(office.services, number="+80012345678", kind="toll_free", country="", place="")
    assert isinstance(abroad, StockNumber)
    assert (abroad.country, abroad.dialled_kind) == ("", "toll_free")


async def test_adding_a_number_again_corrects_what_is_said_of_it(office: Office) -> None:
    await stocked(office, DESK, place="Bucuresti")
    await stocked(office, DESK, kind="toll", place="București")
    page = await search_stock(office.services, limit=10)
    assert isinstance(page, Page)
    assert [(each.number, each.kind, each.place) for each in page.items] == [(DESK, "toll", "București")]


async def test_a_field_that_is_wrong_is_named_and_nothing_is_put_in_stock(office: Office) -> None:
    for field, value in (
        ("number", "0212345678"),
        ("number", "+4021234567٣"),
        ("kind", "service"),
        ("kind", "user\x00"),
        ("country", "ro"),
        ("country", "ZZ"),
        ("place", "   "),
        ("place", "x" * 201),
        ("place", "null\x00byte"),
        ("place", "half a pair \udfff"),
    ):
        given: dict[str, Any] = {"number": DESK, "kind": "user", "country": "", "place": "", field: value}
        refused = await add_to_stock(office.services, **given)
        assert isinstance(refused, Refused), (field, value)
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field)
    assert await found(office) == []


async def test_a_filter_that_is_wrong_is_named(office: Office) -> None:
    for field, value in (
        ("kind", "service"),
        ("country", "XX"),
        ("place", ""),
        ("place", "\x00"),
        ("digits", ""),
        ("digits", "12a"),
        ("digits", "٣"),
        ("digits", "1" * 16),
        ("cursor", "abc"),
        ("cursor", write_cursor("phone_numbers", "+40")),
    ):
        refused = await search_stock(office.services, limit=10, **{field: value})
        assert isinstance(refused, Refused), (field, value)
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field)
