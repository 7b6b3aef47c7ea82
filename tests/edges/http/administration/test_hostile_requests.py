"""Every hostile request gets a clear "no" that names what is wrong, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import pytest_asyncio

from commcredits.operations.handing_on import hand_on_notices
from tests.edges.http.administration.hostile import DECIDED, HOSTILE, OPEN, Hostile
from tests.edges.http.administration.hostile_access import HOSTILE_ACCESS
from tests.edges.http.administration.hostile_advice import HOSTILE_ADVICE
from tests.edges.http.administration.hostile_audit import HOSTILE_AUDIT
from tests.edges.http.administration.hostile_calls import HOSTILE_CALLS
from tests.edges.http.administration.hostile_funding_rules import HOSTILE_FUNDING_RULES
from tests.edges.http.administration.hostile_handling import HOSTILE_HANDLING
from tests.edges.http.administration.hostile_numbers import HOSTILE_NUMBERS
from tests.edges.http.administration.hostile_payments import HOSTILE_PAYMENTS
from tests.edges.http.administration.hostile_people import HOSTILE_PEOPLE
from tests.edges.http.administration.hostile_policies import HOSTILE_POLICIES
from tests.edges.http.administration.hostile_programs import HOSTILE_PROGRAMS
from tests.edges.http.administration.hostile_rates import BODY, HOSTILE_RATES
from tests.edges.http.administration.hostile_receipts import HOSTILE_RECEIPTS
from tests.edges.http.administration.hostile_recharge import HOSTILE_RECHARGE
from tests.edges.http.administration.hostile_spending import HOSTILE_SPENDING
from tests.edges.http.administration.hostile_telling import HOSTILE_TELLING
from tests.edges.http.administration.walk_over_receipts import issue
from tests.edges.http.administration.world import ROMANIA, World, rate_deck_csv
from tests.operations.telling import notice

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """An installation with something worth harming, and the names of what it holds."""

    world: World
    names: dict[str, str]

    def filled(self, text: str) -> str:
        """The text with the names in their places."""
        for name, value in {**self.names, "new_key": self.world.key()["Idempotency-Key"]}.items():
            text = text.replace("{" + name + "}", value)
        return text


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def targets(world: World) -> Targets:
    """Two organizations with funds and calls; requests are made on behalf of the first."""
    ours = await _established(world, "Exemplu SRL", "EUR", "+40212345678")
    theirs = await _established(world, "Beispiel GmbH", "RON", "+4930123456")
    return Targets(world=world, names={**ours, **{f"foreign_{name}": value for name, value in theirs.items()}})


async def _established(world: World, name: str, currency: str, number: str) -> dict[str, str]:
    key = f"{name.partition(' ')[0]}-key"
    opened = await world.client.post(
        "/v1/organizations", json={**OPEN, "name": name, "currency": currency}, headers={"Idempotency-Key": key}
    )
    organization = opened.json()["organization_id"]
    path = f"/v1/organizations/{organization}"
    payment_method = await world.add_card(organization)
    bought = await world.client.post(
        f"{path}/top-ups", json={"amount": "250", "payment_method": payment_method}, headers={"Idempotency-Key": key}
    )
    deck = await world.client.post(
        "/v1/rate-decks",
        params={"name": name, "currency": currency},
        content=rate_deck_csv(ROMANIA),
        headers={"Content-Type": "text/csv", "Idempotency-Key": key},
    )
    deck_id = deck.json()["rate_deck_id"]
    draft = await world.created("/v1/rate-decks/drafts", {**BODY, "currency": currency})
    await world.client.put(f"{path}/rate-deck", json={"rate_deck_id": deck_id})
    await world.created(f"{path}/numbers", {"number": number, "kind": "user"})
    session = f"call-of-{key}"
    call = {"organization_id": organization, "session_id": session, "caller": number, "callee": "+40723456789"}
    granted = await world.client.post("/v1/charging/authorise", json=call)
    assert granted.status_code == 200, granted.text
    people = await _staffed(world, path)
    block = await world.created(f"{path}/blocks", {"kind": "destination", "subject": "LV"})
    await issue(world)
    receipt = (await world.client.get(f"{path}/receipts")).json()["items"][0]["number"]
    return {
        **people,
        "organization": organization,
        "payment_method": payment_method,
        "top_up": bought.json()["top_up_id"],
        "deck": deck_id,
        "draft": draft["rate_deck_id"],
        "number": number,
        "session": session,
        "block": block["block_id"],
        "receipt": receipt,
        **await _told(world, organization),
        "opening_key": key,
        "buying_key": key,
        "deck_key": key,
    }


async def _told(world: World, organization: str) -> dict[str, str]:
    """A webhook endpoint, and a delivery that waits for it."""
    path = f"/v1/organizations/{organization}"
    endpoint = await world.created(f"{path}/webhook-endpoints", {"url": "https://93.184.215.14/hooks"})
    await notice(world.services, organization)
    await hand_on_notices(world.services)
    deliveries = (await world.client.get(f"{path}/webhook-deliveries")).json()["items"]
    return {"endpoint": endpoint["endpoint_id"], "delivery": deliveries[0]["delivery_id"]}


async def _staffed(world: World, path: str) -> dict[str, str]:
    """A user with the only licence, and a resource account, under the same names in either organization."""
    home = {"user_principal_name": "home@example.com", "usage_location": "RO"}
    user = await world.created(f"{path}/users", home)
    account = await world.created(f"{path}/resource-accounts", {**home, "user_principal_name": "queue@example.com"})
    await world.client.put(f"{path}/licences/MCOPSTN5", json={"purchased": 1})
    assigned = {"users": [user["object_id"]], "assign": ["MCOPSTN5"]}
    response = await world.client.post(f"{path}/licences/assignments", json=assigned)
    assert response.status_code == 200, response.text
    return {"user": user["object_id"], "account": account["object_id"]}


ALL = [
    *HOSTILE,
    *HOSTILE_CALLS,
    *HOSTILE_HANDLING,
    *HOSTILE_NUMBERS,
    *HOSTILE_PAYMENTS,
    *HOSTILE_PEOPLE,
    *HOSTILE_POLICIES,
    *HOSTILE_PROGRAMS,
    *HOSTILE_RATES,
    *HOSTILE_FUNDING_RULES,
    *HOSTILE_RECEIPTS,
    *HOSTILE_RECHARGE,
    *HOSTILE_ACCESS,
    *HOSTILE_TELLING,
    *HOSTILE_ADVICE,
    *HOSTILE_SPENDING,
    *HOSTILE_AUDIT,
]


def _name(hostile: Hostile) -> str:
    return hostile.name.replace(" ", "_")


@pytest.mark.parametrize("hostile", ALL, ids=_name)
async def test_a_hostile_request_is_refused_by_name_and_changes_nothing(hostile: Hostile, targets: Targets) -> None:
    client = targets.world.client
    body = hostile.body.encode() if isinstance(hostile.body, str) else hostile.body
    content = None if body is None else targets.filled(body.decode("latin-1")).encode("latin-1")
    request = client.build_request(
        hostile.method,
        targets.filled(hostile.path),
        headers={name: targets.filled(value) for name, value in (hostile.headers or {}).items()},
        content=hostile.stream() if hostile.stream else content,
    )
    versions = hostile.code not in DECIDED
    before = await targets.world.dump(versions=versions)
    response = await client.send(request)
    answered = response.json()
    assert (response.status_code, answered["code"]) == (hostile.status, hostile.code), answered
    assert response.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= answered.keys()
    if hostile.field:
        assert hostile.field in [error["field"] for error in answered["errors"]], answered["errors"]
        assert all(error["message"] and error["allowed"] for error in answered["errors"])
        assert all(len(error["value"]) <= 65 and error["value"].isprintable() for error in answered["errors"])
    assert await targets.world.dump(versions=versions) == before


async def test_after_all_of_it_the_books_agree(targets: Targets) -> None:
    verified = await targets.world.client.post("/v1/verify")
    assert verified.json()["discrepancies"] == []
    assert verified.json()["organizations"] == 2


async def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len({hostile.name for hostile in ALL}) == len(ALL) >= 40
