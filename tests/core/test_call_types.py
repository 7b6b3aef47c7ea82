"""Which services go with which call type, held against what the core makes of such calls."""

from __future__ import annotations

from itertools import product

import pytest

from commcredits.core.admission import own_number
from commcredits.core.call_types import SERVICES_OF, agree, service_of
from commcredits.core.commands import Authorise, CallType, Service
from commcredits.core.roster import Line, NumberKind, NumberPurpose
from tests.core.books import ORGANIZATION, books

ALL = {
    "user_in": {"toll_in", "toll_free_in"},
    "user_out": {"outbound"},
    "user_out_transfer": {"outbound"},
    "user_out_forwarding": {"outbound"},
    "user_out_conf": {"outbound"},
    "conf_in": {"toll_in", "toll_free_in"},
    "conf_out": {"conference_dial_out"},
    "ucap_in": {"toll_in", "toll_free_in"},
    "ucap_out": {"outbound"},
    "unassigned_in": {"toll_in", "toll_free_in"},
    "emergency_out": {"emergency"},
    "dr_in": {"toll_in", "toll_free_in"},
    "dr_out": {"outbound"},
}
OURS = "+40211230001"
THEIRS = "+40316300000"


def call(call_type: CallType, service: Service) -> Authorise:
    caller, callee = (THEIRS, OURS) if call_type.value.endswith("_in") else (OURS, THEIRS)
    return Authorise(
        organization_id=ORGANIZATION,
        session_id="call-1",
        service=service,
        caller=caller,
        callee=callee,
        call_type=call_type,
    )


def test_every_call_type_has_its_services() -> None:
    assert {call_type.value: {*map(str, services)} for call_type, services in SERVICES_OF.items()} == ALL


@pytest.mark.parametrize(("call_type", "service"), list(product(CallType, Service)))
def test_a_call_type_and_a_service_agree_by_the_table_and_an_emergency_with_everything(
    call_type: CallType, service: Service
) -> None:
    emergency = call_type == "emergency_out" or service == "emergency"
    assert agree(call_type, service) is (emergency or service in ALL[call_type])


@pytest.mark.parametrize("call_type", list(CallType))
@pytest.mark.parametrize("kind", list(NumberKind))
def test_what_a_call_is_charged_as_is_one_of_its_types_services(call_type: CallType, kind: NumberKind) -> None:
    account = books()
    account.lines[OURS] = Line(number=OURS, kind=kind, purpose=NumberPurpose.UNASSIGNED)
    account.do(call(call_type, service_of(call_type)))
    assert account.sessions["call-1"].terms.service in SERVICES_OF[call_type]


@pytest.mark.parametrize(
    ("call_type", "service"),
    [(call_type, service) for call_type, services in SERVICES_OF.items() for service in services],
)
def test_the_service_alone_says_which_number_is_the_organizations_own(call_type: CallType, service: Service) -> None:
    asked = call(call_type, service)
    assert own_number(asked) == OURS
    assert (asked.callee if service in {Service.TOLL_IN, Service.TOLL_FREE_IN} else asked.caller) == OURS
