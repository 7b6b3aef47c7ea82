"""Every address of the portal as everybody: pages open for whom they are meant, and forms do nothing for anybody else.

Each address is asked for in one's own organization with the ids of another one's things, and in that other
organization: nothing of it may be shown.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Final

import httpx
import pytest
import pytest_asyncio

from commcredits.edges.portal.door import FORM_TOKEN
from commcredits.gateways.bank_transfer.gateway import open_bank_transfer
from commcredits.operations.telling_terms import TellingTerms
from tests.operations.office import open_office
from tests.walks.acting_requests import Portal, Sender, browser_of, filled, portal_of
from tests.walks.foreign import Foreign, leaked, plant_foreign
from tests.walks.portal_routes import PORTAL_ROUTES
from tests.walks.test_api_roles import senders

ORGANIZATIONS: Final = "/organizations/{organization_id:uuid}"
VALUES: Final = {"file_format": "pdf", "digits": "40312999999", "form": "csv", "file": "users"}

ENDS_THE_VISIT: Final = {"POST /sign-out"}
TAKES_A_FILE: Final = {"POST /organizations/{organization_id:uuid}/users/import", "POST /console/rate-decks/new"}
"""Forms of another kind, whose token stands elsewhere: without it nobody is let through."""

SAID_ALONE: Final = {
    "GET /organizations/{organization_id:uuid}/audit",
    "GET /organizations/{organization_id:uuid}/audit.{form}",
}
"""Where one's own questions stand, with whatever ids they named."""


@dataclass(frozen=True, slots=True)
class Place:
    """The portal, an organization that most roles belong to, and another one."""

    portal: Portal
    own: str
    foreign: Foreign


async def _a_public_address(_host: str, _port: int) -> tuple[str, ...]:
    return ("93.184.215.14",)


@pytest_asyncio.fixture
async def place(database_url: str) -> AsyncIterator[Place]:
    """Two organizations, one of them with everything that must not be seen."""
    async with open_office(database_url) as office:
        services = replace(
            office.services,
            gateways={"bank_transfer": open_bank_transfer({"account": "RO49 AAAA 1B31 0075 9384 0000"})},
            telling=TellingTerms(resolve=_a_public_address),
        )
        own = (await office.organization("Own")).organization_id
        yield Place(portal=portal_of(services), own=own, foreign=await plant_foreign(services, office))


async def _ask(
    place: Place, browser: tuple[httpx.AsyncClient, str], route: str, organization_id: str
) -> httpx.Response:
    client, token = browser
    method, _, path = route.partition(" ")
    names = {**place.foreign.names, **VALUES, "number": "A-000001", "organization_id": organization_id}
    form = {FORM_TOKEN: token} if method == "POST" else None
    return await client.request(method, f"/portal{filled(path, names)}", data=form)


def _is_wrong(answer: httpx.Response, *, may: bool, method: str) -> bool:
    if answer.status_code >= 500:
        # Busy is a limit that was reached, or a gateway that none is set up for: whoever hears it was let in.
        return answer.status_code != 503 or not may
    if may:
        return answer.status_code == 403
    # A form may be refused for what stands in it before anybody asks who sent it.
    return answer.status_code != 403 and not (method == "POST" and answer.status_code in {404, 409, 422})


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_everybody_sees_what_their_permissions_say_and_nothing_else(place: Place) -> None:
    routes = {f"{method} {path}" for method, path in place.portal.operations()}
    wrong = [f"{route} has no line" for route in routes - set(PORTAL_ROUTES)]
    wrong += [f"{route} is no address" for route in set(PORTAL_ROUTES) - routes]
    assert not wrong, "\n".join(sorted(wrong))
    for sender in senders(place.own):
        async with browser_of(place.portal, await place.portal.enter(sender)) as browser:
            for route, asked in PORTAL_ROUTES.items():
                if asked is not None and route not in ENDS_THE_VISIT | TAKES_A_FILE:
                    wrong += await _look(place, sender, browser, route, asked)
    assert not wrong, "\n".join(wrong)


async def _look(
    place: Place, sender: Sender, browser: tuple[httpx.AsyncClient, str], route: str, asked: tuple[str, ...]
) -> list[str]:
    said = f"{sender.role.value} {route}"
    may = sender.may(asked)
    answer = await _ask(place, browser, route, place.own)
    wrong = []
    if _is_wrong(answer, may=may, method=route.partition(" ")[0]):
        wrong.append(f"{said}: {answer.status_code}, though {'permitted' if may else 'not permitted'}")
    if sender.organization_id is None:
        return wrong
    named = place.foreign if route not in SAID_ALONE else replace(place.foreign, names={}, organization_id="")
    wrong += leaked(answer, named, said)
    if ORGANIZATIONS in route and asked:
        abroad = await _ask(place, browser, route, place.foreign.organization_id)
        wrong += leaked(abroad, place.foreign, f"{said} abroad")
        if abroad.status_code not in {403, 404, 422}:
            wrong.append(f"{said} abroad: {abroad.status_code}")
    return wrong


@pytest.mark.slow
async def test_strangers_are_led_to_the_sign_in_page(place: Place) -> None:
    wrong = []
    async with browser_of(place.portal) as browser:
        for route, asked in PORTAL_ROUTES.items():
            answer = await _ask(place, browser, route, place.own)
            is_led = answer.status_code == 303 and "/sign-in" in answer.headers["location"]
            if asked is not None and not is_led:
                wrong.append(f"{route}: {answer.status_code}")
            wrong += leaked(answer, place.foreign, f"nobody {route}")
    assert not wrong, "\n".join(wrong)
