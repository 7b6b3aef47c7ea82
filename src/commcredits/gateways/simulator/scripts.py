"""The script: faults queued for the next requests. The oldest fault of a kind strikes first and uses itself up."""

from typing import Any, TypeVar

import msgspec

from commcredits.gateways.simulator.faults import FAULTS_OF_OPERATION, Fault, Operation
from commcredits.gateways.simulator.store import Store
from commcredits.gateways.simulator.wire import Problem, ScriptBody

F = TypeVar("F")


def add_to_script(store: Store, body: ScriptBody) -> ScriptBody | Problem:
    """Queue a fault; one that can't strike its operation is refused."""
    if not isinstance(body.fault, FAULTS_OF_OPERATION[body.operation]):
        allowed = ", ".join(str(kind.__struct_config__.tag) for kind in _structs_of(body.operation))
        return Problem(
            status=422, code="fault_not_allowed", message=f"the operation {body.operation} takes the faults {allowed}"
        )
    if body.payment_method is not None and body.operation != "charge":
        return Problem(
            status=422, code="fault_not_allowed", message="payment_method can only be named for the operation charge"
        )
    with store.transaction():
        store.insert(
            "insert_script",
            operation=body.operation,
            payment_method_reference=body.payment_method,
            requests_left=body.requests,
            fault=msgspec.json.encode(body.fault).decode(),
        )
    return body


def list_script(store: Store) -> list[ScriptBody]:
    """List the faults that are still queued, oldest first."""
    return [
        ScriptBody(
            fault=_fault_of(row),
            operation=row["operation"],
            requests=row["requests_left"],
            payment_method=row["payment_method_reference"],
        )
        for row in store.rows("list_script")
    ]


def clear_script(store: Store) -> None:
    """Forget every queued fault."""
    with store.transaction():
        store.write("clear_script")


def take_from_script(
    store: Store, *, operation: Operation, payment_method: str | None, kinds: tuple[type[F], ...]
) -> F | None:
    """Take the oldest queued fault of one of `kinds` for this request; only inside a transaction."""
    for row in store.rows("match_script", operation=operation, payment_method_reference=payment_method):
        fault = _fault_of(row)
        if isinstance(fault, kinds):
            if row["requests_left"] is not None and not store.write("use_script_once", sequence=row["sequence"]):
                store.write("delete_script", sequence=row["sequence"])
            return fault
    return None


def _fault_of(row: dict[str, Any]) -> Fault:
    fault: Fault = msgspec.json.decode(row["fault"], type=Fault)
    return fault


def _structs_of(operation: Operation) -> tuple[type[msgspec.Struct], ...]:
    return tuple(kind for kind in FAULTS_OF_OPERATION[operation] if issubclass(kind, msgspec.Struct))
