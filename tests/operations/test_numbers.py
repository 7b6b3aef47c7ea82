"""Numbers belong to one organization each, and every process that follows them knows so soon."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from commcredits.core.numbers import DialledKind
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import NumberKind, NumberPurpose
from commcredits.operations.numbers import NumberDirectory, PhoneNumber, add_number, list_numbers
from commcredits.operations.paging import Page, write_cursor
from commcredits.storage.connection import connect
from tests.operations.office import NOON, SHARD, Office, new_id, soon

WRONG_FIELDS = [
    ("number", ""),
    ("number", "0212345678"),
    ("number", "+0212345678"),
    ("number", "40212345678"),
    ("number", "+4021"),
    ("number", "+4021234567890123"),
    ("number", "+40 21 234 5678"),
    ("number", "+4021234567٣"),
    ("number", "+40212345678\n"),
    ("number", "+40212345678\x00"),
    ("number", "112"),
    ("number", "+" + "4" * 1_000_000),
    ("kind", ""),
    ("kind", "USER"),
    ("kind", "service"),
    ("kind", "user\x00"),
    ("display_name", "x" * 201),
    ("display_name", "two\nlines"),
    ("display_name", "null\x00byte"),
    ("display_name", "half a pair \udfff"),
    ("display_name", "   "),
]

INSERT_NUMBER = """
    with moved as (update generations set generation = generation + 1 returning generation)
    insert into phone_numbers (shard_id, organization_id, number, kind, display_name, generation, created_at)
    select 0, $1, '+40212345679', 'user', '', generation, now() from moved
"""


def knows(directory: NumberDirectory, number: str) -> bool:
    return directory.organization_of(number) is not None


async def added(office: Office, organization_id: str, number: str, display_name: str = "") -> PhoneNumber | Refused:
    return await add_number(
        office.services, organization_id=organization_id, number=number, kind="user", display_name=display_name
    )


async def all_numbers(office: Office, organization_id: str, *, limit: int) -> list[str]:
    """Numbers of an organization, page by page."""
    numbers: list[str] = []
    cursor: str | None = None
    while True:
        page = await list_numbers(office.services, organization_id=organization_id, cursor=cursor, limit=limit)
        assert isinstance(page, Page), page
        assert len(page.items) <= limit
        numbers += [each.number for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return numbers


async def loaded(office: Office) -> NumberDirectory:
    directory = NumberDirectory()
    await directory.load(office.services.pool, SHARD)
    return directory


@asynccontextmanager
async def following(office: Office) -> AsyncIterator[NumberDirectory]:
    """A directory that follows, closely enough for a test."""
    directory = await loaded(office)
    task = asyncio.create_task(directory.follow(office.services.pool, SHARD, 0.01))
    try:
        yield directory
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_number_belongs_to_the_organization_that_it_was_added_to(office: Office) -> None:
    organization = await office.organization()

    number = await add_number(
        office.services,
        organization_id=organization.organization_id,
        number="+40800800800",
        kind="toll_free",
        display_name="Asistență",
    )

    assert number == PhoneNumber(
        number="+40800800800",
        organization_id=organization.organization_id,
        kind=NumberKind.TOLL_FREE,
        display_name="Asistență",
        purpose=NumberPurpose.UNASSIGNED,
        party_id=None,
        country="RO",
        dialled_kind=DialledKind.TOLL_FREE,
        created_at=NOON,
    )
    assert (await loaded(office)).organization_of("+40800800800") == organization.organization_id


async def test_the_same_number_with_the_same_content_gets_the_same_answer(office: Office) -> None:
    organization = await office.organization()
    first = await added(office, organization.organization_id, "+40212345678")
    office.clock.advance(hours=1)
    assert await added(office, organization.organization_id, "+40212345678") == first


async def test_a_number_of_another_organization_is_taken_and_nobody_is_told_whose_it_is(office: Office) -> None:
    one, other = await office.organization("One"), await office.organization("Other")
    await added(office, one.organization_id, "+40212345678")
    refused = await added(office, other.organization_id, "+40212345678")
    assert refused == Refused(code=RefusalCode.NUMBER_TAKEN, facts={"number": "+40212345678"})


async def test_a_number_with_other_content_is_taken_by_its_own_organization_too(office: Office) -> None:
    organization = await office.organization()
    await added(office, organization.organization_id, "+40212345678", "Reception")
    refused = await added(office, organization.organization_id, "+40212345678", "Sales")
    assert refused == Refused(code=RefusalCode.NUMBER_TAKEN, facts={"number": "+40212345678"})


async def test_of_many_who_want_a_number_at_once_one_gets_it(office: Office) -> None:
    organizations = [await office.organization() for _ in range(6)]

    answers = await asyncio.gather(*(added(office, each.organization_id, "+40212345678") for each in organizations))

    (winner,) = [answer for answer in answers if isinstance(answer, PhoneNumber)]
    losers = [answer for answer in answers if isinstance(answer, Refused)]
    assert [each.code for each in losers] == [RefusalCode.NUMBER_TAKEN] * 5
    assert (await loaded(office)).organization_of("+40212345678") == winner.organization_id


async def test_a_field_that_is_wrong_is_named_and_no_number_is_added(office: Office) -> None:
    organization = await office.organization()
    for field, value in WRONG_FIELDS:
        given = {"number": "+40212345678", "kind": "user", "display_name": "", field: value}

        refused = await add_number(office.services, organization_id=organization.organization_id, **given)

        assert isinstance(refused, Refused), (field, value[:80])
        assert refused.code is RefusalCode.INVALID_INPUT
        assert refused.facts["field"] == field, (field, value[:80])
        assert len(str(refused.facts["value"])) <= 64
    assert len(await loaded(office)) == 0


async def test_an_unknown_organization_gets_no_number(office: Office) -> None:
    refused = await added(office, new_id(), "+40212345678")
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.UNKNOWN_ORGANIZATION


async def test_an_organization_that_closes_gets_no_number(office: Office) -> None:
    organization = await office.organization()
    await office.services.pool.execute("update organizations set status = 'closing'")
    refused = await added(office, organization.organization_id, "+40212345678")
    assert refused == Refused(code=RefusalCode.ORGANIZATION_CLOSED)


async def test_numbers_are_listed_newest_first_each_once_and_only_to_their_organization(office: Office) -> None:
    organization, other = await office.organization("One"), await office.organization("Other")
    await added(office, other.organization_id, "+40219999999")
    for number in ("+40211111111", "+40213333333", "+40212222222"):
        await added(office, organization.organization_id, number)
        office.clock.advance(seconds=1)
    # These two came at one instant.
    await added(office, organization.organization_id, "+40215555555")
    await added(office, organization.organization_id, "+40214444444")
    newest_first = ["+40215555555", "+40214444444", "+40212222222", "+40213333333", "+40211111111"]
    for limit in (1, 2, 4, 5, 200):
        assert await all_numbers(office, organization.organization_id, limit=limit) == newest_first


async def test_a_cursor_that_was_never_given_out_is_refused(office: Office) -> None:
    organization = await office.organization()
    for cursor in ("", write_cursor("phone_numbers", "soon", "+40"), write_cursor("calls", "1", "+40")):
        refused = await list_numbers(
            office.services, organization_id=organization.organization_id, cursor=cursor, limit=10
        )
        assert isinstance(refused, Refused), cursor
        assert refused.facts["field"] == "cursor"


async def test_a_number_of_nobody_has_no_organization(office: Office) -> None:
    directory = await loaded(office)
    assert directory.organization_of("+40212345678") is None
    assert directory.organization_of("") is None


async def test_a_directory_that_follows_learns_of_a_number_that_is_added(office: Office) -> None:
    organization = await office.organization()
    async with following(office) as directory:
        for count in (1, 2, 3):
            await added(office, organization.organization_id, f"+4021234567{count}")
            await soon(partial(knows, directory, f"+4021234567{count}"))
        assert len(directory) == 3


async def test_a_directory_reads_only_what_is_new(office: Office) -> None:
    organization = await office.organization()
    await added(office, organization.organization_id, "+40212345678")
    directory = await loaded(office)
    await added(office, organization.organization_id, "+40212345679")
    assert await directory.load(office.services.pool, SHARD) == 1
    assert await directory.load(office.services.pool, SHARD) == 0


async def test_a_number_that_was_refused_as_taken_does_not_make_directories_read_for_ever(office: Office) -> None:
    organization, other = await office.organization("One"), await office.organization("Other")
    await added(office, organization.organization_id, "+40212345678")
    await added(office, other.organization_id, "+40212345678")
    directory = await loaded(office)
    generation = await office.services.pool.fetchval("select generation from generations")
    assert directory.generation == generation


async def test_no_number_is_missed_however_many_are_added_at_once(office: Office) -> None:
    organization = await office.organization()
    wanted = [f"+4021{number:07d}" for number in range(120)]
    async with following(office) as directory:
        await asyncio.gather(*(added(office, organization.organization_id, number) for number in wanted))
        await soon(lambda: len(directory) == len(wanted))
    assert all(directory.organization_of(number) == organization.organization_id for number in wanted)


async def test_a_directory_keeps_what_it_knows_while_the_database_is_away(office: Office, database_url: str) -> None:
    organization = await office.organization()
    await added(office, organization.organization_id, "+40212345678")
    async with following(office) as directory:
        other = await connect(database_url)
        for _ in range(3):
            await other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and application_name = 'operations'"
            )
            await asyncio.sleep(0)
            assert knows(directory, "+40212345678")
        await other.execute(INSERT_NUMBER, organization.organization_id)
        await other.close()

        await soon(partial(knows, directory, "+40212345679"))
