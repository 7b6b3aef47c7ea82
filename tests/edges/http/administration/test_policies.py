"""Rules, blocks, pools and possible calls over the API, on calls that the charging listener is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.edges.http.administration.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

BRITISH = "+442079460000"
ROMANIAN = "+40316300000"
BRITAIN = ("44", "United Kingdom", "outbound", "0.60", "0", "1", "1", "2026-01-01", "")
ROMANIA = ("40", "Romania", "outbound", "0.06", "0", "60", "60", "2026-01-01", "")
DESK = "front.desk@example.com"
UNLIMITED: dict[str, Any] = {
    "calls_max": None,
    "user_calls_max": None,
    "user_monthly_max": None,
    "department_monthly_max": {},
    "user_hourly_max": None,
    "destination_daily_max": None,
    "destination_factor": 3,
    "toll_free_caller_daily_max": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """An organization with funds, rates and a user, and short ways to ask about it."""

    world: World
    organization: str

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/v1/organizations/{self.organization}"

    async def authorise(self, session: str, callee: str = BRITISH, **fields: Any) -> httpx.Response:
        """What a call of the user gets."""
        call = {"session_id": session, "caller": "+40211230001", "callee": callee, "user": DESK, **fields}
        return await self.world.client.post(
            "/v1/charging/authorise", json={"organization_id": self.organization, **call}
        )

    async def end(self, session: str, seconds: int) -> None:
        """The end of a call after so many seconds."""
        over = {"organization_id": self.organization, "session_id": session, "used_seconds": seconds}
        assert (await self.world.client.post("/v1/charging/end", json=over)).status_code == 200

    async def rule(self, **rules: Any) -> dict[str, Any]:
        """The rules after these were put in force."""
        response = await self.world.client.put(f"{self.path}/rules", json=rules)
        assert response.status_code == 200, response.text
        saved: dict[str, Any] = response.json()
        return saved

    async def ask(self, callee: str = BRITISH, **fields: Any) -> dict[str, Any]:
        """Whether the user may call somebody."""
        body = {"user": DESK, "callee": callee, **fields}
        response = await self.world.client.post(f"{self.path}/may-call", json=body)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def read(self, what: str) -> Any:
        """What a GET answers."""
        response = await self.world.client.get(f"{self.path}/{what}")
        assert response.status_code == 200, response.text
        return response.json()


async def _customer(world: World, *licences: str, funds: str = "50") -> Customer:
    customer = Customer(world=world, organization=await world.open_organization())
    promotion = {"amount": funds, "expires_at": "2098-01-01T00:00:00Z", "reason": "Welcome"}
    await world.created(f"{customer.path}/promotions", promotion)
    deck = {"rate_deck_id": await world.publish(BRITAIN, ROMANIA)}
    assert (await world.client.put(f"{customer.path}/rate-deck", json=deck)).status_code == 200
    desk = {"user_principal_name": DESK, "display_name": "Recepție", "usage_location": "RO", "department": "Vânzări"}
    await world.created(f"{customer.path}/users", desk)
    for licence in licences:
        await world.client.put(f"{customer.path}/licences/{licence}", json={"purchased": 1})
    assigned = {"users": [DESK], "assign": [*licences, "MCOPSTNC"]}
    response = await world.client.post(f"{customer.path}/licences/assignments", json=assigned)
    assert response.status_code == 200, response.text
    return customer


async def test_rules_are_shown_as_they_were_put_in_force(world: World) -> None:
    customer = await _customer(world)
    before = await customer.read("rules")
    assert (before["in_force"], before["limits"], before["premium_allowed"]) == (True, UNLIMITED, False)
    saved = await customer.rule(
        dial_out={"conference": "zone_a", "user": "domestic"},
        premium_allowed=True,
        calls_without_user="refused",
        pool_size_by={"MCOPSTN1": "purchased"},
        limits={"calls_max": 10, "user_monthly_max": "25", "department_monthly_max": {"Vânzări": "500.50"}},
        currency="EUR",
    )
    assert saved == await customer.read("rules")
    assert saved == {
        "in_force": True,
        "dial_out": {"conference": "zone_a", "user": "domestic"},
        "premium_allowed": True,
        "calls_without_user": "refused",
        "pool_size_by": {
            "MCOPSTN5": "assigned",
            "MCOPSTN6": "assigned",
            "MCOPSTN1": "purchased",
            "MCOPSTN2": "assigned",
            "MCOMEETADV": "assigned",
        },
        "international_stops_both": False,
        "limits": {
            **UNLIMITED,
            "calls_max": 10,
            "user_monthly_max": "25.000000",
            "department_monthly_max": {"Vânzări": "500.500000"},
        },
        "usual_daily": {},
        "currency": "EUR",
    }
    assert (await customer.rule())["limits"] == UNLIMITED


async def test_a_plain_wallet_has_no_rules_in_force_until_somebody_saves_some(world: World) -> None:
    customer = Customer(world=world, organization=await world.open_organization())
    assert not (await customer.read("rules"))["in_force"]
    assert (await customer.rule())["in_force"]


async def test_a_limit_blocks_is_listed_with_its_reason_and_lifted_by_one_request(world: World) -> None:
    customer = await _customer(world)
    await customer.rule(limits={"user_hourly_max": "1"})
    first = await customer.authorise("first")
    assert (first.json()["granted_seconds"], first.json()["final"]) == (100, True)
    refused = await customer.authorise("second")
    assert (refused.status_code, refused.json()["code"], refused.json()["reason"]) == (403, "blocked", "spend_velocity")
    (block,) = (await customer.read("blocks?in_force=true"))["items"]
    assert (block["kind"], block["display_name"], block["reason"], block["limit"]) == (
        "user",
        "Recepție",
        "spend_velocity",
        "1.000000",
    )
    assert refused.json()["block_id"] == block["block_id"]
    lifted = await world.client.post(f"{customer.path}/blocks/{block['block_id']}/lift")
    assert (lifted.status_code, lifted.json()["lifted_by"]) == (200, "operator")
    assert (await customer.authorise("third", slice_seconds=60)).status_code == 200
    assert (await customer.read("blocks?in_force=true"))["items"] == []
    assert (await customer.read("blocks"))["items"] == [lifted.json()]


async def test_a_block_set_by_hand_under_one_key_is_set_once(world: World) -> None:
    customer = await _customer(world)
    body, key = {"kind": "user", "subject": DESK}, world.key()
    first = await world.client.post(f"{customer.path}/blocks", json=body, headers=key)
    again = await world.client.post(f"{customer.path}/blocks", json=body, headers=key)
    assert (first.status_code, again.json()) == (201, first.json())
    assert (first.json()["reason"], first.json()["limit"], first.json()["lifted_at"]) == (
        "by_administrator",
        None,
        None,
    )
    refused = (await customer.authorise("call")).json()
    assert (refused["code"], refused["reason"]) == ("blocked", "by_administrator")
    assert "limit" not in refused
    other = await world.client.post(
        f"{customer.path}/blocks", json={"kind": "destination", "subject": "GB"}, headers=key
    )
    assert (other.status_code, other.json()["code"]) == (409, "conflict")


async def test_the_question_is_answered_as_the_call_would_be(world: World) -> None:
    customer = await _customer(world, "MCOPSTN5", funds="0.30")
    home = await customer.ask(ROMANIAN)
    assert (home["allowed"], home["refusal"], home["would_change_it"]) == (True, None, [])
    assert (home["row"], home["booked_to"], home["first"], home["domestic"]) == (2, "user", "domestic_pool", True)
    assert home["pool"]["pool"] == "pool:MCOPSTN5:RO"
    assert (home["pool"]["available_minutes"], home["included_seconds"], home["seconds_max"]) == (120, 7_200, 7_500)
    assert (home["party"]["user_principal_name"], home["user"]) == (DESK, None)
    assert home["credits"]["rate"]["price_per_minute"] == "0.060000"
    assert (home["credits"]["available"], home["credits"]["affordable_seconds"]) == ("0.300000", 300)
    await customer.rule(limits={"calls_max": 3, "department_monthly_max": {"Vânzări": "0.10"}})
    abroad = await customer.ask()
    assert abroad["limits"] == [
        {
            "meter": "calls",
            "period": "",
            "counts": "calls",
            "limit": 3,
            "used": 0,
            "held": 0,
            "left": 3,
            "reached_at": None,
            "blocks": None,
        },
        {
            "meter": "cap:department:Vânzări",
            "period": abroad["limits"][1]["period"],
            "counts": "money",
            "limit": "0.100000",
            "used": "0.000000",
            "held": "0.000000",
            "left": "0.100000",
            "reached_at": None,
            "blocks": None,
        },
    ]
    assert (abroad["credits"]["spendable"], abroad["credits"]["bound_by"]) == ("0.100000", "cap:department:Vânzări")
    assert abroad["seconds_max"] == 10
    assert (await customer.read("calls"))["items"] == []


async def test_a_no_carries_the_problem_that_the_call_would_get_and_what_would_change_it(world: World) -> None:
    customer = await _customer(world, funds="0.001")
    answer = await customer.ask()
    refused = (await customer.authorise("call")).json()
    assert (answer["allowed"], answer["refusal"], answer["would_change_it"]) == (False, refused, ["add_funds"])
    assert refused["needed"] == "0.010000"
    await customer.rule(dial_out={"conference": "any", "user": "none"})
    answer = await customer.ask()
    assert answer["refusal"]["code"] == "dial_out_not_allowed"
    assert answer["would_change_it"] == ["change_policy:user", "change_user_policy:user"]
    assert (answer["first"], answer["pool"], answer["credits"], answer["limits"]) == (None, None, None, [])


async def test_pools_are_reported_with_what_calls_beyond_them_cost(world: World) -> None:
    customer = await _customer(world, "MCOPSTN5", "MCOMEETADV")
    await customer.authorise("call", ROMANIAN)
    await customer.end("call", 61)
    report = await customer.read("pools")
    domestic, conference = report["pools"]
    assert (domestic["pool"], domestic["description"], domestic["capability"], domestic["country"]) == (
        "pool:MCOPSTN5:RO",
        "Domestic 120",
        "MCOPSTN5",
        "RO",
    )
    assert (domestic["total_minutes"], domestic["used_minutes"], domestic["available_minutes"]) == (120, 2, 118)
    assert (conference["pool"], conference["capability"], conference["total_minutes"]) == (
        "pool:MCOMEETADV",
        "MCOMEETADD",
        60,
    )
    assert (report["total_minutes"], report["used_minutes"], report["available"]) == (180, 2, "50.000000")
    assert report["beyond"] == {"calls": 0, "seconds": 0, "charged": "0.000000"}


async def test_each_organization_sees_its_own_rules_blocks_and_pools(world: World) -> None:
    ours, theirs = await _customer(world, "MCOPSTN5"), await _customer(world)
    await ours.rule(limits={"calls_max": 0})
    await world.created(f"{ours.path}/blocks", {"kind": "destination", "subject": "GB"})
    assert (await theirs.read("rules"))["limits"] == UNLIMITED
    assert (await theirs.read("blocks"))["items"] == []
    assert (await theirs.read("pools"))["pools"] == []
    assert (await theirs.ask())["allowed"]
    assert not (await ours.ask())["allowed"]
