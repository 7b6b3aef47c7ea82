"""An explanation takes the rate and the price that charging takes, and says why."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commcredits.core.access import Role
from commcredits.core.commands import Service
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.rating import CALL_SECONDS_MAX, SIXTIETHS, price_micros
from commcredits.core.tariffs import RateDeck, find_rate
from commcredits.operations import rate_explaining
from commcredits.operations.rate_explaining import RateExplanation, Verdict, explain_rate
from commcredits.operations.tariffs import RateDeckInfo, assign_rate_deck, draft_rate_deck, publish_rate_deck
from commcredits.storage.decks import load_deck
from tests.operations.acting import actor_of
from tests.operations.office import CALLEE, HEADER, NOON, SHARD, Office, new_id

CONTENT = f"""{HEADER},origin_country,band_prices,steps,charge_max
4,Europe,outbound,0.50,0,60,60,2020-01-01,,,,,
44,United Kingdom,outbound,0.02,0.01,60,60,2020-01-01,2026-01-01,,,,
44,United Kingdom,outbound,0.03,0.01,60,60,2026-01-01,,,night:0.01,,2.50
44,United Kingdom,outbound,0.01,0,60,60,2020-01-01,,DE,,,
442,London,outbound,0.01,0,60,60,2030-01-01,,,,,
442,London,outbound,0.04,0,60,60,2020-01-01,,FR,,,
40,Romania,outbound,0.006,0.01,30,6,2020-01-01,,,,600:0.003;1200:0.001,
1,United States,outbound,0.000020,0,1,1,2020-01-01,,,,,
""".encode()
TERMS = (
    '{"time_zone": "Europe/Bucharest", "rounding": {"digits": 4, "mode": "half_up"},'
    ' "bands": {"night": {"weekdays": "mon-sun", "to": "06:00"}}}'
)


async def deck(office: Office) -> RateDeckInfo:
    drafted = await draft_rate_deck(
        office.services, command_id=new_id(), name="Deck", currency="EUR", lines=[CONTENT], terms=TERMS
    )
    assert isinstance(drafted, RateDeckInfo), drafted
    return drafted


async def explained(office: Office, **fields: Any) -> RateExplanation:
    given: dict[str, Any] = {"number": CALLEE, "service": "outbound", "at": NOON, "seconds": 61, **fields}
    explanation = await explain_rate(office.services, **given)
    assert isinstance(explanation, RateExplanation), explanation
    return explanation


def verdicts(explanation: RateExplanation) -> list[tuple[str, str, str]]:
    return [(each.rate.prefix, each.rate.origin_country, each.verdict.value) for each in explanation.candidates]


async def test_every_rate_that_the_number_could_have_is_shown_with_what_became_of_it(office: Office) -> None:
    explanation = await explained(office, rate_deck_id=(await deck(office)).rate_deck_id)
    assert verdicts(explanation) == [
        ("442", "FR", "other_origin"),
        ("442", "", "not_yet_in_force"),
        ("44", "DE", "other_origin"),
        ("44", "", "chosen"),
        ("44", "", "no_longer_in_force"),
        ("4", "", "shorter_prefix"),
    ]
    assert explanation.rate is not None
    assert (explanation.rate.destination, explanation.rate.price_per_minute_micros) == ("United Kingdom", 30_000)


async def test_where_a_call_comes_from_changes_what_it_costs(office: Office) -> None:
    rate_deck_id = (await deck(office)).rate_deck_id
    german = await explained(office, rate_deck_id=rate_deck_id, origin_country="DE")
    assert ("44", "DE", "chosen") in verdicts(german)
    assert ("44", "", "from_anywhere") in verdicts(german)
    french = await explained(office, rate_deck_id=rate_deck_id, origin_country="FR")
    assert verdicts(french)[0] == ("442", "FR", "chosen")


async def test_each_step_of_the_sum_is_told(office: Office) -> None:
    # 05:59:30 in Bucharest: one minute of the night, then the day.
    began = datetime(2026, 11, 23, 3, 59, 30, tzinfo=UTC)
    explanation = await explained(office, rate_deck_id=(await deck(office)).rate_deck_id, at=began, seconds=150)
    assert explanation.sum is not None
    assert [
        (part.begins_second, part.increments, part.seconds, part.price_per_minute_micros, part.band)
        for part in explanation.sum.parts
    ] == [(0, 1, 60, 10_000, "night"), (60, 2, 120, 30_000, "")]
    assert explanation.sum.connection_fee_micros == 10_000
    assert explanation.sum.price_micros == 80_000
    assert (explanation.time_zone, explanation.rounding.digits) == ("Europe/Bucharest", 4)


async def test_steps_rounding_and_the_maximum_are_told(office: Office) -> None:
    rate_deck_id = (await deck(office)).rate_deck_id
    stepped = (await explained(office, rate_deck_id=rate_deck_id, number="+40212345678", seconds=1_201)).sum
    assert stepped is not None
    assert [(part.begins_second, part.price_per_minute_micros) for part in stepped.parts] == [
        (0, 6_000),
        (600, 3_000),
        (1_200, 1_000),
    ]
    tiny = (await explained(office, rate_deck_id=rate_deck_id, number="+12125550100", seconds=1)).sum
    assert tiny is not None
    assert (tiny.price_micros, tiny.rounding_sixtieths) == (0, -20)
    long = (await explained(office, rate_deck_id=rate_deck_id, seconds=24 * 3_600)).sum
    assert long is not None
    assert long.price_micros == 2_500_000
    assert long.above_maximum_micros > 0


async def test_a_number_that_no_rate_prices_is_told_so(office: Office) -> None:
    explanation = await explained(office, rate_deck_id=(await deck(office)).rate_deck_id, number="+81312345678")
    assert (explanation.candidates, explanation.rate, explanation.sum) == ((), None, None)
    before = datetime(2019, 1, 1, tzinfo=UTC)
    explanation = await explained(office, rate_deck_id=explanation.deck.rate_deck_id, at=before)
    assert {verdict for *_, verdict in verdicts(explanation)} == {Verdict.NOT_YET_IN_FORCE}
    assert explanation.rate is None


async def test_an_organization_is_explained_by_the_deck_that_it_has_at_that_instant(office: Office) -> None:
    organization_id = await office.calling_organization()
    now = await explained(office, organization_id=organization_id)
    assert now.sum is not None
    assert now.sum.price_micros == (await office.call(organization_id, "call", 61)).charged_micros == 610_000

    tomorrow = NOON + timedelta(days=1)
    dear = await publish_rate_deck(
        office.services, command_id=new_id(), name="Dear", currency="EUR", lines=[CONTENT], terms=TERMS
    )
    assert isinstance(dear, RateDeckInfo)
    await assign_rate_deck(
        office.services,
        organization_id=organization_id,
        command_id=new_id(),
        rate_deck_id=dear.rate_deck_id,
        in_force_at=tomorrow,
    )
    then = await explained(office, organization_id=organization_id, at=tomorrow)
    assert then.deck == dear
    assert (await explained(office, organization_id=organization_id)).deck == now.deck


async def test_an_organization_without_a_deck_has_no_rate(office: Office) -> None:
    organization = await office.organization()
    refused = await explain_rate(
        office.services,
        number=CALLEE,
        service="outbound",
        at=NOON,
        seconds=60,
        organization_id=organization.organization_id,
    )
    assert refused == Refused(code=RefusalCode.NO_RATE, facts={"organization_id": organization.organization_id})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", ""),
        ("number", "112"),
        ("number", "442079460000"),
        ("service", "emergency"),
        ("service", ""),
        ("seconds", -1),
        ("seconds", CALL_SECONDS_MAX + 1),
        ("at", datetime(1969, 12, 31, tzinfo=UTC)),
        ("at", datetime(9999, 12, 31, tzinfo=UTC)),
        ("origin_country", "XX"),
        ("origin_country", "de"),
        ("rate_deck_id", ""),
        ("rate_deck_id", "x"),
    ],
)
async def test_what_is_no_call_is_refused(office: Office, field: str, value: object) -> None:
    given: dict[str, Any] = {
        "number": CALLEE,
        "service": "outbound",
        "at": NOON,
        "seconds": 60,
        "rate_deck_id": (await deck(office)).rate_deck_id,
        field: value,
    }
    refused = await explain_rate(office.services, **given)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field)


async def test_a_deck_and_an_organization_are_too_much(office: Office) -> None:
    refused = await explain_rate(
        office.services,
        number=CALLEE,
        service="outbound",
        at=NOON,
        seconds=60,
        rate_deck_id=(await deck(office)).rate_deck_id,
        organization_id=await office.calling_organization(),
    )
    assert isinstance(refused, Refused)
    assert (refused.facts["field"], refused.facts["value"]) == ("rate_deck_id", "both")


async def test_what_is_not_there_cannot_be_explained(office: Office) -> None:
    for place, code in (
        ("rate_deck_id", RefusalCode.UNKNOWN_RATE_DECK),
        ("organization_id", RefusalCode.UNKNOWN_ORGANIZATION),
    ):
        given: dict[str, Any] = {place: new_id()}
        refused = await explain_rate(office.services, number=CALLEE, service="outbound", at=NOON, seconds=60, **given)
        assert isinstance(refused, Refused)
        assert refused.code is code


async def test_the_rate_that_is_taken_is_shown_however_many_are_not(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_explaining, "CANDIDATES_MAX", 1)
    explanation = await explained(office, rate_deck_id=(await deck(office)).rate_deck_id)
    assert verdicts(explanation) == [("44", "", "chosen")]


async def test_an_organization_asks_by_its_own_deck_and_by_no_deck_of_the_operators(office: Office) -> None:
    organization_id = await office.calling_organization()
    support = actor_of(Role.SUPPORT, organization_id=organization_id)
    services = office.services.acting_as(support)
    asked: dict[str, Any] = {"number": CALLEE, "service": "outbound", "at": NOON, "seconds": 61}
    refused = await explain_rate(services, rate_deck_id=(await deck(office)).rate_deck_id, **asked)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.NOT_PERMITTED
    assert isinstance(await explain_rate(services, organization_id=organization_id, **asked), RateExplanation)


@pytest.fixture
async def whole(office: Office) -> RateDeck:
    drafted = await deck(office)
    async with office.services.pool.acquire() as connection:
        return await load_deck(connection, SHARD, drafted.rate_deck_id, drafts=True)


@given(
    st.sampled_from(["+442079460000", "+447911123456", "+40212345678", "+12125550100", "+4612345678"]),
    st.integers(0, 8 * 365 * 24 * 60),
    st.one_of(st.integers(0, 4_000), st.integers(0, CALL_SECONDS_MAX)),
    st.sampled_from(["", "DE", "FR", "RO"]),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_an_explanation_is_what_charging_does_and_its_parts_add_up(
    office: Office, whole: RateDeck, number: str, minutes: int, seconds: int, origin: str
) -> None:
    at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    explanation = await explained(
        office, rate_deck_id=whole.rate_deck_id, number=number, at=at, seconds=seconds, origin_country=origin
    )
    rate = find_rate(whole, Service.OUTBOUND, number, at, origin)
    chosen = [each.rate for each in explanation.candidates if each.verdict is Verdict.CHOSEN]
    assert rate is not None
    assert explanation.sum is not None
    assert chosen == [explanation.rate]
    assert (chosen[0].prefix, chosen[0].origin_country, chosen[0].effective_from) == (
        rate.prefix,
        rate.origin_country,
        rate.effective_from,
    )
    total = explanation.sum
    assert total.price_micros == price_micros(rate, seconds, at)
    parts = sum(part.cost_sixtieths for part in total.parts) + total.connection_fee_micros * SIXTIETHS
    assert parts + total.rounding_sixtieths - total.above_maximum_micros * SIXTIETHS == total.price_micros * SIXTIETHS
