"""Every page there is, found by following links from the first one, as somebody without scripts would.

A page that no link leads to, a link that leads nowhere, a form that would be refused: each fails here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.edges.portal.busy import open_busy
from tests.edges.portal.walking import patterns, walk

POSTED: Final = "a form is posted there; whoever asks for it is shown the page that has the form"
BASE: Final = "/organizations/{organization_id:uuid}"
CREDITS: Final = "/organizations/{organization_id:uuid}/billing/communications-credits"
NO_LINK_LEADS_THERE: Final[dict[str, str]] = {
    f"{CREDITS}/auto-recharge": "a form is posted there; whoever asks for it is led to the page that has the form",
    f"{CREDITS}/balance-alerts": "as above",
    f"{CREDITS}/live": "the page asks for it by itself",
    "/billing/approve/{top_up_id}": "a letter leads there",
    "/billing/approve/{top_up_id}/done": "a gateway leads back there",
    "/organizations/{organization_id:uuid}/billing/payment-methods/added": "a gateway leads back there",
    f"{BASE}/users/import/confirm": POSTED,
    f"{BASE}/users/licences": POSTED,
    f"{BASE}/users/licences/preview": POSTED,
    f"{BASE}/users/licences/apply": POSTED,
    f"{BASE}/resource-accounts/licences": POSTED,
    f"{BASE}/resource-accounts/licences/preview": POSTED,
    f"{BASE}/resource-accounts/licences/apply": POSTED,
    f"{BASE}/numbers/get/{{digits:int}}": "a form is posted there, which reserves the number",
    f"{BASE}/numbers/get/{{digits:int}}/acquire": POSTED,
    f"{BASE}/policies/review": POSTED,
    f"{BASE}/policies/save": POSTED,
    f"{BASE}/search": "a form leads there",
    "/static/{name}": "pages name them in their heads",
    "/sign-in": "whoever is signed in is led on",
    "/sign-in/operator": "whoever is signed in is led on",
    "/sign-in/with/{provider}": "no provider of identities is set; tests of signing in walk through one",
    "/sign-in/back/{provider}": "a provider of identities leads back there",
    "/prove": "a page whose proof has grown old leads there",
    "/prove/go-on/{form_id}": "a proof leads back there",
    "/security/passkeys/add": "whoever signed in by the operator's token has no passkeys; tests of passkeys go there",
    "/invitation/{token}": "a letter leads there",
    "/invitation/{token}/with/{provider}": "a letter's page leads there, where a provider of identities is set",
    f"{BASE}/home": "the page asks for it by itself",
    f"{BASE}/live": "the page asks for it by itself",
    f"{BASE}/reports/usage/exports/progress": "the page asks for it by itself",
}
"""Patterns that the walk need not find, each with the reason."""


@pytest.mark.parametrize("language", ["en", "ro"])
async def test_links_lead_to_every_page_and_every_page_is_whole(
    database_url: str, tmp_path: Path, language: str
) -> None:
    async with open_busy(database_url, tmp_path) as busy:
        walked = await walk(busy, language)
        unreached = set(patterns(busy)) - set(walked.pages) - set(NO_LINK_LEADS_THERE)
    assert walked.wrong == ()
    assert unreached == set()
