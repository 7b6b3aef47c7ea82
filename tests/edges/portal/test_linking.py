"""An account of a provider is linked by whoever asks for it on their own page, and by no link of anybody else."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

from tests.edges.portal.arrivals import Browser, open_site
from tests.edges.portal.test_providers_of_many import described, provider
from tests.operations.office import open_office


async def _link_on_page(browser: Browser) -> str:
    found = re.search(r'href="([^"]*/sign-in/with/entra\?for=link[^"]*)"', (await browser.get("/portal/security")).text)
    assert found is not None
    return html.unescape(found[1])


async def test_only_ones_own_page_leads_to_a_provider_to_link_an_account(database_url: str) -> None:
    async with described("one/v2.0") as origin, open_office(database_url) as office:
        organization_id = (await office.organization()).organization_id
        entra = provider(f"{origin}/one/v2.0", organization_id=organization_id)
        async with open_site(office, providers=(entra,)) as site:
            first, second = site.browser(), site.browser()
            await first.accept(await site.invited(organization_id, "front.desk@example.com"))
            await second.accept(await site.invited(organization_id, "second@example.com"))
            others = await _link_on_page(second)
            for planted in (
                "/portal/sign-in/with/entra?for=link",
                f"{urlsplit(others).path}?for=link&asked=x.y",
                others,
            ):
                answer = await first.get(planted)
                assert (answer.status_code, answer.headers["location"]) == (303, "/portal/security")
            answer = await first.get(await _link_on_page(first))
            assert answer.headers["location"].startswith(f"{origin}/authorization_endpoint?")
