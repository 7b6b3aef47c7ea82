"""What a process keeps of an organization that another process has charged, and what it lets go."""

from msgspec.structs import replace

from commcredits.core.meters import Meter
from commcredits.storage.cache import AccountCache, Entry
from commcredits.storage.loading import LoadedAccount
from tests.core.books import ORGANIZATION, Books, books
from tests.core.people import SALES, SALES_NUMBER, people, user

STRANGER = "+40722999999"


def load(cache: AccountCache, office: Books, version: int) -> Entry:
    return cache.put(ORGANIZATION, LoadedAccount(account=office.account, version=version))


def meet(entry: Entry, office: Books) -> None:
    """Somebody calls, and somebody who is nobody's is looked for."""
    entry.vicinity.lines |= {SALES_NUMBER: office.lines[SALES_NUMBER], STRANGER: None}
    entry.vicinity.parties |= {SALES: office.parties[SALES], "nobody@example.com": None}
    entry.vicinity.meters["calls", ""] = Meter(key="calls", period="", held=1)


def test_people_are_handed_over_and_whatever_moves_is_not() -> None:
    cache, office = AccountCache(), people(books(), user(SALES))
    before = load(cache, office, 1)
    meet(before, office)
    people_known = before.vicinity.parties
    cache.forget(ORGANIZATION)
    assert cache.get(ORGANIZATION) is None
    after = load(cache, office, 2)
    assert cache.get(ORGANIZATION) is after
    assert after.vicinity.parties is people_known, "fifty thousand people are not copied for every conflict"
    assert (set(after.vicinity.lines), set(after.vicinity.parties)) == ({SALES_NUMBER}, {SALES})
    assert after.vicinity.meters == {}
    assert (before.vicinity.lines, before.vicinity.parties) == ({}, {}), "whoever still knows it keeps nothing of it"


def test_people_of_another_roster_are_forgotten() -> None:
    cache, office = AccountCache(), people(books(), user(SALES))
    meet(load(cache, office, 1), office)
    cache.forget(ORGANIZATION)
    roster = office.account.roster
    assert roster is not None
    office.account = replace(office.account, roster=replace(roster, version=roster.version + 1))
    assert load(cache, office, 2).vicinity.parties == {}


def test_calls_that_ended_are_forgotten_in_turn_and_those_of_a_stale_account_at_once() -> None:
    cache, office = AccountCache(ended_sessions_max=2), people(books(), user(SALES))
    stale = load(cache, office, 1)
    stale.sessions["call-1"] = None
    cache.note_ended(stale, "call-1")
    cache.forget(ORGANIZATION)
    assert stale.sessions == {}
    entry = load(cache, office, 2)
    for number in range(2, 5):
        entry.sessions[f"call-{number}"] = None
        cache.note_ended(entry, f"call-{number}")
    assert set(entry.sessions) == {"call-3", "call-4"}
