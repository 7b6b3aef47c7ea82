"""The OpenAPI document as a judge: an answer that it does not promise fails the test that got it."""

from __future__ import annotations

import re
from typing import Any, Self

import httpx
from fastapi import FastAPI
from openapi_schema_validator import OAS31Validator

MISSED = frozenset({401, 404, 405})
"""What a request can get that meets no documented operation."""


class Documentation:
    """The document, and which of its promises were seen."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.seen: set[tuple[str, int]] = set()
        # A path without parameters comes before one with them, as the router has it.
        self._paths = [
            (re.compile(_pattern(path), re.DOTALL), operations)
            for path, operations in sorted(document["paths"].items(), key=lambda item: item[0].count("{"))
        ]

    @classmethod
    async def read(cls, app: FastAPI) -> Self:
        """The document that the application serves."""
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://administration") as client:
            response = await client.get("/v1/openapi.json")
        assert response.status_code == 200
        return cls(response.json())

    async def check(self, response: httpx.Response) -> None:
        """Fail unless the document promises this answer: status, media type, schema, and the code of a problem."""
        await response.aread()
        operation = self._operation(response.request)
        if operation is None:
            assert response.status_code in MISSED, f"{response.request.method} {response.request.url} is undocumented"
            return
        name, status = operation["operationId"], response.status_code
        promised = operation["responses"].get(str(status))
        assert promised is not None, f"{name} does not document {status}: {response.text}"
        media_type = response.headers["content-type"].partition(";")[0]
        content = promised["content"].get(media_type)
        assert content is not None, f"{name} does not document {media_type} for {status}"
        if media_type.endswith("json"):
            self._validate(content["schema"], response.json())
        if media_type == "application/problem+json":
            # Not every code has an example at the charging paths, but each is named.
            code = response.json()["code"]
            assert code in promised["description"].split(", "), f"{name} {status}: {code}"
        for header in promised.get("headers", {}):
            assert header.lower() in response.headers, f"{name} {status} lacks {header}"
        self.seen.add((name, status))

    def operations(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Each operation: method, path, description."""
        return [
            (method.upper(), path, operation)
            for path, operations in self.document["paths"].items()
            for method, operation in operations.items()
        ]

    def validate(self, schema: dict[str, Any], value: Any) -> None:
        """Fail unless the value is of the schema."""
        self._validate(schema, value)

    def _validate(self, schema: dict[str, Any], value: Any) -> None:
        OAS31Validator({**schema, "components": self.document["components"]}).validate(value)

    def _operation(self, request: httpx.Request) -> dict[str, Any] | None:
        for pattern, operations in self._paths:
            if pattern.fullmatch(request.url.path):
                found: dict[str, Any] | None = operations.get(request.method.lower())
                return found
        return None


def _pattern(path: str) -> str:
    literal, *rest = path.split("{")
    pieces = [re.escape(literal)]
    for piece in rest:
        name, _, after = piece.partition("}")
        pieces.append((".*" if name == "session_id" else "[^/]+") + re.escape(after))
    return "".join(pieces)
