"""An administrator's side of the administration API over HTTP: asks, and takes no "no" for an answer.

Knows paths only as texts, and how a problem document reads. Refuses to know what the demonstration wants.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx

ANSWER_SECONDS_MAX: Final = 60.0

Json = Mapping[str, Any]


class AdministrationError(Exception):
    """The API refused, or did not answer; the message says what was asked and what it said."""


class AdministrationClient:
    """Calls through one HTTP client, which the caller opens and closes."""

    def __init__(self, *, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, **query: str) -> Json:
        """What stands at a path. Raises AdministrationError, as all the others do."""
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        """Make something; the same ``key`` makes it once."""
        return await self._ask("POST", path, json=body, headers={} if key is None else {"Idempotency-Key": key})

    async def put(self, path: str, body: Json) -> Json:
        """Set something."""
        return await self._ask("PUT", path, json=body)

    async def patch(self, path: str, body: Json) -> Json:
        """Change some fields of something."""
        return await self._ask("PATCH", path, json=body)

    async def post_csv(self, path: str, csv: bytes, *, key: str | None = None, **query: str) -> Json:
        """Make things from the content of a CSV file."""
        headers = {"Content-Type": "text/csv"} | ({} if key is None else {"Idempotency-Key": key})
        return await self._ask("POST", path, params=query, content=csv, headers=headers)

    async def publish_rate_deck(self, csv: bytes, *, name: str, currency: str, key: str) -> Json:
        """Publish a rate deck from the content of a CSV file."""
        return await self.post_csv("/v1/rate-decks", csv, key=key, name=name, currency=currency)

    async def _ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **request: Any) -> Json:
        try:
            response = await self._http.request(
                method, path, headers={**self._headers, **(headers or {})}, timeout=ANSWER_SECONDS_MAX, **request
            )
            document: Json = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise AdministrationError(f"{method} {path}: {type(error).__name__}: {error}") from error
        if not response.is_success:
            raise AdministrationError(f"{method} {path}: {document.get('code')}: {document.get('detail')}")
        return document
