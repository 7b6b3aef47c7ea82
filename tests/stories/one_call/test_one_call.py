"""One call, and everything that can go differently, told through every edge: the ledgers are equal.

What HTTP's ledger says is the reference; a few variants are stated by hand, so that the reference is right.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from commcredits.core.outcomes import RefusalCode
from tests.stories.one_call.steps import (
    Again,
    Answer,
    Ask,
    HangUp,
    LoseConnection,
    Pass,
    Reap,
    Report,
    RestartEdge,
    Step,
    TopUp,
)
from tests.stories.one_call.teller import UNSAID, Teller, Told
from tests.stories.one_call.variants import VARIANTS
from tests.stories.one_call.world import Ledger, World, open_one_office, open_world

REFERENCE: Final = "http"
TOLD_MIN: Final = 20
"""How many variants every protocol must be able to tell."""

TELLERS: Final[Mapping[str, ModuleType]] = {
    path.stem: importlib.import_module(f"tests.stories.one_call.tellers.{path.stem}")
    for path in sorted((Path(__file__).parent / "tellers").glob("[a-z]*.py"))
}
TELLINGS: Final = [
    pytest.param(name, variant, id=f"{name}-{variant}")
    for name, teller in TELLERS.items()
    for variant in VARIANTS
    if variant not in teller.CANNOT
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the switch heard when it asked, in order, and what the books say in the end."""

    heard: tuple[Told, ...]
    ledger: Ledger


@pytest.fixture(scope="module")
def references() -> dict[str, Story]:
    """What came of the variants over HTTP, told once each."""
    return {}


async def tell(database_url: str, teller_name: str, variant_name: str, *, number: str) -> Story:
    """The story of a variant as this teller tells it, to an organization of its own with this number."""
    variant, module = VARIANTS[variant_name], TELLERS[teller_name]
    async with open_one_office(database_url) as office:
        world = await open_world(office, variant, number=number)
        teller: Teller = await module.open_teller(await world.parts(module.PROTOCOL))
        try:
            heard = []
            for step in variant.steps:
                heard.append(await _take(world, teller, step))
                # The clock may not move on while something is on its way to the books that nobody waits for.
                await world.settle()
            assert await world.calls_that_run() == 0, "every story is told to its end"
        finally:
            await teller.aclose()
        return Story(heard=tuple(told for told in heard if told is not None), ledger=await world.ledger())


async def _take(world: World, teller: Teller, step: Step) -> Told | None:
    """Do one step; what the switch heard of it, None for what asks nothing."""
    match step:
        case Ask():
            caller = world.number_of(step.caller)
            return await teller.authorise(caller, step.callee, call_id=step.call, slice_seconds=step.slice_seconds)
        case Answer():
            await teller.start(step.call)
        case Report():
            return await teller.update(step.call, step.used_seconds)
        case HangUp():
            await teller.end(step.call, step.used_seconds)
        case Again():
            return await teller.repeat_last()
        case Pass():
            world.office.clock.advance(seconds=step.seconds)
        case TopUp():
            await world.top_up(step.amount_micros)
        case LoseConnection():
            await teller.lose_connection()
        case RestartEdge():
            await teller.restart_edge()
        case Reap():
            await world.reap()
    return None


def agree(told: Told, reference: Told) -> bool:
    """Whether a switch heard the same; what its protocol does not say is not compared."""
    if told == Told():
        return True
    if bool(told.refused) != bool(reference.refused):
        return False
    if told.refused not in ("", UNSAID, reference.refused):
        return False
    granted = told.granted_seconds in (None, reference.granted_seconds)
    return granted and told.final in (None, reference.final)


@pytest.mark.parametrize(("teller_name", "variant_name"), TELLINGS)
async def test_a_call_leaves_the_same_ledger_whichever_edge_it_is_told_through(
    database_url: str, references: dict[str, Story], teller_name: str, variant_name: str
) -> None:
    if variant_name not in references:
        references[variant_name] = await tell(database_url, REFERENCE, variant_name, number="+40212300001")
    reference = references[variant_name]
    assert reference.ledger.discrepancies == ()
    if teller_name == REFERENCE:
        return
    story = await tell(database_url, teller_name, variant_name, number="+40212300002")
    assert story.ledger == reference.ledger
    assert len(story.heard) == len(reference.heard)
    assert [
        (told, said) for told, said in zip(story.heard, reference.heard, strict=True) if not agree(told, said)
    ] == []


@pytest.mark.parametrize("name", TELLERS)
def test_what_a_protocol_cannot_tell_is_little_and_has_a_reason(name: str) -> None:
    module = TELLERS[name]
    assert module.NAME
    assert set(module.CANNOT) <= set(VARIANTS)
    assert len(VARIANTS) - len(module.CANNOT) >= TOLD_MIN
    assert all(len(reason.split()) >= 5 for reason in module.CANNOT.values())


REFUSED_BY_HAND: Final = {
    "refused_for_want_of_money": RefusalCode.INSUFFICIENT_FUNDS,
    "refused_for_want_of_a_rate": RefusalCode.NO_RATE,
    "refused_to_a_stranger": RefusalCode.UNKNOWN_NUMBER,
    "refused_by_a_block": RefusalCode.BLOCKED,
    "refused_for_a_premium_number": RefusalCode.PREMIUM_NOT_ALLOWED,
}
ENDED_BY_HAND: Final = {
    # Fee 0.05; 40 seconds are charged as 30 + 2 x 6 = 42, at 0.61 a minute: 0.427.
    "plain": (40, 477_000, 0, {}),
    "nobody_answers": (0, 0, 0, {}),
    "never_heard_of_again": (0, 0, 0, {}),
    "an_emergency": (900, 0, 0, {}),
    # 60 seconds come out of the pool; the other 45 are a minute at 0.06.
    "paid_by_minutes_and_then_by_credits": (105, 60_000, 1, {}),
    # Granted 60 and charged for them: 0.05 and 0.61.
    "longer_than_its_grant": (60, 660_000, 0, {"overrun": 1}),
    # 50 seconds are charged as 30 + 4 x 6 = 54: 0.05 and 0.549.
    "ahead_of_the_clock": (50, 599_000, 0, {"ahead_of_the_clock": 1}),
    "whose_end_is_lost": (60, 660_000, 0, {"silent": 1}),
    "whose_end_comes_after_the_reaper": (40, 477_000, 0, {"silent": 1}),
    "whose_id_another_call_claims": (30, 300_000, 0, {"claimed_twice": 1}),
}
"""Seconds, charge in millionths, minutes of the pool, and flags: reckoned without the program."""


@pytest.mark.parametrize("variant_name", REFUSED_BY_HAND)
async def test_a_refusal_says_why_and_costs_nothing(database_url: str, variant_name: str) -> None:
    story = await tell(database_url, REFERENCE, variant_name, number="+40212300001")
    assert story.heard[-1] == Told(refused=REFUSED_BY_HAND[variant_name].value)
    assert not [row for row in story.ledger.journal if row[2] == "call"]


@pytest.mark.parametrize("variant_name", ENDED_BY_HAND)
async def test_the_reference_is_what_somebody_reckons_by_hand(database_url: str, variant_name: str) -> None:
    ledger = (await tell(database_url, REFERENCE, variant_name, number="+40212300001")).ledger
    came_to = [(call.used_seconds, call.charged_micros, call.pool_minutes, ledger.flags) for call in ledger.calls]
    assert ENDED_BY_HAND[variant_name] in came_to
    assert ledger.discrepancies == ()
