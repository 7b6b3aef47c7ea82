"""The parameters that many paths share: pages of lists, and the key that makes a request safe to repeat.

Knows their names and what OpenAPI says of them. Refuses to know the paths.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Query

from commcredits.edges.http.administration.forms import Cursor, IdempotencyKey, PageLimit, QueryFlag
from commcredits.edges.http.administration.routes import IDEMPOTENCY_KEY

KeyHeader = Annotated[
    IdempotencyKey,
    Header(
        alias=IDEMPOTENCY_KEY,
        description="Names this request: the same key with the same content is done once and answered again; "
        "with other content it is a conflict.",
    ),
]
OptionalKeyHeader = Annotated[
    IdempotencyKey | None,
    Header(alias=IDEMPOTENCY_KEY, description="Names this request, where a caller wants to; as in other requests."),
]
CursorQuery = Annotated[
    Cursor | None, Query(description="The next_cursor of the page before; left out, the first page.")
]
LimitQuery = Annotated[PageLimit, Query(description="How many items a page may hold.")]
DryRunQuery = Annotated[QueryFlag, Query(description="Change nothing, and answer with what would be changed.")]
