"""The door of every operation: may this actor, do they still prove who they are, and is it written down.

Knows the permission that an operation was marked with. Refuses to know roles, and to let an operation begin before
it has looked. What an operation calls in turn is not asked again: the operation that an edge called was the door. An
act stands in the audit log before it begins and once it is over (decision record 0024).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from commcredits.core.access import Permission
from commcredits.core.audit import AuditOutcome
from commcredits.core.outcomes import Refused
from commcredits.operations.auditing import Look, Wanted, answer, ask, deny, is_audited, note_read
from commcredits.operations.services import Services

P = ParamSpec("P")
T = TypeVar("T")

Operation = Callable[Concatenate[Services, P], Coroutine[Any, Any, T]]

PERMISSION: Final = "__commcredits_permission__"
ACT: Final = "__commcredits_act__"
AUDITED: Final = "__commcredits_audited__"
"""Under which names a function carries what it was marked with; the rules of the tree are checked by them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """What stands above an operation."""

    permission: Permission
    is_act: bool
    needs_proof: bool = False
    audited: bool = False
    look: Look | None = None


def reads(permission: Permission, *, audited: bool = False) -> Callable[[Operation[P, T]], Operation[P, T | Refused]]:
    """Mark an operation that changes nothing: whoever lacks the permission is refused before it begins.

    ``audited`` for what is worth an entry all the same, such as a file of call records: the entry stands before
    anything is given out.
    """
    return _marked(_Mark(permission=permission, is_act=False, audited=audited))


def acts(
    permission: Permission, *, needs_proof: bool = False, look: Look | None = None
) -> Callable[[Operation[P, T]], Operation[P, T | Refused]]:
    """Mark an operation that changes something; the audit log tells of it.

    With ``needs_proof`` a person must have proved lately who they are (core.access.PROOF_VALID). ``look`` reads what is
    changed, from the operation's parameters by name: the log then says how it stood before and after.
    """
    return _marked(_Mark(permission=permission, is_act=True, needs_proof=needs_proof, audited=True, look=look))


def _marked(mark: _Mark) -> Callable[[Operation[P, T]], Operation[P, T | Refused]]:
    def put_on(operation: Operation[P, T]) -> Operation[P, T | Refused]:
        signature = inspect.signature(operation)
        name = getattr(operation, "__name__", "")

        @wraps(operation)
        async def checked(services: Services, /, *args: P.args, **kwargs: P.kwargs) -> T | Refused:
            actor = services.actor
            if actor.is_checked:
                return await operation(services, *args, **kwargs)
            organization_id = None if kwargs.get("organization_id") is None else str(kwargs["organization_id"])
            refused = actor.refusal(mark.permission, organization_id)
            if refused is None and mark.needs_proof:
                refused = actor.proof_refusal(services.clock())
            wanted = None
            if mark.audited and is_audited(actor, mark.permission):
                given = _given(signature, services, args, kwargs)
                wanted = Wanted(
                    services=services, operation=name, organization_id=organization_id, given=given, look=mark.look
                )
            if refused is not None:
                if wanted is not None and mark.is_act:
                    await deny(wanted, refused)
                return refused
            services = replace(services, actor=actor.checked())
            if wanted is None:
                return await operation(services, *args, **kwargs)
            wanted = replace(wanted, services=services)
            if mark.is_act:
                return await _written_down(wanted, lambda: operation(services, *args, **kwargs))
            found = await operation(services, *args, **kwargs)
            if not isinstance(found, Refused):
                await note_read(wanted)
            return found

        setattr(checked, PERMISSION, mark.permission)
        setattr(checked, ACT, mark.is_act)
        setattr(checked, AUDITED, mark.audited)
        return checked

    return put_on


async def _written_down(wanted: Wanted, act: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Do what is wanted between its two entries. Whoever is cut off in between leaves the first one without an answer.

    Raises what the act raises.
    """
    asked = await ask(wanted)
    try:
        result = await act()
    except Exception as error:
        await answer(wanted, asked, AuditOutcome.FAILED, error)
        raise
    outcome = AuditOutcome.REFUSED if isinstance(result, Refused) else AuditOutcome.DONE
    await answer(wanted, asked, outcome, result)
    return result


def _given(
    signature: inspect.Signature, services: Services, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> dict[str, Any]:
    """The parameters of a call by name, those that were left out included."""
    bound = signature.bind(services, *args, **kwargs)
    bound.apply_defaults()
    _services, *others = bound.arguments.items()
    return dict(others)
