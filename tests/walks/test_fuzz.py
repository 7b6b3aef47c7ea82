"""Whatever is sent to the API, by its own description: no fault of ours, no undocumented answer, nothing of others.

schemathesis makes the requests from the OpenAPI document, good ones and bad ones, with a fixed seed; so many for each
operation that a run stays bounded. It asks as somebody who may do little, and as somebody who may do everything in one
organization.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

from commcredits.core.access import Role
from tests.edges.http.administration.documented import Documentation
from tests.operations.office import open_office
from tests.walks.acting_requests import JSON, Sender
from tests.walks.foreign import leaked
from tests.walks.test_api_roles import Place, place_of

SEED: Final = 20_261_122
EXAMPLES: Final = {Role.REPORTS_READER: 6, Role.GLOBAL_ADMINISTRATOR: 12}
"""Requests made for each operation."""

ELSEWHERE: Final = ("/v1/charging/", "/scim/", "/v1/health")
"""Paths with a door of their own, or about the whole installation."""


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    """One loop for a whole walk: requests are made from functions that cannot wait."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", list(EXAMPLES), ids=lambda role: role.value)
def test_nothing_that_is_sent_breaks_the_api_or_opens_what_is_others(
    database_url: str, loop: asyncio.Runner, role: Role
) -> None:
    office = open_office(database_url)
    opened = loop.run(office.__aenter__())
    try:
        place = loop.run(place_of(opened))
        wrong = _fuzz(loop, place, Sender(role, place.own))
    finally:
        loop.run(office.__aexit__(None, None, None))
    assert not wrong, "\n".join(sorted(wrong))


def _fuzz(loop: asyncio.Runner, place: Place, sender: Sender) -> set[str]:
    header = place.api.keeper.admit(sender.role.value, sender.actor)
    schema = schemathesis.openapi.from_dict(dict(place.api.document))
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(place.api.app, raise_app_exceptions=False), base_url="http://api"
    )
    documentation = Documentation(dict(place.api.document))
    wrong: set[str] = set()

    def ask(case: Any) -> None:
        answer = loop.run(_send(client, place, case, header))
        if answer is not None:
            wrong.update(_wrong(place, case, answer, documentation))

    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]  # a document of ours has no operation that cannot be read
        if operation.path.startswith(ELSEWHERE):
            continue
        for mode in GenerationMode:
            cases = operation.as_strategy(generation_mode=mode)
            once = settings(
                max_examples=EXAMPLES[sender.role] // 2,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            # An operation that takes nothing cannot be asked wrongly.
            with contextlib.suppress(Unsatisfiable):
                seed(SEED)(once(given(cases)(ask)))()
    loop.run(client.aclose())
    return wrong


async def _send(client: httpx.AsyncClient, place: Place, case: Any, header: dict[str, str]) -> httpx.Response | None:
    """The answer to a case in one's own organization; None where it cannot even be sent."""
    if "organization_id" in (case.path_parameters or {}):
        case.path_parameters["organization_id"] = place.own
    sent = case.as_transport_kwargs(base_url="http://api")
    headers = {**dict(sent.pop("headers", {}) or {}), **header}
    sent.pop("cookies", None)
    sent.pop("auth", None)
    method, url = sent.pop("method"), sent.pop("url")
    if sent.get("data") is not None and not isinstance(sent["data"], dict):
        sent["content"] = sent.pop("data")
    try:
        request = client.build_request(method, url, headers=headers, **sent)
        await request.aread()
        return await client.send(request)
    except (httpx.InvalidURL, httpx.LocalProtocolError, AttributeError, TypeError, ValueError):
        return None


def _wrong(place: Place, case: Any, answer: httpx.Response, documentation: Documentation) -> list[str]:
    said = f"{case.method} {case.operation.path}: {answer.status_code}"
    if answer.status_code >= 500 and answer.status_code != 503:
        return [f"{said}, a fault of ours"]
    promised = case.operation.definition.raw["responses"].get(str(answer.status_code))
    if promised is None:
        # What no route takes, such as a path with a slash too many, is nobody's answer.
        return [] if answer.status_code in {404, 405} else [f"{said} is not documented: {answer.text[:100]}"]
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    content = promised.get("content", {})
    if content and media_type not in content:
        return [f"{said} comes as {media_type!r}"]
    if media_type == JSON:
        documentation.validate(content[JSON]["schema"], answer.json())
    found = leaked(answer, place.foreign, said)
    return [] if "/audit" in case.operation.path else found
