"""The one procedure of every request with an idempotency key: the first answer is remembered and given again."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

import msgspec

from commcredits.gateways.simulator.store import Store
from commcredits.gateways.simulator.wire import Problem

R = TypeVar("R", bound=msgspec.Struct)


def answer_once(
    store: Store,
    *,
    operation: str,
    idempotency_key: str,
    content: msgspec.Struct,
    answer_type: type[R],
    act: Callable[[], R | Problem],
) -> R | Problem:
    """Act for a new key, or repeat the first answer; another content under a known key is a conflict.

    A `Problem` means that nothing was done, so it is not remembered: the key stays free. Only inside a transaction.
    """
    digest = hashlib.sha256(msgspec.json.encode(content, order="deterministic")).digest()
    first = store.find("find_answer", operation=operation, idempotency_key=idempotency_key)
    if first is not None:
        if first["content_digest"] != digest:
            return Problem(
                status=409, code="idempotency_conflict", message="this Idempotency-Key came before with other content"
            )
        return msgspec.json.decode(first["body"], type=answer_type)
    answer = act()
    if not isinstance(answer, Problem):
        store.insert(
            "insert_answer",
            operation=operation,
            idempotency_key=idempotency_key,
            content_digest=digest,
            body=msgspec.json.encode(answer),
        )
    return answer


def was_answered(store: Store, *, operation: str, idempotency_key: str) -> bool:
    """Say whether this key has its answer already."""
    return store.find("find_answer", operation=operation, idempotency_key=idempotency_key) is not None
