"""What becomes of each line of a file of people: somebody new, somebody changed, nothing, or a mistake.

Knows how lines meet each other and the people and numbers there are. Refuses to read files and to write anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from commcredits.core.licensing import refuse_licences
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Licence, Line, NumberKind, NumberPurpose, Party, PartyKind
from commcredits.operations.csv_lines import Mistakes
from commcredits.operations.people_csv import LicenceLine, UserLine
from commcredits.storage.identifiers import OPERATOR_ID

_LINES_AT_ONCE: Final = 1_000
_FIELDS: Final = ("display_name", "usage_location", "department", "licences")


@dataclass(slots=True, kw_only=True)
class ImportPlan:
    """What a file would do: people who are new, and how others are before and after, in the same order.

    ``numbers`` maps the numbers that are to be assigned to object ids. ``changed`` and ``unchanged`` count people.
    """

    new: list[Party] = field(default_factory=list)
    before: list[Party] = field(default_factory=list)
    after: list[Party] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)
    changed: int = 0
    unchanged: int = 0


async def plan_people(
    lines: Iterable[UserLine],
    known: Iterable[Party],
    numbers: Mapping[str, Line],
    mistakes: Mistakes,
    new_id: Callable[[], str],
) -> ImportPlan:
    """What a file of users does to these people and numbers; what is wrong with its lines goes to ``mistakes``."""
    planner = _PeoplePlanner(known, numbers, mistakes, new_id)
    for count, line in enumerate(lines):
        planner.take(line)
        await _let_others_work(count)
    return planner.plan


async def plan_licences(lines: Iterable[LicenceLine], known: Iterable[Party], mistakes: Mistakes) -> ImportPlan:
    """What a file of licences does to these people, line after line; what is wrong goes to ``mistakes``."""
    before = {party.user_principal_name.lower(): party for party in known}
    parties = dict(before)
    named: set[str] = set()
    for count, line in enumerate(lines):
        await _let_others_work(count)
        name = line.user_principal_name.lower()
        party = parties.get(name)
        if party is None:
            allowed = "that of a user or resource account of the organization"
            mistakes.add(line.line, "user_principal_name", line.user_principal_name, allowed, RefusalCode.UNKNOWN_USER)
            continue
        named.add(name)
        licences = (party.licences - line.take) | line.assign
        refused = None if licences == party.licences else refuse_licences(party.kind, party.usage_location, licences)
        if refused is None:
            parties[name] = replace(party, licences=licences)
        elif refused.code is RefusalCode.INVALID_INPUT:
            allowed = "licences without a Calling Plan, for this user has no usage location"
            mistakes.add(line.line, "assign", _codes(line.assign), allowed)
        else:
            column, codes = ("assign", line.assign) if line.assign else ("take", line.take)
            mistakes.add(line.line, column, _codes(codes), _conflict(refused), refused.code)
    changed = [name for name in named if parties[name].licences != before[name].licences]
    return ImportPlan(
        before=[before[name] for name in changed],
        after=[parties[name] for name in changed],
        changed=len(changed),
        unchanged=len(named) - len(changed),
    )


class _PeoplePlanner:
    """Takes the lines of a file of users one by one."""

    def __init__(
        self, known: Iterable[Party], numbers: Mapping[str, Line], mistakes: Mistakes, new_id: Callable[[], str]
    ) -> None:
        self.plan = ImportPlan()
        self._by_id = {party.party_id: party for party in known}
        self._by_name = {party.user_principal_name.lower(): party for party in self._by_id.values()}
        self._numbers = numbers
        self._mistakes = mistakes
        self._new_id = new_id
        # Where in the file each name, object id and number stands first.
        self._name_lines: dict[str, int] = {}
        self._id_lines: dict[str, int] = {}
        self._number_lines: dict[str, int] = {}

    def take(self, line: UserLine) -> None:
        before = self._by_name.get(line.user_principal_name.lower())
        if not self._is_once(line) or not self._fits(line, before):
            return
        party = before or Party(
            party_id=line.object_id or self._new_id(),
            kind=line.kind or PartyKind.USER,
            user_principal_name=line.user_principal_name,
            display_name="",
            usage_location="",
        )
        given = {name: value for name in _FIELDS if (value := getattr(line, name)) is not UNSET}
        after = replace(party, user_principal_name=line.user_principal_name, **given)
        refused = None if after == before else refuse_licences(after.kind, after.usage_location, after.licences)
        if refused is not None:
            self._note_conflict(line, after, refused)
            return
        numbers = self._new_numbers(line, after)
        if numbers is None:
            return
        self.plan.numbers.update(dict.fromkeys(numbers, after.party_id))
        if before is None:
            self.plan.new.append(after)
        elif after != before:
            self.plan.before.append(before)
            self.plan.after.append(after)
        if before is not None:
            is_changed = after != before or bool(numbers)
            self.plan.changed += is_changed
            self.plan.unchanged += not is_changed

    def _is_once(self, line: UserLine) -> bool:
        first = self._name_lines.setdefault(line.user_principal_name.lower(), line.line)
        if first != line.line:
            self._note(
                line, "user_principal_name", line.user_principal_name, f"each user once; line {first} has it too"
            )
            return False
        first = self._id_lines.setdefault(line.object_id, line.line) if line.object_id else line.line
        if first != line.line:
            self._note(line, "object_id", line.object_id, f"each object id once; line {first} has it too")
            return False
        return True

    def _fits(self, line: UserLine, before: Party | None) -> bool:
        """Whether object id and kind are those of whoever has the name, and the object id is nobody else's."""
        if line.object_id == OPERATOR_ID:
            self._note(line, "object_id", line.object_id, "an object id that is not nil")
            return False
        if line.object_id and (before is None or before.party_id != line.object_id):
            if before is not None:
                allowed = f"the object id that this user has, {before.party_id}, or empty"
            elif line.object_id in self._by_id:
                allowed = f"an object id that nobody else has; {self._by_id[line.object_id].user_principal_name} has it"
            else:
                return True
            self._mistakes.add(line.line, "object_id", line.object_id, allowed, RefusalCode.USER_TAKEN)
            return False
        if before is not None and line.kind and line.kind is not before.kind:
            self._note(line, "kind", line.kind, f"{before.kind}, for that is what there is by this name")
            return False
        return True

    def _new_numbers(self, line: UserLine, party: Party) -> list[str] | None:
        """The numbers of a line that are to be assigned; None when one of them cannot be."""
        new = []
        for number in line.numbers or ():
            own = self._numbers.get(number)
            first = self._number_lines.setdefault(number, line.line)
            if own is not None and own.party_id == party.party_id:
                continue
            if own is None:
                allowed, code = "numbers of the organization", RefusalCode.UNKNOWN_NUMBER
            elif own.kind is not NumberKind.USER or party.kind is not PartyKind.USER:
                allowed, code = "user numbers, and only for users", RefusalCode.INVALID_INPUT
            elif own.purpose is not NumberPurpose.UNASSIGNED:
                allowed, code = "numbers that are not assigned to anybody else", RefusalCode.NUMBER_IN_USE
            elif first != line.line:
                allowed, code = f"each number once; line {first} has it too", RefusalCode.INVALID_INPUT
            else:
                new.append(number)
                continue
            self._mistakes.add(line.line, "numbers", number, allowed, code)
            return None
        return new

    def _note_conflict(self, line: UserLine, party: Party, refused: Refused) -> None:
        if refused.code is RefusalCode.INVALID_INPUT:
            self._note(line, "usage_location", party.usage_location, str(refused.facts["allowed"]))
        else:
            self._mistakes.add(line.line, "licences", _codes(party.licences), _conflict(refused), refused.code)

    def _note(self, line: UserLine, column: str, value: str, allowed: str) -> None:
        self._mistakes.add(line.line, column, value, allowed)


async def _let_others_work(count: int) -> None:
    """Long work for the processor gives whoever else this process serves a turn now and then."""
    if count % _LINES_AT_ONCE == 0:
        await asyncio.sleep(0)


def _codes(licences: frozenset[Licence]) -> str:
    return ";".join(sorted(licences))


def _conflict(refused: Refused) -> str:
    licence, (relation, other) = refused.facts["licence"], list(refused.facts.items())[-1]
    return f"licences that go together; {licence} is not {relation.replace('_', ' ')} {other}"
