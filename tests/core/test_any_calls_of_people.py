"""Any sequence of calls by people with licences, pools, caps and limits leaves meters and books that agree.

Calls run at once and share pools; licences come and go in mid-call; months and hours end; limits block and are lifted;
records arrive after the fact. After every step every meter is reckoned again from the calls.
"""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from commcredits.core.account import ChargingTerms, SessionState
from commcredits.core.commands import Authorise, CallType, CorrectCall, End, Expire, RecordCall, Service, Start, Update
from commcredits.core.meters import Meter
from commcredits.core.outcomes import Granted, Recorded
from commcredits.core.pools import pool_minutes
from commcredits.core.roster import Licence, Limits, Roster
from commcredits.core.tariffs import index_deck
from tests.core.audit_people import audit_people
from tests.core.books import ORGANIZATION, Books, books, rate
from tests.core.people import (
    BRITISH,
    DOMESTIC,
    PREMIUM,
    SALES,
    SALES_NUMBER,
    SUPPORT,
    SUPPORT_NUMBER,
    ZIMBABWEAN,
    people,
    user,
)

UNIT = 1_000_000
CREDITS = Licence.COMMUNICATIONS_CREDITS
PLANS = (
    Licence.DOMESTIC_120,
    Licence.DOMESTIC_240,
    Licence.DOMESTIC_AND_INTERNATIONAL,
    Licence.DOMESTIC_120_UNPOOLED,
    Licence.PAY_AS_YOU_GO_1,
)
TIMES = [datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 30, 21, 50, tzinfo=UTC)]
NUMBERS = (SALES_NUMBER, SUPPORT_NUMBER, "+40211239999")

amounts = st.one_of(st.none(), st.integers(0, 5 * UNIT))
limits = st.builds(
    Limits,
    calls_max=st.one_of(st.none(), st.integers(0, 5)),
    user_calls_max=st.one_of(st.none(), st.integers(0, 3)),
    user_monthly_max_micros=amounts,
    department_monthly_max_micros=st.one_of(st.just({}), st.integers(0, 5 * UNIT).map(lambda most: {"Sales": most})),
    user_hourly_max_micros=amounts,
    destination_daily_max_micros=amounts,
)
licences = st.tuples(st.sampled_from(PLANS), st.booleans(), st.booleans())


class AnyCallsOfPeople(RuleBasedStateMachine):
    """One organization with two people and a caller that is nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.books: Books = books()
        self.lifted = False
        self.shrunk = False

    @initialize(
        now=st.sampled_from(TIMES),
        funds=st.integers(1, 20),
        rules=limits,
        first=licences,
        second=licences,
        left=st.integers(0, 12),
        increments=st.sampled_from([(1, 1), (60, 60), (30, 6)]),
    )
    def open_account(
        self,
        now: datetime,
        funds: int,
        rules: Limits,
        first: tuple[Licence, bool, bool],
        second: tuple[Licence, bool, bool],
        left: int,
        increments: tuple[int, int],
    ) -> None:
        self.books = books(
            rate(prefix="40", per_minute="0.06", fee="0.02", increments=increments),
            rate(prefix="44", per_minute="0.60", increments=increments),
            rate(prefix="44", per_minute="0.30", service=Service.CONFERENCE_DIAL_OUT),
            balance=str(funds),
            time_zone="Europe/Bucharest",
            charging=ChargingTerms(slice_seconds=120),
        )
        self.books.now = now
        # Other decks price the call to Britain at half, and at three times, and none of them prices the others.
        self.books.decks = {
            **self.books.decks,
            **{
                deck: index_deck(deck, "EUR", [rate(prefix="44", per_minute=price, increments=increments)])
                for deck, price in (("cheap", "0.30"), ("dear", "1.80"))
            },
        }
        people(
            self.books,
            user(SALES, *_held(first), department="Sales"),
            user(SUPPORT, *_held(second)),
            rules=Roster(version=1),
            limits=rules,
        )
        # Little is left of every pool, so that calls outlive them.
        roster = self.books.account.roster
        assert roster is not None
        for plan in ("MCOPSTN5:RO", "MCOPSTN6:RO", "MCOPSTN2:RO", "MCOPSTN2:RO:international", "MCOMEETADV"):
            key = f"pool:{plan}"
            used = max(0, pool_minutes(roster, key, "RO") - left)
            self.books.meters[key, "2026-11"] = Meter(key=key, period="2026-11", used=used)

    def _live(self) -> list[str]:
        return sorted(key for key, session in self.books.sessions.items() if session.is_live)

    def _expired(self) -> list[str]:
        states = {key: session.state for key, session in self.books.sessions.items()}
        return sorted(key for key, state in states.items() if state is SessionState.EXPIRED)

    @rule(
        caller=st.sampled_from(NUMBERS),
        callee=st.sampled_from([DOMESTIC, DOMESTIC, BRITISH, ZIMBABWEAN, PREMIUM]),
        conference=st.integers(0, 4).map(lambda number: number == 0),
        slice_seconds=st.one_of(st.none(), st.integers(1, 700)),
    )
    def call(self, caller: str, callee: str, conference: bool, slice_seconds: int | None) -> None:  # noqa: FBT001 - drawn by keyword
        asked = slice_seconds or 120
        outcome = self.books.do(
            Authorise(
                organization_id=ORGANIZATION,
                session_id=f"call-{len(self.books.sessions)}",
                service=Service.CONFERENCE_DIAL_OUT if conference else Service.OUTBOUND,
                caller=caller,
                callee=callee,
                slice_seconds=slice_seconds,
            )
        )
        if isinstance(outcome, Granted):
            assert outcome.granted_seconds > 0
            assert outcome.final or outcome.granted_seconds >= asked
            assert outcome.included_seconds <= outcome.granted_seconds

    @precondition(lambda self: self._live())
    @rule(data=st.data(), seconds=st.integers(0, 400), slice_seconds=st.one_of(st.none(), st.integers(1, 700)))
    def talk(self, data: st.DataObject, seconds: int, slice_seconds: int | None) -> None:
        session_id = data.draw(st.sampled_from(self._live()))
        before = self.books.sessions[session_id]
        self.books.wait(seconds=seconds)
        outcome = self.books.do(
            Update(
                organization_id=ORGANIZATION,
                session_id=session_id,
                request_number=before.grant_number + 1,
                used_seconds=before.used_seconds + seconds,
                slice_seconds=slice_seconds,
            )
        )
        assert isinstance(outcome, Granted)
        assert outcome.granted_seconds >= before.granted_seconds, "what was granted is never taken back"
        if before.granted_seconds > before.included_seconds:
            assert outcome.included_seconds == before.included_seconds, "a call crosses to credits once"

    @precondition(lambda self: self._live())
    @rule(data=st.data(), seconds=st.integers(0, 800))
    def end(self, data: st.DataObject, seconds: int) -> None:
        session_id = data.draw(st.sampled_from(self._live()))
        used = self.books.sessions[session_id].used_seconds + seconds
        self.books.do(End(organization_id=ORGANIZATION, session_id=session_id, used_seconds=used))

    @precondition(lambda self: self._live())
    @rule(data=st.data(), answered=st.booleans(), true_end=st.one_of(st.none(), st.integers(0, 400)))
    def fall_silent(self, data: st.DataObject, answered: bool, true_end: int | None) -> None:  # noqa: FBT001 - drawn by keyword
        session_id = data.draw(st.sampled_from(self._live()))
        if answered:
            self.books.do(Start(organization_id=ORGANIZATION, session_id=session_id))
        session = self.books.sessions[session_id]
        self.books.now = max(self.books.now, session.grant_ends_at)
        self.books.do(Expire(organization_id=ORGANIZATION, session_id=session_id, grant_number=session.grant_number))
        if true_end is not None:
            self.books.do(End(organization_id=ORGANIZATION, session_id=session_id, used_seconds=true_end))

    @rule(
        caller=st.sampled_from(NUMBERS),
        callee=st.sampled_from([DOMESTIC, BRITISH, ZIMBABWEAN]),
        seconds=st.integers(0, 2_000),
        ago=st.integers(0, 86_400),
    )
    def tell_afterwards(self, caller: str, callee: str, seconds: int, ago: int) -> None:
        """A recorded call is booked whatever is left; what funds do not cover is owed."""
        number = len(self.books.sessions)
        owed = self.books.account.owed_micros
        outcome = self.books.do(
            RecordCall(
                organization_id=ORGANIZATION,
                record_id=f"record-{number}",
                service=Service.OUTBOUND,
                caller=caller,
                callee=callee,
                started_at=self.books.now - timedelta(seconds=ago + seconds),
                duration_seconds=seconds,
                call_type=CallType.USER_OUT,
            )
        )
        assert isinstance(outcome, Recorded)
        assert self.books.account.owed_micros == owed + outcome.owed_micros

    @precondition(lambda self: self.books.sessions)
    @rule(data=st.data(), deck=st.sampled_from(["cheap", "dear"]))
    def price_anew(self, data: st.DataObject, deck: str) -> None:
        """A call that is over is charged the difference, or given it back; as often as there are reasons."""
        session_id = data.draw(st.sampled_from(sorted(self.books.sessions)))
        command_id = f"correction-{next(self.books.ids)}"
        outcome = self.books.do(
            CorrectCall(organization_id=ORGANIZATION, session_id=session_id, command_id=command_id, rate_deck_id=deck)
        )
        if isinstance(outcome, Recorded):
            assert outcome.charged_micros == self.books.sessions[session_id].charged_micros

    @precondition(lambda self: self._expired())
    @rule(data=st.data(), seconds=st.integers(0, 800))
    def end_late(self, data: st.DataObject, seconds: int) -> None:
        session_id = data.draw(st.sampled_from(self._expired()))
        before = self.books.sessions[session_id]
        self.books.do(End(organization_id=ORGANIZATION, session_id=session_id, used_seconds=seconds))
        assert self.books.sessions[session_id].charged_micros <= before.charged_micros

    @rule(amount=st.integers(1, 5))
    def receive_funds(self, amount: int) -> None:
        self.books.grant_promotion(str(amount), self.books.now + timedelta(days=300))

    @rule(who=st.sampled_from([SALES, SUPPORT]), drawn=licences)
    def change_licences(self, who: str, drawn: tuple[Licence, bool, bool]) -> None:
        party = self.books.parties[who]
        assert party is not None
        others = [self.books.parties[other] for other in (SALES, SUPPORT) if other != who]
        changed = replace(party, licences=frozenset(_held(drawn)))
        roster = self.books.account.roster
        assert roster is not None
        people(self.books, *sorted([changed, *filter(None, others)], key=lambda each: each.party_id), rules=roster)
        self.shrunk = True

    @rule(hours=st.integers(0, 30))
    def wait(self, hours: int) -> None:
        self.books.wait(hours=hours)

    @precondition(lambda self: self.books.account.blocks)
    @rule(data=st.data())
    def lift(self, data: st.DataObject) -> None:
        block = data.draw(st.sampled_from(self.books.account.blocks))
        self.books.lift(block.block_id)
        self.lifted = True

    @invariant()
    def the_meters_agree(self) -> None:
        audit_people(self.books, lifted=self.lifted, shrunk=self.shrunk)


def _held(drawn: tuple[Licence, bool, bool]) -> list[Licence]:
    plan, credits_too, conferencing = drawn
    licences = [plan]
    if credits_too:
        licences.append(CREDITS)
    if conferencing:
        licences.append(Licence.AUDIO_CONFERENCING)
    return licences


TestAnyCallsOfPeople = AnyCallsOfPeople.TestCase
