"""Commands of the operator, each done once: the id, a digest of the content, and what it made.

Knows the rows that remember. Refuses to be used for an organization's account: the committer remembers those commands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

import msgspec

from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.identifiers import OPERATOR_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedCommand:
    """A command that was done before: the digest of what it asked for, and the id of what it made."""

    content: str
    made_id: str


def digest(*content: str) -> str:
    """A digest of what a command asks for."""
    return blake2b(msgspec.json.encode(content), digest_size=16).hexdigest()


async def remember_command(
    connection: Connection, shard_id: int, *, operation: str, command_id: str, content: str, made_id: str, at: datetime
) -> RememberedCommand | None:
    """Remember a command within the transaction that does it; None when it is new.

    A command that was done before is returned as it was remembered, and the caller does nothing. While another
    transaction is doing it, this waits for that one's end.
    """
    inserted = await connection.fetchval(
        load_statement("insert_operator_command"), shard_id, operation, command_id, content, made_id, at
    )
    if inserted is not None:
        return None
    rows = await connection.fetch(load_statement("load_commands"), shard_id, [OPERATOR_ID], [operation], [command_id])
    return RememberedCommand(content=rows[0]["content"], made_id=rows[0]["answer"])
