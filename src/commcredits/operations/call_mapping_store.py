"""The mappings that an operator has named, beside those that come with the product.

Knows names and documents. Refuses to know what a mapping says (commcredits.operations.call_mappings).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.outcomes import Refused
from commcredits.operations.call_mappings import (
    SHIPPED,
    CallMapping,
    is_mapping_name,
    read_mapping,
    shipped_document,
    shipped_mapping,
)
from commcredits.operations.inputs import invalid_input
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID

MAPPINGS_MAX: Final = 200
"""Most mappings of an operator; so many fit one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedMapping:
    """A mapping that imports can name; ``document`` is its JSON. One that comes with the product was never saved."""

    name: str
    description: str
    document: str
    saved_at: datetime | None


@reads(Permission.OPERATOR_CALLS)
async def find_mapping(services: Services, *, name: str) -> CallMapping | Refused:
    """The mapping of this name, the operator's or one that comes with the product."""
    if name in SHIPPED:
        return shipped_mapping(name)
    found = await _find(services, name)
    # It was right when it was saved, but may name a time zone that this machine does not have.
    return found if isinstance(found, Refused) else read_mapping(found.document.encode())


@reads(Permission.OPERATOR_CALLS)
async def get_mapping(services: Services, *, name: str) -> NamedMapping | Refused:
    """One mapping with its document."""
    return _shipped(name) if name in SHIPPED else await _find(services, name)


@reads(Permission.OPERATOR_CALLS)
async def list_mappings(services: Services) -> tuple[NamedMapping, ...]:
    """All mappings: those that come with the product, then the operator's in order of name."""
    rows = await services.pool.fetch(load_statement("list_call_mappings"), services.shard_id, OPERATOR_ID)
    own = (_named(row["name"], row["document"], row["saved_at"]) for row in rows)
    return (*map(_shipped, SHIPPED), *own)


@acts(Permission.OPERATOR_CALLS)
async def save_mapping(services: Services, *, name: str, document: bytes) -> NamedMapping | Refused:
    """Keep a mapping under its name, in the place of the one before; imports that run go on with that."""
    mapping = read_mapping(document)
    if isinstance(mapping, Refused):
        return mapping
    if mapping.name != name:
        return invalid_input("mapping.name", mapping.name, f"the name that it is saved under, {name}")
    if name in SHIPPED:
        return invalid_input("mapping.name", name, f"a name other than those of {', '.join(SHIPPED)}")
    now = services.clock()
    text = document.decode()
    kept = await services.pool.fetchval(
        load_statement("save_call_mapping"), services.shard_id, OPERATOR_ID, name, text, now, MAPPINGS_MAX
    )
    if kept is None:
        return invalid_input("mapping.name", name, f"one of at most {MAPPINGS_MAX} mappings; remove another one first")
    return _named(name, text, now)


@acts(Permission.OPERATOR_CALLS)
async def remove_mapping(services: Services, *, name: str) -> NamedMapping | Refused:
    """Forget a mapping of the operator's; returns it once more."""
    found = await _find(services, name)
    if not isinstance(found, Refused):
        await services.pool.execute(load_statement("delete_call_mapping"), services.shard_id, OPERATOR_ID, name)
    return found


async def _find(services: Services, name: str) -> NamedMapping | Refused:
    if not is_mapping_name(name):
        return _unknown(name)
    row = await services.pool.fetchrow(load_statement("get_call_mapping"), services.shard_id, OPERATOR_ID, name)
    return _unknown(name) if row is None else _named(row["name"], row["document"], row["saved_at"])


def _unknown(name: str) -> Refused:
    return invalid_input("mapping", name, f"the name of a mapping: one of {', '.join(SHIPPED)}, or one that was saved")


def _shipped(name: str) -> NamedMapping:
    return _named(name, shipped_document(name).decode(), None)


def _named(name: str, document: str, saved_at: datetime | None) -> NamedMapping:
    mapping = read_mapping(document.encode())
    description = mapping.description if isinstance(mapping, CallMapping) else ""
    return NamedMapping(name=name, description=description, document=document, saved_at=saved_at)
