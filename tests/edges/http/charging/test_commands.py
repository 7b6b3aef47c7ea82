"""The four commands and their answers, over a real connection."""

from __future__ import annotations

from typing import Any

import pytest

from commcredits.core.commands import Authorise, End, Service, Start, Update
from commcredits.core.outcomes import Done, Granted, Outcome, RefusalCode, Refused
from commcredits.operations.charging import ChargingCommand
from tests.edges.http.charging.harness import (
    AUTHORISE,
    BODIES,
    END,
    KNOWN_NUMBER,
    ORGANIZATION,
    START,
    UPDATE,
    Desk,
    request,
    serving,
)

GRANT = {
    "organization_id": ORGANIZATION,
    "session_id": "call-1",
    "grant_number": 1,
    "granted_seconds": 300,
    "valid_seconds": 330,
    "final": False,
    "charged": "0.000000",
    "held": "0.030000",
    "currency": "EUR",
}


async def test_an_authorised_call_gets_its_grant() -> None:
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("authorise", {**AUTHORISE, "slice_seconds": 60, "answered": True}))
    assert response.status == 200
    assert response.fields["content-type"] == "application/json"
    assert response.fields["date"].endswith(" GMT")
    assert response.document == {"outcome": "granted", **GRANT}
    assert house.desk.commands == [
        Authorise(
            organization_id=ORGANIZATION,
            session_id="call-1",
            service=Service.OUTBOUND,
            caller=KNOWN_NUMBER,
            callee="+4930123456",
            slice_seconds=60,
            answered=True,
        )
    ]


async def test_start_update_and_end_reach_the_submitter_and_are_answered() -> None:
    async with serving() as house, await house.connect() as client:
        started = await client.ask(request("start", START))
        granted = await client.ask(request("update", {**UPDATE, "slice_seconds": 14_400}))
        ended = await client.ask(request("end", END))
    assert started.document == {"outcome": "started", **GRANT}
    assert granted.document == {"outcome": "granted", **GRANT}
    assert ended.document == {
        "outcome": "ended",
        "organization_id": ORGANIZATION,
        "session_id": "call-1",
        "duration_seconds": 420,
        "charged": "0.042000",
        "currency": "EUR",
    }
    session = {"organization_id": ORGANIZATION, "session_id": "call-1"}
    assert house.desk.commands == [
        Start(**session),
        Update(**session, request_number=1, used_seconds=300, slice_seconds=14_400),
        End(**session, used_seconds=420, cause="normal_clearing"),
    ]


async def test_what_may_be_left_out_takes_its_default() -> None:
    async with serving() as house, await house.connect() as client:
        body = {name: value for name, value in AUTHORISE.items() if name != "service"}
        assert (await client.ask(request("authorise", body))).status == 200
        assert (await client.ask(request("end", {**START, "used_seconds": 0}))).status == 200
    authorised, ended = house.desk.commands
    assert isinstance(authorised, Authorise)
    assert isinstance(ended, End)
    assert (authorised.service, authorised.slice_seconds, authorised.answered) == (Service.OUTBOUND, None, False)
    assert ended.cause == ""


@pytest.mark.parametrize(
    ("service", "caller", "callee"),
    [
        ("outbound", KNOWN_NUMBER, "+4930123456"),
        ("conference_dial_out", KNOWN_NUMBER, "+4930123456"),
        ("toll_free_in", "+4930123456", KNOWN_NUMBER),
    ],
)
async def test_an_organization_is_found_by_the_number_that_is_its_own(service: str, caller: str, callee: str) -> None:
    body = {"session_id": "call-1", "service": service, "caller": caller, "callee": callee}
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("authorise", body))
    assert response.document["organization_id"] == ORGANIZATION
    assert house.desk.commands[0].organization_id == ORGANIZATION


async def test_a_number_of_no_organization_is_refused_by_name() -> None:
    body = {"session_id": "call-1", "caller": "+4930999999", "callee": KNOWN_NUMBER}
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("authorise", body))
    assert (response.status, response.document["code"]) == (404, "unknown_number")
    assert response.document["number"] == "+4930999999"
    assert house.desk.commands == []


@pytest.mark.parametrize("session_id", ['a"b', "a\\b", "\\", "!#$%&'()*+,-./:;<=>?@[]^_`{|}~", "x" * 128])
async def test_any_printable_session_id_comes_back_as_it_was_sent(session_id: str) -> None:
    async with serving() as house, await house.connect() as client:
        for command, body in BODIES.items():
            response = await client.ask(request(command, {**body, "session_id": session_id}))
            assert (response.status, response.document["session_id"]) == (200, session_id)
    assert {command.session_id for command in house.desk.commands} == {session_id}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (RefusalCode.INSUFFICIENT_FUNDS, 402),
        (RefusalCode.NO_RATE, 403),
        (RefusalCode.ORGANIZATION_CLOSED, 403),
        (RefusalCode.UNKNOWN_SESSION, 404),
        (RefusalCode.CONFLICT, 409),
        (RefusalCode.BUSY, 503),
        (RefusalCode.INTERNAL_ERROR, 500),
    ],
)
async def test_a_refusal_is_a_problem_document_and_keeps_the_connection(code: RefusalCode, status: int) -> None:
    facts: dict[str, Any] = {"needed_micros": 1_230_000, "available_micros": -5, "currency": "EUR", "status": 200}
    async with serving(Desk(lambda _: Refused(code=code, facts=facts))) as house, await house.connect() as client:
        for _ in range(2):
            response = await client.ask(request("authorise", AUTHORISE))
            assert response.status == status
            assert response.fields["content-type"] == "application/problem+json"
            document = response.document
            assert document["type"] == f"urn:commcredits:refusal:{code}"
            assert (document["code"], document["status"]) == (code, status)
            assert document["title"]
            assert document["detail"]
            assert (document["needed"], document["available"], document["currency"]) == ("1.230000", "-0.000005", "EUR")
            assert ("retry-after" in response.fields) == (status == 503)


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "0.000000"), (1, "0.000001"), (999_999, "0.999999"), (10**15, "1000000000.000000"), (-1, "-0.000001")],
)
async def test_amounts_are_written_with_exactly_six_decimals(micros: int, text: str) -> None:
    def outcome_of(_: ChargingCommand) -> Outcome:
        return Granted(
            grant_number=2,
            granted_seconds=1,
            valid_seconds=2,
            final=True,
            charged_micros=micros,
            held_micros=micros,
            currency="USD",
        )

    async with serving(Desk(outcome_of)) as house, await house.connect() as client:
        response = await client.ask(request("update", UPDATE))
    assert (response.document["charged"], response.document["held"]) == (text, text)
    assert response.document["final"] is True


async def test_an_outcome_that_no_call_has_is_an_internal_error() -> None:
    async with serving(Desk(lambda _: Done(changed=True))) as house, await house.connect() as client:
        response = await client.ask(request("start", START))
        assert (response.status, response.document["code"]) == (500, "internal_error")


async def test_an_outcome_that_cannot_be_written_fails_that_answer_alone() -> None:
    broken = Granted(
        grant_number=1,
        granted_seconds=1,
        valid_seconds=1,
        final=False,
        charged_micros="much",  # type: ignore[arg-type] # a bug of ours, made on purpose
        held_micros=0,
        currency="EUR",
    )
    outcomes: list[Outcome] = [broken, Refused(code=RefusalCode.NO_RATE)]
    async with serving(Desk(lambda _: outcomes.pop(0))) as house, await house.connect() as client:
        assert (await client.ask(request("authorise", AUTHORISE))).status == 500
        assert (await client.ask(request("authorise", AUTHORISE))).status == 403
