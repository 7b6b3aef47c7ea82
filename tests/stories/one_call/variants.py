"""One plain call, and everything that can go differently, as data.

Knows what happens. Refuses to know what it comes to: the ledger of the story told over HTTP is what every other one
must equal, and ``test_one_call.py`` states a few by hand. A name reads after "a call that is …", or "a call …".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.stories.one_call.steps import (
    EMERGENCY,
    FRENCH,
    GERMAN,
    PREMIUM,
    ROMANIAN,
    STRANGER,
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

RINGING: Final = Pass(seconds=8)
ENOUGH_MICROS: Final = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What happens, and to whom.

    ``people``: the organization has a user with the number, a pool of 120 minutes and a licence for credits; of the
    pool ``pool_minutes_used`` are gone already. ``blocked``: calls to Britain are blocked.
    """

    steps: tuple[Step, ...]
    funds_micros: int = ENOUGH_MICROS
    people: bool = False
    pool_minutes_used: int = 0
    blocked: bool = False


def _told(*steps: Step, funds_micros: int = ENOUGH_MICROS) -> Variant:
    return Variant(steps=steps, funds_micros=funds_micros)


def _running(*steps: Step, callee: str = GERMAN, funds_micros: int = ENOUGH_MICROS) -> Variant:
    """A call that was asked for and answered; then these steps."""
    return Variant(steps=(Ask(callee=callee), RINGING, Answer(), *steps), funds_micros=funds_micros)


VARIANTS: Final[Mapping[str, Variant]] = {
    "plain": _running(Pass(seconds=40), HangUp(used_seconds=40)),
    # ---- refused ---------------------------------------------------------------------------------------------------
    "refused_for_want_of_money": _told(Ask(callee=GERMAN), funds_micros=300_000),
    "refused_for_want_of_a_rate": _told(Ask(callee=FRENCH)),
    "refused_to_a_stranger": _told(Ask(caller=STRANGER)),
    "refused_by_a_block": Variant(steps=(Ask(),), people=True, blocked=True),
    "refused_for_a_premium_number": Variant(steps=(Ask(callee=PREMIUM),), people=True),
    # ---- extended, and cut -----------------------------------------------------------------------------------------
    "extended_once": _running(Pass(seconds=50), Report(used_seconds=50), Pass(seconds=47), HangUp(used_seconds=97)),
    "extended_twice": _running(
        Pass(seconds=50),
        Report(used_seconds=50),
        Pass(seconds=50),
        Report(used_seconds=100),
        Pass(seconds=33),
        HangUp(used_seconds=133),
    ),
    "extended_after_a_top_up": _running(
        Pass(seconds=25),
        TopUp(amount_micros=2_000_000),
        Report(used_seconds=25),
        Pass(seconds=45),
        HangUp(used_seconds=70),
        funds_micros=366_000,
    ),
    "cut_at_the_end_of_the_money": Variant(
        steps=(
            Ask(),
            RINGING,
            Answer(),
            Pass(seconds=50),
            Report(used_seconds=50),
            Pass(seconds=35),
            HangUp(used_seconds=85),
            Ask(call="second"),
        ),
        funds_micros=850_000,
    ),
    "paid_by_minutes_and_then_by_credits": Variant(
        steps=(
            Ask(callee=ROMANIAN),
            RINGING,
            Answer(),
            Pass(seconds=55),
            Report(used_seconds=55),
            Pass(seconds=50),
            HangUp(used_seconds=105),
        ),
        people=True,
        pool_minutes_used=119,
    ),
    "granted_the_slice_that_it_asks_for": _told(
        Ask(slice_seconds=20), RINGING, Answer(), Pass(seconds=15), HangUp(used_seconds=15)
    ),
    # ---- told twice ------------------------------------------------------------------------------------------------
    "asked_for_twice": _told(Ask(), Again(), RINGING, Answer(), Pass(seconds=9), HangUp(used_seconds=9)),
    "answered_twice": _running(Again(), Pass(seconds=9), HangUp(used_seconds=9)),
    "reported_twice": _running(
        Pass(seconds=50), Report(used_seconds=50), Again(), Pass(seconds=20), HangUp(used_seconds=70)
    ),
    "ended_twice": _running(Pass(seconds=40), HangUp(used_seconds=40), Again()),
    "ended_twice_with_other_seconds": _running(
        Pass(seconds=40), HangUp(used_seconds=40), Pass(seconds=5), HangUp(used_seconds=45)
    ),
    "reported_again_over_a_new_connection": _running(
        Pass(seconds=50), Report(used_seconds=50), LoseConnection(), Again(), Pass(seconds=20), HangUp(used_seconds=70)
    ),
    # ---- lost, and out of order ------------------------------------------------------------------------------------
    "whose_answer_is_never_told": _told(Ask(callee=GERMAN), RINGING, Pass(seconds=33), HangUp(used_seconds=33)),
    "whose_report_is_lost": _running(
        Pass(seconds=100), Report(used_seconds=100), Pass(seconds=30), HangUp(used_seconds=130)
    ),
    "whose_end_is_lost": _running(Pass(seconds=40), Pass(seconds=300), Reap()),
    "whose_end_comes_after_the_reaper": _running(Pass(seconds=40), Pass(seconds=300), Reap(), HangUp(used_seconds=40)),
    "never_heard_of_again": _told(Ask(), Pass(seconds=600), Reap()),
    "ended_before_it_is_answered": _told(Ask(), RINGING, Pass(seconds=20), HangUp(used_seconds=20), Answer()),
    "reported_after_its_end": _running(
        Pass(seconds=30), HangUp(used_seconds=30), Pass(seconds=10), Report(used_seconds=40)
    ),
    "nobody_answers": _told(Ask(), Pass(seconds=25), HangUp(used_seconds=0)),
    # ---- broken in the middle --------------------------------------------------------------------------------------
    "restarted_while_it_rings": _told(
        Ask(callee=GERMAN), RestartEdge(), RINGING, Answer(), Pass(seconds=40), HangUp(used_seconds=40)
    ),
    "restarted_in_the_middle": _running(
        Pass(seconds=50),
        Report(used_seconds=50),
        RestartEdge(),
        Pass(seconds=50),
        Report(used_seconds=100),
        Pass(seconds=30),
        HangUp(used_seconds=130),
    ),
    "disconnected_in_the_middle": _running(
        Pass(seconds=20),
        LoseConnection(),
        Pass(seconds=30),
        Report(used_seconds=50),
        Pass(seconds=20),
        LoseConnection(),
        HangUp(used_seconds=70),
    ),
    # ---- strange ---------------------------------------------------------------------------------------------------
    "an_emergency": _told(
        Ask(callee=EMERGENCY), RINGING, Answer(), Pass(seconds=900), HangUp(used_seconds=900), funds_micros=0
    ),
    "longer_than_its_grant": _running(Pass(seconds=80), HangUp(used_seconds=80)),
    "ahead_of_the_clock": _running(Pass(seconds=10), HangUp(used_seconds=50)),
    "beside_another_on_the_last_money": _told(
        Ask(),
        Ask(call="second"),
        RINGING,
        Answer(),
        Answer(call="second"),
        Pass(seconds=35),
        HangUp(used_seconds=35),
        Pass(seconds=5),
        HangUp(call="second", used_seconds=40),
        funds_micros=1_000_000,
    ),
    "whose_id_another_call_claims": _told(
        Ask(), Ask(callee=GERMAN), RINGING, Answer(), Pass(seconds=30), HangUp(used_seconds=30)
    ),
}
"""Every variant by its name; a teller's CANNOT names some of them."""
