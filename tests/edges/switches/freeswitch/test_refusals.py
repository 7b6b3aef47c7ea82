"""The table of refusals has no hole, and says nothing of credit that is not so."""

from __future__ import annotations

import pytest

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.switches.freeswitch.refusals import REFUSALS


def test_the_table_holds_every_code_and_nothing_else() -> None:
    assert set(REFUSALS) == set(RefusalCode)


@pytest.mark.parametrize("code", list(RefusalCode))
def test_a_refusal_is_a_final_status_and_a_cause(code: RefusalCode) -> None:
    wording = REFUSALS[code]
    assert wording.status in {402, 403, 503}
    assert wording.phrase
    assert wording.cause.isupper()


@pytest.mark.parametrize("code", [RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR])
def test_what_passes_is_never_told_as_a_lack_of_credit(code: RefusalCode) -> None:
    assert REFUSALS[code].status == 503
    assert REFUSALS[code].cause == "NORMAL_TEMPORARY_FAILURE"


def test_who_has_no_funds_is_told_to_pay() -> None:
    assert REFUSALS[RefusalCode.INSUFFICIENT_FUNDS].status == 402
