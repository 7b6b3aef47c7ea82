"""Minute pools: whose minutes go together, and how many there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.plans import PLANS_BEST_FIRST, Source
from commcredits.core.pools import PoolName, pool_key, pool_keys_that_stop, pool_minutes, read_pool_key, shared_pools
from commcredits.core.roster import Licence, PoolSize, Roster

PARTY = "0199b0c4-0000-7000-8000-000000000001"


def key_of(licence: Licence, country: str, source: Source = Source.DOMESTIC_POOL) -> str:
    return pool_key(source, licence, country, PARTY)


def assigned(**counts: int) -> Roster:
    return Roster(version=1, assigned={name.replace("__", "/"): count for name, count in counts.items()})


@pytest.mark.parametrize(
    ("source", "licence", "country", "key"),
    [
        (Source.DOMESTIC_POOL, Licence.DOMESTIC, "RO", "pool:MCOPSTN1:RO"),
        (Source.DOMESTIC_POOL, Licence.DOMESTIC_AND_INTERNATIONAL, "RO", "pool:MCOPSTN2:RO"),
        (Source.INTERNATIONAL_POOL, Licence.DOMESTIC_AND_INTERNATIONAL, "RO", "pool:MCOPSTN2:RO:international"),
        (Source.DOMESTIC_POOL, Licence.DOMESTIC_120, "US", "pool:MCOPSTN5:US"),
        (Source.DOMESTIC_POOL, Licence.DOMESTIC_120, "PR", "pool:MCOPSTN5:US"),
        (Source.DOMESTIC_POOL, Licence.DOMESTIC_120, "CA", "pool:MCOPSTN5:CA"),
        (Source.DOMESTIC_POOL, Licence.DOMESTIC_120_UNPOOLED, "RO", f"pool:MCOPSTN8:{PARTY}"),
        (Source.CONFERENCE_POOL, None, "RO", "pool:MCOMEETADV"),
        (Source.CONFERENCE_POOL, Licence.DOMESTIC, "DE", "pool:MCOMEETADV"),
        (Source.ADD_ON, Licence.DOMESTIC, "RO", ""),
        (Source.INCLUDED, Licence.DOMESTIC, "RO", ""),
        (None, Licence.DOMESTIC, "RO", ""),
        (Source.DOMESTIC_POOL, None, "RO", ""),
    ],
)
def test_a_pool_is_named_by_plan_and_country(
    source: Source | None, licence: Licence | None, country: str, key: str
) -> None:
    assert pool_key(source, licence, country, PARTY) == key


def test_115_conference_licences_make_6900_minutes_for_the_whole_organization() -> None:
    roster = assigned(MCOMEETADV__RO=100, MCOMEETADV__DE=10, MCOMEETADV__=5, MCOPSTN5__RO=100)
    assert pool_minutes(roster, "pool:MCOMEETADV", "RO") == 6_900


def test_100_users_of_domestic_120_make_12000_minutes() -> None:
    assert pool_minutes(assigned(MCOPSTN5__RO=100, MCOPSTN5__DE=7), key_of(Licence.DOMESTIC_120, "RO"), "RO") == 12_000


@pytest.mark.parametrize(
    ("licence", "country", "minutes"),
    [
        (Licence.DOMESTIC_120, "RO", 120),
        (Licence.DOMESTIC_120, "US", 120),
        (Licence.DOMESTIC_240, "RO", 240),
        (Licence.DOMESTIC, "RO", 1_200),
        (Licence.DOMESTIC, "US", 3_000),
        (Licence.DOMESTIC, "PR", 3_000),
        (Licence.DOMESTIC, "CA", 3_000),
        (Licence.DOMESTIC_AND_INTERNATIONAL, "GB", 1_200),
        (Licence.DOMESTIC_AND_INTERNATIONAL, "CA", 3_000),
    ],
)
def test_one_licence_adds_what_its_plan_includes_in_its_country(licence: Licence, country: str, minutes: int) -> None:
    roster = Roster(version=1, assigned={f"{licence.value}/{country}": 1})
    assert pool_minutes(roster, key_of(licence, country), "RO") == minutes


@pytest.mark.parametrize("country", ["RO", "US", "CA"])
def test_international_minutes_are_600_a_licence_everywhere(country: str) -> None:
    roster = Roster(version=1, assigned={f"MCOPSTN2/{country}": 4})
    assert (
        pool_minutes(roster, key_of(Licence.DOMESTIC_AND_INTERNATIONAL, country, Source.INTERNATIONAL_POOL), "RO")
        == 2_400
    )


def test_the_us_and_puerto_rico_share_one_pool_and_canada_has_its_own() -> None:
    roster = assigned(MCOPSTN1__US=2, MCOPSTN1__PR=1, MCOPSTN1__CA=1)
    assert pool_minutes(roster, key_of(Licence.DOMESTIC, "PR"), "US") == 9_000
    assert pool_minutes(roster, key_of(Licence.DOMESTIC, "US"), "US") == 9_000
    assert pool_minutes(roster, key_of(Licence.DOMESTIC, "CA"), "US") == 3_000


def test_unpooled_minutes_are_each_users_own_however_many_have_the_plan() -> None:
    key = key_of(Licence.DOMESTIC_120_UNPOOLED, "RO")
    assert pool_minutes(assigned(MCOPSTN8__RO=50), key, "RO") == 120
    assert key != pool_key(Source.DOMESTIC_POOL, Licence.DOMESTIC_120_UNPOOLED, "RO", "somebody else")


@pytest.mark.parametrize(
    "key", ["", "pool:MCOPSTN_PAYG_1:RO", "pool:MCOMEETACPEA:RO", "cap:user:x", "pool:MCOPSTN1:RO"]
)
def test_what_includes_no_minutes_has_no_pool(key: str) -> None:
    assert pool_minutes(assigned(MCOPSTN_PAYG_1__RO=9, MCOMEETACPEA__RO=9, MCOPSTN1__DE=9), key, "RO") == 0


def test_a_pool_can_be_counted_by_purchased_licences() -> None:
    roster = Roster(
        version=1,
        assigned={"MCOPSTN1/RO": 1, "MCOPSTN5/RO": 1, "MCOMEETADV/RO": 1},
        purchased={"MCOPSTN1/RO": 3, "MCOPSTN1/": 2, "MCOPSTN1/DE": 4, "MCOPSTN5/RO": 9, "MCOMEETADV/": 115},
        pool_size_by={"MCOPSTN1": PoolSize.PURCHASED, "MCOMEETADV": PoolSize.PURCHASED},
    )
    assert pool_minutes(roster, "pool:MCOPSTN1:RO", "RO") == (3 + 2) * 1_200
    assert pool_minutes(roster, "pool:MCOPSTN1:DE", "RO") == 4 * 1_200
    assert pool_minutes(roster, "pool:MCOPSTN5:RO", "RO") == 120
    assert pool_minutes(roster, "pool:MCOMEETADV", "RO") == 6_900


def test_licences_bought_for_no_country_count_in_the_shared_pool_of_an_organization_in_puerto_rico() -> None:
    roster = Roster(version=1, purchased={"MCOPSTN1/": 2}, pool_size_by={"MCOPSTN1": PoolSize.PURCHASED})
    assert pool_minutes(roster, "pool:MCOPSTN1:US", "PR") == 6_000


def test_licences_of_users_without_a_location_count_in_no_calling_plans_pool() -> None:
    assert pool_minutes(assigned(MCOPSTN1__=5, MCOPSTN1__RO=1), "pool:MCOPSTN1:RO", "RO") == 1_200


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.sampled_from(PLANS_BEST_FIRST))
def test_a_moved_licence_takes_its_minutes_from_one_pool_and_brings_them_to_another(
    here: int, there: int, licence: Licence
) -> None:
    before = Roster(version=1, assigned={f"{licence.value}/RO": here + 1, f"{licence.value}/DE": there})
    after = Roster(version=2, assigned={f"{licence.value}/RO": here, f"{licence.value}/DE": there + 1})
    keys = [f"pool:{licence.value}:{country}" for country in ("RO", "DE")]
    assert sum(pool_minutes(before, key, "RO") for key in keys) == sum(pool_minutes(after, key, "RO") for key in keys)


def test_the_two_sub_pools_stand_alone_unless_the_organization_reads_them_strictly() -> None:
    domestic, international = "pool:MCOPSTN2:RO", "pool:MCOPSTN2:RO:international"
    apart, together = Roster(version=1), Roster(version=1, international_stops_both=True)
    assert pool_keys_that_stop(apart, domestic) == (domestic,)
    assert pool_keys_that_stop(apart, international) == (international,)
    assert pool_keys_that_stop(together, domestic) == (domestic, international)
    assert pool_keys_that_stop(together, international) == (international, domestic)
    assert pool_keys_that_stop(together, "pool:MCOPSTN1:RO") == ("pool:MCOPSTN1:RO",)
    assert pool_keys_that_stop(together, "pool:MCOMEETADV") == ("pool:MCOMEETADV",)


def test_the_pools_of_an_organization_are_those_that_its_licences_make() -> None:
    roster = assigned(
        MCOPSTN5__RO=100, MCOPSTN5__PR=1, MCOPSTN5__US=2, MCOPSTN5__=3, MCOPSTN5__DE=0, MCOPSTN2__FR=1, MCOPSTN8__RO=4,
        MCOMEETADV__=1, MCOPSTNC__RO=100, MCOPSTN_PAYG_1__RO=5,
    )  # fmt: skip
    assert shared_pools(roster, "RO") == (
        "pool:MCOPSTN5:RO",
        "pool:MCOPSTN5:US",
        "pool:MCOPSTN2:FR",
        "pool:MCOPSTN2:FR:international",
        "pool:MCOMEETADV",
    )
    assert shared_pools(Roster(version=1), "RO") == ()


def test_pools_counted_by_purchased_licences_are_there_before_anybody_has_one() -> None:
    roster = Roster(version=1, purchased={"MCOPSTN1/": 5}, pool_size_by={"MCOPSTN1": PoolSize.PURCHASED})
    assert shared_pools(roster, "RO") == ("pool:MCOPSTN1:RO",)
    assert pool_minutes(roster, "pool:MCOPSTN1:RO", "RO") == 6_000


@given(
    st.dictionaries(
        st.builds(
            lambda plan, country: f"{plan}/{country}", st.sampled_from(Licence), st.sampled_from(["RO", "US", ""])
        ),
        st.integers(0, 3),
    ),
    st.sets(st.sampled_from([licence.value for licence in Licence])),
)
def test_every_pool_that_is_listed_has_minutes_and_reads_back(counts: dict[str, int], by_purchase: set[str]) -> None:
    roster = Roster(
        version=1,
        assigned=counts,
        purchased=counts,
        pool_size_by=dict.fromkeys(by_purchase, PoolSize.PURCHASED),
    )
    for key in shared_pools(roster, "RO"):
        assert pool_minutes(roster, key, "RO") > 0
        name = read_pool_key(key)
        source = Source.INTERNATIONAL_POOL if name.international else Source.DOMESTIC_POOL
        if name.licence is Licence.AUDIO_CONFERENCING:
            source = Source.CONFERENCE_POOL
        assert pool_key(source, name.licence, name.country, name.party_id) == key


def test_the_minutes_of_one_user_are_told_by_whose_they_are() -> None:
    key = pool_key(Source.DOMESTIC_POOL, Licence.DOMESTIC_120_UNPOOLED, "RO", PARTY)
    assert read_pool_key(key) == PoolName(licence=Licence.DOMESTIC_120_UNPOOLED, party_id=PARTY)
