"""Every refusal has a SIP status, and none that will pass in a moment looks like a want of funds."""

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.problem_kinds import REFUSALS
from commcredits.edges.switches.kamailio.refusals import (
    FORBIDDEN,
    PAYMENT_REQUIRED,
    STATUSES,
    UNAVAILABLE,
    is_temporary,
)


def test_every_refusal_has_a_status() -> None:
    assert set(STATUSES) == set(RefusalCode)
    assert set(STATUSES.values()) == {PAYMENT_REQUIRED, FORBIDDEN, UNAVAILABLE}


def test_the_two_ways_of_asking_give_callers_the_same_answer() -> None:
    for code, problem in REFUSALS.items():
        over_http = {402: PAYMENT_REQUIRED, 500: UNAVAILABLE, 503: UNAVAILABLE}.get(problem.status, FORBIDDEN)
        assert STATUSES[code] == over_http, code


def test_only_a_full_queue_a_fault_of_ours_and_a_silent_gateway_are_temporary() -> None:
    temporary = {RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR, RefusalCode.GATEWAY_NOT_READY}
    assert {code for code in RefusalCode if is_temporary(code)} == temporary
