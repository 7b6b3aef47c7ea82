"""What a trusted source may tell a Kamailio of a call is the same over evapi as over HTTP; nobody else is believed."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.stories.sip.charging_stand_in import Books
from tests.stories.sip.evapi_stand_in import EvapiStandIn
from tests.stories.sip.evapi_switch import EvapiSettings, EvapiSwitch
from tests.stories.sip.ports import free_ports
from tests.stories.sip.story import missing_programs
from tests.stories.sip.test_switch_headers import (
    books,
    callee,
    callee_port,
    test_a_call_that_comes_in_belongs_to_whoever_has_the_number_that_is_called,
    test_a_caller_who_is_refused_is_told_the_code,
    test_a_source_that_is_not_trusted_is_not_believed_and_its_headers_go_no_further,
    test_an_emergency_call_by_its_header_leaves_at_once_and_is_told_afterwards,
    test_an_emergency_number_passes_whatever_its_headers_say,
    test_each_header_is_told_by_itself_and_a_call_without_any_is_as_it_was,
    test_headers_that_say_two_things_or_nothing_readable_are_refused,
    test_what_a_trusted_source_tells_is_told_to_charging_and_goes_no_further,
)

__all__ = [
    "books",
    "callee",
    "callee_port",
    "test_a_call_that_comes_in_belongs_to_whoever_has_the_number_that_is_called",
    "test_a_caller_who_is_refused_is_told_the_code",
    "test_a_source_that_is_not_trusted_is_not_believed_and_its_headers_go_no_further",
    "test_an_emergency_call_by_its_header_leaves_at_once_and_is_told_afterwards",
    "test_an_emergency_number_passes_whatever_its_headers_say",
    "test_each_header_is_told_by_itself_and_a_call_without_any_is_as_it_was",
    "test_headers_that_say_two_things_or_nothing_readable_are_refused",
    "test_what_a_trusted_source_tells_is_told_to_charging_and_goes_no_further",
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]


@contextmanager
def _linked(books: Books, callee_port: int, factory: pytest.TempPathFactory, trusted: str) -> Iterator[EvapiSwitch]:
    sip_port, link_port = free_ports(2)
    settings = EvapiSettings(sip_port=sip_port, next_hop_port=callee_port, link_port=link_port, trusted_sources=trusted)
    with (
        EvapiSwitch(settings, factory.mktemp("switch")) as switch,
        EvapiStandIn(books, link_port, settings.link_secret),
    ):
        yield switch


@pytest.fixture(scope="module")
def trusting(books: Books, callee_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvapiSwitch]:
    with _linked(books, callee_port, tmp_path_factory, "192.0.2.0/24,127.0.0.0/8") as running:
        yield running


@pytest.fixture(scope="module")
def suspicious(books: Books, callee_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvapiSwitch]:
    with _linked(books, callee_port, tmp_path_factory, "192.0.2.0/24") as running:
        yield running
