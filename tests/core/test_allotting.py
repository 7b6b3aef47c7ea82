"""Licences of many people: each is judged alone, in order, and there are never more of them than were bought."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.allotting import Wish, allot
from commcredits.core.licensing import recount, shortages
from commcredits.core.outcomes import RefusalCode
from commcredits.core.roster import Licence, Party, PartyKind

PLAN, OTHER, CREDITS = Licence.DOMESTIC_120, Licence.DOMESTIC, Licence.COMMUNICATIONS_CREDITS


def person(number: int, country: str = "RO", *licences: Licence) -> Party:
    """Somebody in a country with these licences."""
    return Party(
        party_id=f"{number:08d}-0000-7000-8000-000000000000",
        kind=PartyKind.USER,
        user_principal_name=f"{number}@example.com",
        display_name="",
        usage_location=country,
        licences=frozenset(licences),
    )


def test_the_last_in_order_stay_without_and_the_free_licence_never_runs_out() -> None:
    people = [person(each) for each in range(3)]
    shares = allot(people, Wish(assign=frozenset({PLAN, CREDITS})), {}, {(PLAN, "RO"): 1, (PLAN, ""): 1})
    assert [share.changes for share in shares] == [True, True, False]
    assert shares[2].refused is not None
    assert shares[2].refused.code is RefusalCode.LICENCE_NOT_AVAILABLE
    assert shares[2].after == people[2]
    assert all(share.changes for share in allot(people, Wish(assign=frozenset({CREDITS})), {}, {}))


def test_what_one_gives_back_is_there_for_the_next() -> None:
    people = [person(0, "RO", PLAN), person(1, "RO")]
    assigned = recount({}, [], people)
    swapped = allot(people, Wish(assign=frozenset({OTHER}), replaces=True), assigned, {(PLAN, ""): 1, (OTHER, ""): 2})
    assert [share.after.licences for share in swapped] == [frozenset({OTHER})] * 2


def test_a_conflict_of_one_stops_nobody_else() -> None:
    people = [person(0, "RO", OTHER), person(1, "", CREDITS), person(2, "RO", PLAN), person(3)]
    assigned = recount({}, [], people)
    shares = allot(people, Wish(assign=frozenset({PLAN})), assigned, {(PLAN, ""): 9, (OTHER, ""): 9})
    codes = [None if share.refused is None else share.refused.code for share in shares]
    assert codes == [RefusalCode.LICENCE_CONFLICT, RefusalCode.INVALID_INPUT, None, None]
    assert [share.changes for share in shares] == [False, False, False, True]


_LICENCES = st.sampled_from([PLAN, OTHER, CREDITS])
_COUNTRIES = st.sampled_from(["RO", "DE"])


@given(
    people=st.lists(st.tuples(_COUNTRIES, st.sampled_from([None, PLAN, OTHER])), max_size=8),
    bought=st.dictionaries(st.tuples(_LICENCES.map(str), st.sampled_from(["", "RO", "DE"])), st.integers(0, 4)),
    assign=st.frozensets(_LICENCES, max_size=2),
    take=st.frozensets(_LICENCES, max_size=2),
    replaces=st.booleans(),
)
def test_nobodys_change_makes_a_shortage_larger(
    people: list[tuple[str, Licence | None]],
    bought: dict[tuple[str, str], int],
    assign: frozenset[Licence],
    take: frozenset[Licence],
    replaces: bool,  # noqa: FBT001 - an example of hypothesis
) -> None:
    parties = [
        person(number, country, *([] if licence is None else [licence]))
        for number, (country, licence) in enumerate(people)
    ]
    assigned = recount({}, [], parties)
    shares = allot(parties, Wish(assign=assign, take=take, replaces=replaces), assigned, bought)
    changed = [share for share in shares if share.changes]
    after = recount(assigned, [share.before for share in changed], [share.after for share in changed])

    def lacking(counts: dict[tuple[str, str], int]) -> dict[Licence, int]:
        return {each.licence: each.needed - each.purchased for each in shortages(counts, bought)}

    before = lacking(assigned)
    given = {licence for share in changed for licence in share.after.licences - share.before.licences}
    assert {licence for licence in lacking(after) if licence in given} <= set(before)
