"""The table of result codes has no hole, and a message says of its groups what RFC 8506 lets it say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.diameter.credit_control.dictionary import CreditResult
from commcredits.edges.diameter.credit_control.results import (
    RESULTS,
    SUCCESS,
    is_temporary,
    result_of_message,
)
from commcredits.edges.diameter.dictionary import ResultCode

CODES = st.sampled_from(sorted({*map(int, RESULTS.values()), SUCCESS}))


@pytest.mark.parametrize("code", list(RefusalCode))
def test_every_refusal_has_a_result_code_that_is_no_success(code: RefusalCode) -> None:
    assert RESULTS[code] >= 3000


def test_the_table_holds_nothing_but_the_refusals() -> None:
    assert set(RESULTS) == set(RefusalCode)


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (RefusalCode.INSUFFICIENT_FUNDS, 4012),
        (RefusalCode.BLOCKED, 4010),
        (RefusalCode.UNKNOWN_NUMBER, 5030),
        (RefusalCode.UNKNOWN_USER, 5030),
        (RefusalCode.NO_RATE, 5031),
        (RefusalCode.UNKNOWN_SESSION, 5002),
        (RefusalCode.CONFLICT, 5012),
    ],
)
def test_the_codes_that_switches_are_configured_for_stand(code: RefusalCode, result: int) -> None:
    assert RESULTS[code] == result


@pytest.mark.parametrize("code", [RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR])
def test_trouble_of_ours_is_temporary_and_never_a_want_of_credit(code: RefusalCode) -> None:
    assert is_temporary(RESULTS[code])


def test_credit_limit_is_told_for_nothing_but_funds() -> None:
    limited = [code for code, result in RESULTS.items() if result == CreditResult.CREDIT_LIMIT_REACHED]
    assert limited == [RefusalCode.INSUFFICIENT_FUNDS]


@given(st.lists(CODES, min_size=1))
def test_a_message_succeeds_when_one_of_its_groups_does_and_all_of_it_can_be_done(results: list[int]) -> None:
    told = result_of_message(results)
    assert told in results
    if any(is_temporary(result) for result in results):
        assert is_temporary(told)
    else:
        assert (told == SUCCESS) == (SUCCESS in results)


def test_of_several_failures_the_one_that_can_be_paid_for_is_told_first() -> None:
    assert result_of_message([ResultCode.UNABLE_TO_COMPLY, 5031, 4010, 4012]) == 4012
    assert result_of_message([5031, 4010]) == 4010
    assert result_of_message([]) == SUCCESS
