"""Who is a person, where two of them have to agree: by what they proved to be, never by a name that was typed.

Knows that one person may come in over several interfaces. Refuses to take two names for two people.
"""

from __future__ import annotations

from typing import Final

from commcredits.core.access import Actor, ActorKind

OWNER: Final = "operator:operator"
"""Whoever has the installation's own token. Whoever works at its terminal can read that token, and so is the same."""


def person_of(actor: Actor, name: str) -> str:
    """The person behind an actor, for as long as records are kept.

    ``name`` counts for the product alone, which acts for whom it says: what anybody else calls themselves proves
    nothing.
    """
    if actor.kind is ActorKind.SYSTEM:
        return f"name:{name}"
    if actor.kind is ActorKind.TERMINAL:
        return OWNER
    return actor.actor_id


def is_same_person(actor: Actor, name: str, *, asked_by: str, asked_actor: str) -> bool:
    """Whether these are one person: the same proof, or the same name over two interfaces."""
    return person_of(actor, name) == asked_actor or name.casefold() == asked_by.casefold()
