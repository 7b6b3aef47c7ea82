"""The door of every operation: may this actor, and do they still prove who they are.

Knows the permission that an operation was marked with. Refuses to know roles, and to let an operation begin before
it has looked. What an operation calls in turn is not asked again: the operation that an edge called was the door.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from commcredits.core.access import Permission
from commcredits.core.outcomes import Refused
from commcredits.operations.services import Services

P = ParamSpec("P")
T = TypeVar("T")

Operation = Callable[Concatenate[Services, P], Coroutine[Any, Any, T]]

PERMISSION: Final = "__commcredits_permission__"
ACT: Final = "__commcredits_act__"
"""Under which names a function carries what it was marked with; the rules of the tree are checked by them."""


def reads(permission: Permission) -> Callable[[Operation[P, T]], Operation[P, T | Refused]]:
    """Mark an operation that changes nothing: whoever lacks the permission is refused before it begins."""
    return _marked(permission, is_act=False, needs_proof=False)


def acts(
    permission: Permission, *, needs_proof: bool = False
) -> Callable[[Operation[P, T]], Operation[P, T | Refused]]:
    """Mark an operation that changes something.

    With ``needs_proof`` a person must have proved lately who they are (core.access.PROOF_VALID).
    """
    return _marked(permission, is_act=True, needs_proof=needs_proof)


def _marked(
    permission: Permission, *, is_act: bool, needs_proof: bool
) -> Callable[[Operation[P, T]], Operation[P, T | Refused]]:
    def mark(operation: Operation[P, T]) -> Operation[P, T | Refused]:
        @wraps(operation)
        async def checked(services: Services, /, *args: P.args, **kwargs: P.kwargs) -> T | Refused:
            organization_id = kwargs.get("organization_id")
            actor = services.actor
            refused = actor.refusal(permission, None if organization_id is None else str(organization_id))
            if refused is None and needs_proof:
                refused = actor.proof_refusal(services.clock())
            if refused is not None:
                return refused
            if not actor.is_checked:
                services = replace(services, actor=actor.checked())
            return await operation(services, *args, **kwargs)

        setattr(checked, PERMISSION, permission)
        setattr(checked, ACT, is_act)
        return checked

    return mark
