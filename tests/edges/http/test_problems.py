"""The table of problems has no hole, and shows nothing that it should not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.problem_kinds import REFUSALS
from commcredits.edges.http.problems import (
    HTTP_FAULTS,
    FieldError,
    HttpFault,
    fault_problem,
    invalid_input_problem,
    problem_headers,
    refusal_problem,
    shown_value,
)


@pytest.mark.parametrize("code", list(RefusalCode))
def test_every_refusal_has_a_status_a_title_and_a_sentence(code: RefusalCode) -> None:
    kind = REFUSALS[code]
    assert 400 <= kind.status <= 599
    assert kind.title
    assert kind.detail.endswith(".")


@pytest.mark.parametrize("fault", list(HttpFault))
def test_every_fault_has_a_status_a_title_and_a_sentence(fault: HttpFault) -> None:
    kind = HTTP_FAULTS[fault]
    assert 400 <= kind.status <= 599
    assert kind.title
    assert kind.detail.endswith(".")


def test_the_tables_hold_nothing_but_the_codes() -> None:
    assert set(REFUSALS) == set(RefusalCode)
    assert set(HTTP_FAULTS) == set(HttpFault)


def test_a_title_belongs_to_one_code() -> None:
    titles = [kind.title for kind in REFUSALS.values()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (RefusalCode.INSUFFICIENT_FUNDS, 402),
        (RefusalCode.ORGANIZATION_CLOSED, 403),
        (RefusalCode.NO_RATE, 403),
        (RefusalCode.UNKNOWN_ORGANIZATION, 404),
        (RefusalCode.UNKNOWN_SESSION, 404),
        (RefusalCode.UNKNOWN_NUMBER, 404),
        (RefusalCode.SESSION_ENDED, 409),
        (RefusalCode.CONFLICT, 409),
        (RefusalCode.INVALID_INPUT, 422),
        (RefusalCode.BUSY, 503),
        (RefusalCode.INTERNAL_ERROR, 500),
    ],
)
def test_the_statuses_that_switches_are_configured_for_stand(code: RefusalCode, status: int) -> None:
    assert REFUSALS[code].status == status


def test_facts_stand_beside_the_members_and_never_in_their_place() -> None:
    facts: dict[str, str | int] = {"needed_micros": 1_500_000, "callee": "+4930", "code": "granted", "attempt": 3}
    document = refusal_problem(Refused(code=RefusalCode.INSUFFICIENT_FUNDS, facts=facts)).document
    assert document["code"] == "insufficient_funds"
    assert (document["needed"], document["callee"], document["attempt"]) == ("1.500000", "+4930", 3)
    assert "needed_micros" not in document


def test_a_call_that_has_no_charge_yet_is_told_apart_from_an_id_that_was_used() -> None:
    used = refusal_problem(Refused(code=RefusalCode.CONFLICT, facts={"session_id": "a", "command": "refund:b"}))
    runs = refusal_problem(Refused(code=RefusalCode.CONFLICT, facts={"session_id": "a", "state": "started"}))
    assert "The same id was used before" in used.document["detail"]
    assert "The call is not over" in runs.document["detail"]
    assert (runs.status, runs.document["title"], runs.document["state"]) == (409, "Conflict", "started")


def test_a_wrong_field_is_named_in_the_errors_and_in_the_sentence() -> None:
    error = FieldError(field="caller", value="x", allowed="a number", message="caller must be a number")
    problem = invalid_input_problem([error])
    assert problem.status == 422
    assert problem.document["detail"] == "caller must be a number."
    assert problem.document["errors"] == [
        {"field": "caller", "value": "x", "allowed": "a number", "message": "caller must be a number"}
    ]


def test_a_fault_may_say_more_than_the_table_does() -> None:
    assert fault_problem(HttpFault.MALFORMED_JSON, "At byte 7.").document["detail"] == "At byte 7."
    assert fault_problem(HttpFault.MALFORMED_JSON).document["detail"].endswith(".")


def test_who_is_not_known_is_told_how_to_say_who_he_is_and_who_comes_too_early_when_to_return() -> None:
    assert problem_headers(401)["WWW-Authenticate"].startswith("Bearer ")
    assert int(problem_headers(503)["Retry-After"]) > 0
    assert problem_headers(422) == {}


@given(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(alphabet=st.characters(), max_size=300),
        st.lists(st.text()),
        st.dictionaries(st.text(), st.text()),
    )
)
def test_a_shown_value_is_short_printable_and_can_be_encoded(value: object) -> None:
    shown = shown_value(value)
    assert shown.isprintable()
    assert len(shown) <= 64 * 6 + 1
    assert json.loads(json.dumps(shown).encode()) == shown


def test_a_shown_value_keeps_letters_of_any_language() -> None:
    assert shown_value("Brăila") == "Brăila"
    assert shown_value("a\nb") == "a\\u000ab"
    assert shown_value("x" * 65) == "x" * 64 + "…"
