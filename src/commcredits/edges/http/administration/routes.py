"""How every request of the administration API is taken in: strictly, and explained field by field when it is refused.

Knows parameters, bodies and the words of pydantic's errors. Refuses to know any path.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.requests import Request
from starlette.responses import Response

from commcredits.edges.http.administration.bodies import JSON_BYTES_MAX, LONG_JSON_BYTES_MAX, JsonRequest
from commcredits.edges.http.administration.forms import FORM_ERROR, FieldForm
from commcredits.edges.http.administration.refusing import ProblemError, field_error, wrong_field
from commcredits.edges.http.problems import FieldError, invalid_input_problem

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
_BODY: Final = "body"
_NOT_SHOWN: Final = ""


class StrictRoute(APIRoute):
    """A route that refuses what it does not know: parameters, fields, repetitions and lenient JSON."""

    json_bytes_max: int = JSON_BYTES_MAX

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI asks for this once; the handler stands in front of its own."""
        handle = super().get_route_handler()
        query_names = [parameter.alias for part in _parts_of(self.dependant) for parameter in part.query_params]
        fields = _fields_of(self)

        async def handle_strictly(request: Request) -> Response:
            _refuse_strange_query(request, query_names)
            if len(request.headers.getlist(IDEMPOTENCY_KEY)) > 1:
                raise wrong_field(IDEMPOTENCY_KEY, "", "given once", f"{IDEMPOTENCY_KEY} is given more than once")
            if self.body_field is not None:
                request = JsonRequest(request.scope, request.receive)
                await request.load(self.json_bytes_max)
            try:
                return await handle(request)
            except RequestValidationError as error:
                errors = [_explain(each, fields) for each in error.errors()]
                raise ProblemError(invalid_input_problem(errors)) from None

        return handle_strictly


class LongJsonRoute(StrictRoute):
    """A route whose body may be a long list."""

    json_bytes_max = LONG_JSON_BYTES_MAX


def _parts_of(dependant: Dependant) -> Iterator[Dependant]:
    """What an endpoint takes itself, and what it takes through what it depends on."""
    yield dependant
    for part in dependant.dependencies:
        yield from _parts_of(part)


def _fields_of(route: APIRoute) -> Mapping[tuple[str, str], FieldInfo]:
    """Each field that the route takes, by where it stands and its name there."""
    fields: dict[tuple[str, str], FieldInfo] = {}
    for part in _parts_of(route.dependant):
        for place, parameters in (
            ("path", part.path_params),
            ("query", part.query_params),
            ("header", part.header_params),
        ):
            fields.update({(place, parameter.alias): parameter.field_info for parameter in parameters})
    if route.body_field is not None:
        model = route.body_field.field_info.annotation
        assert isinstance(model, type), "a body is described by a model"
        assert issubclass(model, BaseModel), "a body is described by a model"
        fields.update({(_BODY, name): info for name, info in model.model_fields.items()})
    return fields


def _refuse_strange_query(request: Request, known: list[str]) -> None:
    allowed = f"one of the parameters {', '.join(known)}" if known else "left out: this path takes no parameters"
    seen: set[str] = set()
    errors: list[FieldError] = []
    for name, value in request.query_params.multi_items():
        if name not in known:
            # The value is not repeated: somebody may have put a secret where none belongs.
            errors.append(field_error(name, _NOT_SHOWN, allowed, f"{name[:64]!r} is not a parameter of this path"))
        elif name in seen:
            errors.append(field_error(name, value, "given once", f"{name} is given more than once"))
        seen.add(name)
    if errors:
        raise ProblemError(invalid_input_problem(errors))


def _explain(error: Mapping[str, Any], fields: Mapping[tuple[str, str], FieldInfo]) -> FieldError:
    place, *rest = error["loc"]
    if not rest:
        return field_error(_BODY, error.get("input"), "a JSON object")
    name = str(rest[0])
    match error["type"]:
        case "missing":
            return field_error(name, "", _allowed(fields.get((place, name))), f"{name} is required")
        case "extra_forbidden":
            known = ", ".join(field for where, field in fields if where == place)
            message = f"{name[:64]!r} is not a field of this request"
            return field_error(name, error.get("input"), f"one of the fields {known}", message)
        case kind if kind == FORM_ERROR:
            told = error["ctx"]
            if "within" in told:
                return field_error(f"{name}.{told['within']}", told["value"], told["allowed"])
            return field_error(name, error.get("input"), told["allowed"])
        case _:
            return field_error(name, error.get("input"), f"as follows: {error['msg']}")


def _allowed(info: FieldInfo | None) -> str:
    forms = [each for each in (info.metadata if info else ()) if isinstance(each, FieldForm)]
    return forms[0].allowed if forms else "given"
