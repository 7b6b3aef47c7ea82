"""What a tester of SCIM servers, which nobody here wrote, says of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from pydantic import Field
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_models import AnyExtension, Required, ResourceType, ScimProvider, Uniqueness
from scim2_tester import CheckResult, Status, check_server

from commcredits.edges.http.scim import models
from tests.edges.http.administration.world import bound_socket, served
from tests.edges.http.scim.test_scim import Directory, opened

ADDRESSES = [f"{uuid4().hex}@example.com" for _ in range(200)]


class User(models.User[AnyExtension]):
    """Ours, with names for the tester to choose from: that they look like mail addresses, no schema can say."""

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = Field(default=None, examples=ADDRESSES)


ON_PURPOSE = (
    "did not remove attribute 'active'",
    "did not remove attribute 'urn:commcredits:scim:schemas:extension:telephony:2.0:User'",
    "did not remove attribute 'urn:commcredits:scim:schemas:extension:telephony:2.0:User:usageLocation'",
)
"""A user whose state or country nobody says is active, and in the organization's country: RFC 7643 §2.4 lets us."""


def _provider() -> ScimProvider:
    extended = User[models.Department | models.Telephony]
    types = [ResourceType.from_resource(each) for each in (extended, models.Group)]
    return ScimProvider([User, models.Department, models.Telephony, models.Group], types)


def _forwarding(http: httpx.Client) -> Callable[..., list[bytes]]:
    """A WSGI application that asks the server: the tester's client speaks to one of those."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {"Content-Type": environ.get("CONTENT_TYPE", ""), "Accept": environ.get("HTTP_ACCEPT", "*/*")}
        path = quote(environ["PATH_INFO"]) + (f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else "")
        answer = http.request(environ["REQUEST_METHOD"], path, content=body, headers=headers)
        fields = [(name, value) for name, value in answer.headers.items() if name != "content-length"]
        start_response(f"{answer.status_code} {answer.reason_phrase}", fields)
        return [answer.content]

    return application


def _check(url: str, secret: str, organization_id: str) -> list[CheckResult]:
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=url, headers=headers, timeout=30) as http:
        base = f"http://127.0.0.1:8080/scim/v2/{organization_id}"
        client: Any = WSGISCIMClient(_forwarding(http), base_url=base, provider=_provider())
        client.discover(resource_types=True, schemas=False, service_provider_config=True)
        return check_server(client)


async def _results(directory: Directory) -> list[CheckResult]:
    async with served(directory.app, bound_socket()) as url:
        return await asyncio.to_thread(_check, url, directory.secret, directory.organization_id)


@pytest.mark.slow
async def test_the_tester_finds_nothing_wrong(database_url: str) -> None:
    async with opened(database_url) as directory:
        results = await _results(directory)
    wrong = [
        f"{each.title}: {each.reason}"
        for each in results
        if each.status in {Status.ERROR, Status.CRITICAL} and not str(each.reason).endswith(ON_PURPOSE)
    ]
    assert wrong == [], "\n".join(wrong)
    assert sum(each.status is Status.SUCCESS for each in results) >= 30
