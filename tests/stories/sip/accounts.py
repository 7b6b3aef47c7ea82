"""Who takes part in the SIP story: an organization for each number, with the funds that its part needs.

Knows who has how much. Refuses to know telephones and the switch, and how an organization is opened.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import httpx

from commcredits.main.running import Running
from tests.stories.books import administration, open_organization, price_micros, publish_deck
from tests.stories.sip.plan import StoryNumbers

SHORT_SECONDS: Final = 3
FUNDS_MICROS: Final = 50_000_000
PROBE: Final = "+40721999998"
"""A number without funds that is added last: when charging knows it, charging knows them all."""

KNOWN_SECONDS_MAX: Final = 10


async def open_accounts(running: Running, token: str, numbers: StoryNumbers) -> dict[str, str]:
    """Open an organization for each number, with its funds and its rate; the organizations' ids by number.

    Returns once charging knows every number. Raises AdministrationError; TimeoutError when a number stays unknown.
    """
    funds = {numbers.funded: FUNDS_MICROS, numbers.empty: 0}
    return await open_funded(running, token, {**funds, **dict.fromkeys(numbers.short, price_micros(SHORT_SECONDS))})


async def open_funded(running: Running, token: str, funds: Mapping[str, int]) -> dict[str, str]:
    """Open an organization for each number, with so many millionths and its rate; their ids by number. As above."""
    opened = {}
    async with administration(running, token) as api:
        rate_deck_id = await publish_deck(api)
        for number, funds_micros in {**funds, PROBE: 0}.items():
            organization_id = await open_organization(api, f"Owner of {number}", rate_deck_id, funds_micros)
            await api.post(f"/v1/organizations/{organization_id}/numbers", {"number": number, "kind": "user"})
            opened[number] = organization_id
    async with asyncio.timeout(KNOWN_SECONDS_MAX):
        while not await _knows(running, token, PROBE):  # noqa: ASYNC110 - another process learns it and tells no event
            await asyncio.sleep(0.1)
    return opened


async def _knows(running: Running, token: str, number: str) -> bool:
    """Whether charging knows whose number it is: without funds, it refuses the call for that reason then."""
    asked = {"session_id": "probe", "caller": number, "callee": "+4931100"}
    async with httpx.AsyncClient(base_url=running.charging_url) as http:
        answer = await http.post(
            "/v1/charging/authorise", json=asked, headers={"Authorization": f"Bearer {token}"}, timeout=5
        )
    return bool(answer.json()["code"] == "insufficient_funds")
