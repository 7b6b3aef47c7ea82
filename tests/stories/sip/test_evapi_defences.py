"""A Kamailio that is linked over evapi withstands what telephones try of the one that asks over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.stories.sip.charging_stand_in import Books
from tests.stories.sip.evapi_stand_in import EvapiStandIn
from tests.stories.sip.evapi_switch import EvapiSettings, EvapiSwitch
from tests.stories.sip.handset import Handset
from tests.stories.sip.ports import free_ports
from tests.stories.sip.story import missing_programs
from tests.stories.sip.test_switch_defences import (
    CALL_IDS,
    CALLEE,
    CALLER,
    TRUNK_ORGANIZATION,
    books,
    callee,
    caller,
    test_a_call_that_is_cancelled_before_charging_answers_never_rings,
    test_a_change_of_media_does_not_start_the_grant_afresh,
    test_a_late_acknowledgement_does_not_lengthen_the_grant,
    test_a_made_up_dialog_does_not_pass,
    test_a_route_of_the_callers_own_is_not_followed,
    test_a_second_call_under_a_calls_name_is_a_call_of_its_own,
    test_the_asserted_identity_is_charged_and_not_the_displayed_number,
    test_what_is_dialled_is_what_was_priced,
    test_what_is_no_number_is_not_asked_for,
)

__all__ = [
    "books",
    "callee",
    "caller",
    "test_a_call_that_is_cancelled_before_charging_answers_never_rings",
    "test_a_change_of_media_does_not_start_the_grant_afresh",
    "test_a_late_acknowledgement_does_not_lengthen_the_grant",
    "test_a_made_up_dialog_does_not_pass",
    "test_a_route_of_the_callers_own_is_not_followed",
    "test_a_second_call_under_a_calls_name_is_a_call_of_its_own",
    "test_the_asserted_identity_is_charged_and_not_the_displayed_number",
    "test_what_is_dialled_is_what_was_priced",
    "test_what_is_no_number_is_not_asked_for",
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]


@pytest.fixture(scope="module")
def settings() -> EvapiSettings:
    sip_port, callee_port, link_port = free_ports(3)
    return EvapiSettings(sip_port=sip_port, next_hop_port=callee_port, link_port=link_port, slice_seconds=30)


@pytest.fixture(scope="module")
def switch(settings: EvapiSettings, books: Books, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvapiSwitch]:
    with (
        EvapiSwitch(settings, tmp_path_factory.mktemp("switch")) as running,
        EvapiStandIn(books, settings.link_port, settings.link_secret),
    ):
        yield running


def test_a_stranger_is_refused_and_charging_is_not_asked(settings: EvapiSettings, books: Books, tmp_path: Path) -> None:
    sip_port, link_port = free_ports(2)
    elsewhere = replace(settings, sip_port=sip_port, link_port=link_port, allowed_sources="192.0.2.0/24")
    asked = len(books.heard)
    with (
        EvapiSwitch(elsewhere, tmp_path),
        EvapiStandIn(books, link_port, elsewhere.link_secret),
        Handset(sip_port) as stranger,
    ):
        stranger.request("INVITE", CALLER, "112", next(CALL_IDS))
        answer = stranger.final_answer("1 INVITE")
        assert answer is not None
        assert answer.status_code == 403
    assert "authorise" not in [command for command, _ in books.heard[asked:]]


def test_a_trunk_belongs_to_its_organization_whatever_number_it_shows(
    settings: EvapiSettings, books: Books, tmp_path: Path
) -> None:
    sip_port, link_port = free_ports(2)
    organizations = f"192.0.2.9=other;127.0.0.1={TRUNK_ORGANIZATION}"
    trunk = replace(settings, sip_port=sip_port, link_port=link_port, trunk_organizations=organizations)
    with (
        EvapiSwitch(trunk, tmp_path),
        EvapiStandIn(books, link_port, trunk.link_secret),
        Handset(sip_port) as phone,
    ):
        phone.request("INVITE", "+40700000000", CALLEE, next(CALL_IDS))
        assert phone.final_answer("1 INVITE") is not None
    asked = [message for command, message in books.heard if command == "authorise"]
    assert asked[-1]["organization_id"] == TRUNK_ORGANIZATION
