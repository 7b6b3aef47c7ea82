"""What a switch is told over HTTP when minutes pay for calls, then credits, and then nothing can.

One organization in Romania: "Front desk" and "Sales 1" have a plan of 120 minutes each, so that their pool has 240;
credits, at 0.60 a minute, are for Front desk alone.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import pytest

from commcredits.core.outcomes import Done
from commcredits.core.roster import Licence
from commcredits.edges.http.charging.examples import problem_examples
from commcredits.edges.http.charging.serve import serve_charging
from commcredits.operations.licences import AssignmentReport, assign_licences, set_purchased
from commcredits.operations.numbers import NumberDirectory, PhoneNumber, add_number, assign_number
from commcredits.operations.reports import Balance, CallRecord, get_call, read_balance
from commcredits.operations.tariffs import assign_rate_deck
from commcredits.operations.verify import verify_books
from commcredits.storage.committer import Committer
from tests.operations.colleagues import add, change
from tests.operations.office import HEADER, SHARD, Office, new_id, open_office

TOKEN: Final = "the-token-of-the-story"
FRONT_DESK: Final = "front.desk@example.com"
SALES: Final = "sales.1@example.com"
FRONT_DESK_NUMBER: Final = "+40211230001"
SALES_NUMBER: Final = "+40211230002"
NOBODYS_NUMBER: Final = "+40211230003"
DOMESTIC: Final = "+40316300000"
BRITISH: Final = "+442079460000"
DECK: Final = f"{HEADER}\n40,Romania,outbound,0.60,0,1,1,2020-01-01,\n44,Britain,outbound,0.60,0,1,1,2020-01-01,\n"
FUNDS_MICROS: Final = 1_010_000
"""101 seconds at 0.60 a minute."""

POOL_SECONDS: Final = 240 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """The charging listener of one organization, as a switch sees it."""

    http: httpx.AsyncClient
    office: Office
    organization_id: str
    user_ids: dict[str, str]

    async def ask(self, command: str, **fields: Any) -> dict[str, Any]:
        """The answer to a command; what names the organization stands in it where it has to."""
        body = fields if command == "authorise" else {"organization_id": self.organization_id, **fields}
        response = await self.http.post(f"/v1/charging/{command}", json=body)
        document: dict[str, Any] = response.json()
        assert document.get("status", 200) == response.status_code
        return document

    async def authorise(self, session_id: str, caller: str, callee: str = DOMESTIC, **fields: Any) -> dict[str, Any]:
        """The answer to a call that asks to be made."""
        return await self.ask("authorise", session_id=session_id, caller=caller, callee=callee, **fields)

    async def use_up_the_pool(self) -> None:
        """A call that lasts for the whole pool, and leaves the money alone."""
        granted = await self.authorise("all-minutes", FRONT_DESK_NUMBER, slice_seconds=POOL_SECONDS)
        assert granted["included_seconds"] == granted["granted_seconds"] == POOL_SECONDS
        self.office.clock.advance(seconds=POOL_SECONDS)
        ended = await self.ask("end", session_id="all-minutes", used_seconds=POOL_SECONDS)
        assert (ended["pool_minutes"], ended["charged"]) == (240, "0.000000")


@pytest.fixture
async def wire(database_url: str) -> AsyncIterator[Wire]:
    async with open_office(database_url) as office:
        organization_id = await _open(office)
        user_ids = {
            FRONT_DESK: await _hire(office, organization_id, FRONT_DESK, FRONT_DESK_NUMBER, credits_too=True),
            SALES: await _hire(office, organization_id, SALES, SALES_NUMBER, credits_too=False),
        }
        directory = NumberDirectory()
        await directory.load(office.services.pool, SHARD)
        committer = office.services.executor
        assert isinstance(committer, Committer)
        server = await serve_charging(committer, directory, token=TOKEN.encode(), now=lambda: datetime.now(UTC))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", headers=headers) as http:
                yield Wire(http=http, office=office, organization_id=organization_id, user_ids=user_ids)
        finally:
            await server.stop(grace_seconds=1)


async def _open(office: Office) -> str:
    organization_id = (await office.organization()).organization_id
    await office.grant(organization_id, FUNDS_MICROS)
    deck = await office.deck(content=DECK.encode())
    services = office.services
    assigned = await assign_rate_deck(
        services, organization_id=organization_id, command_id=new_id(), rate_deck_id=deck.rate_deck_id
    )
    bought = await set_purchased(
        services, organization_id=organization_id, licence=Licence.DOMESTIC_120, country="RO", quantity=2
    )
    assert (assigned, bought) == (Done(changed=True), Done(changed=True))
    added = await add_number(
        services, organization_id=organization_id, number=NOBODYS_NUMBER, kind="user", display_name=""
    )
    assert isinstance(added, PhoneNumber)
    return organization_id


async def _hire(office: Office, organization_id: str, user: str, number: str, *, credits_too: bool) -> str:
    party = (await add(office, organization_id, user.partition("@")[0])).party
    services = office.services
    licences = [Licence.DOMESTIC_120, *([Licence.COMMUNICATIONS_CREDITS] if credits_too else [])]
    await _license(office, organization_id, user, *licences)
    await add_number(services, organization_id=organization_id, number=number, kind="user", display_name="")
    assigned = await assign_number(
        services, organization_id=organization_id, number=number, purpose="person", user=user
    )
    assert isinstance(assigned, PhoneNumber), assigned
    return party.party_id


async def _license(office: Office, organization_id: str, user: str, *licences: Licence) -> None:
    report = await assign_licences(
        office.services, organization_id=organization_id, users=[user], licences=list(licences)
    )
    assert isinstance(report, AssignmentReport), report
    assert report.written


def explained_as_shown(problem: dict[str, Any]) -> bool:
    """Whether a refusal has the facts that the published example of its code has."""
    (example,) = (each for each in problem_examples("authorise") if each.name == problem["code"])
    return bool(problem.keys() == example.value.keys())


async def test_a_call_splits_into_minutes_and_credits_and_every_answer_shows_both(wire: Wire) -> None:
    granted = await wire.authorise("long", FRONT_DESK_NUMBER, slice_seconds=14_000)
    assert (granted["included_seconds"], granted["granted_seconds"], granted["held"]) == (14_040, 14_040, "0.000000")
    started = await wire.ask("start", session_id="long")
    assert (started["outcome"], started["included_seconds"]) == ("started", 14_040)

    wire.office.clock.advance(seconds=14_000)
    extended = await wire.ask("update", session_id="long", request_number=1, used_seconds=14_000, slice_seconds=600)
    assert (extended["included_seconds"], extended["granted_seconds"]) == (14_400, 14_501)
    assert (extended["charged"], extended["held"], extended["final"]) == ("0.000000", "1.010000", True)

    ended = await wire.ask("end", session_id="long", used_seconds=14_450)
    assert (ended["duration_seconds"], ended["pool_minutes"], ended["charged"]) == (14_450, 240, "0.500000")
    services, organization_id = wire.office.services, wire.organization_id
    call = await get_call(services, organization_id=organization_id, session_id="long")
    assert isinstance(call, CallRecord)
    assert (call.pool_minutes, call.charged_micros) == (240, 500_000)
    balance = await read_balance(services, organization_id=organization_id)
    assert isinstance(balance, Balance)
    assert (balance.posted_micros, balance.held_micros) == (510_000, 0)
    assert (await verify_books(services)).discrepancies == ()


async def test_a_refusal_says_since_when_the_pool_is_empty_and_which_licence_would_help(wire: Wire) -> None:
    await wire.use_up_the_pool()
    refused = await wire.authorise("sales", SALES_NUMBER)
    assert (refused["status"], refused["code"]) == (403, "credits_not_licensed")
    assert (refused["user"], refused["licence"], refused["row"]) == (SALES, "MCOPSTNC", 2)
    assert (refused["pool"], refused["pool_month"]) == ("pool:MCOPSTN5:RO", "2026-11")
    assert (refused["pool_minutes"], refused["pool_minutes_used"], refused["pool_minutes_held"]) == (240, 240, 0)
    assert refused["pool_empty_since"] == "2026-11-22T12:00:00Z"
    assert explained_as_shown(refused)

    await _license(wire.office, wire.organization_id, SALES, Licence.COMMUNICATIONS_CREDITS)
    granted = await wire.authorise("sales-again", SALES_NUMBER)
    assert (granted["outcome"], granted["granted_seconds"], granted["held"]) == ("granted", 101, "1.010000")
    assert "included_seconds" not in granted


async def test_a_refusal_says_what_is_left_when_pool_and_balance_are_both_empty(wire: Wire) -> None:
    await wire.use_up_the_pool()
    granted = await wire.authorise("all-money", FRONT_DESK_NUMBER, slice_seconds=101)
    assert granted["held"] == "1.010000"
    refused = await wire.authorise("too-late", FRONT_DESK_NUMBER)
    assert (refused["status"], refused["code"]) == (402, "insufficient_funds")
    assert (refused["available"], refused["needed"], refused["currency"]) == ("0.000000", "0.010000", "EUR")
    assert (refused["pool_minutes"], refused["pool_empty_since"]) == (240, "2026-11-22T12:00:00Z")
    assert explained_as_shown(refused)


async def test_a_refusal_by_a_cap_says_which_and_how_much_of_it_is_used(wire: Wire) -> None:
    await change(wire.office, wire.organization_id, FRONT_DESK, monthly_cap_micros=500_000)
    granted = await wire.authorise("abroad", FRONT_DESK_NUMBER, BRITISH)
    assert (granted["granted_seconds"], granted["final"], granted["held"]) == (50, True, "0.500000")
    refused = await wire.authorise("abroad-again", FRONT_DESK_NUMBER, BRITISH)
    assert (refused["status"], refused["code"]) == (403, "cap_reached")
    assert (refused["meter"], refused["period"]) == (f"cap:user:{wire.user_ids[FRONT_DESK]}", "2026-11")
    assert (refused["limit"], refused["used"], refused["held"]) == ("0.500000", "0.000000", "0.500000")
    assert (refused["needed"], refused["reached_at"]) == ("0.010000", "2026-11-22T12:00:00Z")
    assert explained_as_shown(refused)


async def test_a_user_who_is_named_pays_whatever_number_is_shown(wire: Wire) -> None:
    by_name = {"user": FRONT_DESK.upper(), "call_type": "user_out"}
    by_id = {"user": wire.user_ids[FRONT_DESK].upper(), "service": "outbound"}
    batch = [
        {"command": "authorise", "session_id": str(index), "caller": NOBODYS_NUMBER, "callee": DOMESTIC, **told}
        for index, told in enumerate(
            [by_name, by_id, {}, {"user": "nobody@example.com"}, {"user": SALES, "call_type": "conf_in"}]
        )
    ]
    batch[4] |= {"caller": DOMESTIC, "callee": NOBODYS_NUMBER}
    answers = (await wire.http.post("/v1/charging/batch", json=batch)).json()
    assert [answer.get("included_seconds") for answer in answers] == [300, 300, None, None, None]
    assert (answers[2]["outcome"], answers[2]["held"]) == ("granted", "1.010000")
    assert (answers[3]["status"], answers[3]["code"], answers[3]["user"]) == (404, "unknown_user", "nobody@example.com")
    assert explained_as_shown(answers[3])
    assert (answers[4]["outcome"], answers[4]["held"]) == ("granted", "0.000000")


async def test_an_emergency_call_passes_when_nothing_is_left_and_nobody_is_known(wire: Wire) -> None:
    await wire.use_up_the_pool()
    for told in ({"call_type": "emergency_out"}, {"call_type": "emergency_out", "user": "nobody@example.com"}):
        granted = await wire.authorise("help", SALES_NUMBER, "+40219999999", **told)
        assert (granted["outcome"], granted["charged"], granted["currency"]) == ("granted", "0.000000", "XXX")
