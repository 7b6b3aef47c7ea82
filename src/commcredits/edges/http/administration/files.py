"""CSV files in requests: the body, or its one part named ``file``, and what is said of wrong lines.

Knows how a file arrives, and that it is never held whole here. Refuses to know what stands in it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any

from starlette.requests import Request

from commcredits.edges.http.administration.bodies import (
    CSV_MEDIA_TYPE,
    MULTIPART_MEDIA_TYPE,
    ZIP_MEDIA_TYPE,
    media_type,
    stream_body,
)
from commcredits.edges.http.administration.multipart import FILE_PART, file_part
from commcredits.edges.http.administration.refusing import ProblemError, fault, field_error
from commcredits.edges.http.problems import HttpFault, Problem, invalid_input_problem
from commcredits.operations.csv_lines import LineError


def file_body(described: str, sample: str, *, bytes_max: int, may_be_zip: bool = False) -> dict[str, Any]:
    """What OpenAPI says of a body that is such a file; ``described`` begins the sentence."""
    file = {
        "type": "string",
        "description": f"{described} of at most {bytes_max} bytes: UTF-8, a header row, commas.",
    }
    parts = {"type": "object", "required": [FILE_PART], "properties": {FILE_PART: dict(file)}}
    content: dict[str, Any] = {
        CSV_MEDIA_TYPE: {"schema": file, "example": sample},
        MULTIPART_MEDIA_TYPE: {"schema": parts},
    }
    if may_be_zip:
        content[ZIP_MEDIA_TYPE] = {"schema": {"type": "string", "description": "A ZIP that holds the file."}}
    return {"required": True, "content": content}


async def file_of(request: Request, *, bytes_max: int, may_be_zip: bool = False) -> AsyncGenerator[bytes, None]:
    """The bytes of the CSV file in a request, as they arrive. Raises ProblemError for a body that holds none.

    ``may_be_zip`` takes a ZIP too, and leaves it packed.
    """
    header = media_type(request, CSV_MEDIA_TYPE, *((ZIP_MEDIA_TYPE,) if may_be_zip else ()), MULTIPART_MEDIA_TYPE)
    chunks = stream_body(request, bytes_max=bytes_max)
    if header.get_content_type() == MULTIPART_MEDIA_TYPE:
        boundary = header.get_param("boundary")
        if not isinstance(boundary, str) or not boundary:
            raise fault(HttpFault.MALFORMED_REQUEST, "The header Content-Type of a multipart body names its boundary.")
        chunks = file_part(chunks, boundary)
    async with aclosing(chunks):
        async for chunk in chunks:
            yield chunk


def wrong_lines(errors: Iterable[LineError], error_count: int) -> ProblemError:
    """The error that ends a request whose file is wrong: the first fields in ``errors``, all of them counted."""
    shown = []
    for error in errors:
        facts = error.refused().facts
        shown.append(field_error(str(facts["field"]), error.value, error.allowed))
    problem = invalid_input_problem(shown)
    return ProblemError(Problem(status=problem.status, document={**problem.document, "error_count": error_count}))
