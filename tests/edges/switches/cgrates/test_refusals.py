"""Every refusal of the core is an error that CGRateS gives, and what is temporary is never "no credit"."""

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.switches.cgrates.refusals import ERRORS, TEMPORARY, missing


def test_every_refusal_has_an_error() -> None:
    assert set(ERRORS) == set(RefusalCode)
    assert all(error for error in ERRORS.values())


def test_what_is_temporary_is_a_fault_of_the_server_and_nothing_else_is() -> None:
    of_the_server = {code for code, error in ERRORS.items() if error.startswith("SERVER_ERROR")}
    assert of_the_server == TEMPORARY == {RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR}


def test_what_is_missing_is_named_as_go_prints_a_list() -> None:
    assert missing(["OriginID", "Account"]) == "MANDATORY_IE_MISSING: [OriginID Account]"
