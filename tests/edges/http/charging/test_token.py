"""Only the token opens, and it is shown nowhere."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from commcredits.edges.http.charging.bearer import BearerToken
from commcredits.edges.http.charging.serve import serve_charging
from commcredits.operations.charging import ChargingCommand
from tests.edges.http.charging.harness import START, TOKEN, Desk, Numbers, request, serving


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer wrong",
        TOKEN,
        b"Basic " + TOKEN,
        b"Bearer  x" + TOKEN,
        b"Bearer " + TOKEN[:-1],
        b"Bearer " + TOKEN + b"x",
        b"Bearer " + TOKEN.upper(),
        b"Bearer \xff\xfe",
    ],
)
async def test_anything_but_the_token_is_refused_before_the_body_is_read(value: bytes | None) -> None:
    header = b"" if value is None else b"Authorization: " + value + b"\r\n"
    sent = b"POST /v1/charging/start HTTP/1.1\r\nHost: x\r\n" + header + b"Content-Length: 8\r\n\r\nnot json"
    async with serving() as house, await house.connect() as client:
        for _ in range(2):
            response = await client.ask(sent)
            assert (response.status, response.document["code"]) == (401, "unauthorised")
            assert response.fields["www-authenticate"].startswith("Bearer ")
            assert TOKEN not in response.body
        assert (await client.ask(request("start", START))).status == 200
    assert len(house.desk.commands) == 1


async def test_a_wrong_token_stays_wrong_after_the_right_one_was_seen() -> None:
    right, wrong = request("start", START), request("start", START, token=b"b" + TOKEN[1:])
    async with serving() as house, await house.connect() as client, await house.connect() as other:
        for _ in range(3):
            assert (await client.ask(right)).status == 200
            assert (await client.ask(wrong)).status == 401
            assert (await other.ask(wrong)).status == 401
    assert len(house.desk.commands) == 3


async def test_bytes_from_inside_a_body_never_become_a_header_that_is_known() -> None:
    inner = request("end", b"{}", token=b"wrong").removesuffix(b"{}")
    outer = request("start", inner + b"{}")
    async with serving() as house, await house.connect() as client, await house.connect() as stranger:
        for _ in range(2):
            assert (await client.ask(outer)).status == 400
            client.send(outer[:-40])
            assert (await client.ask(outer[-40:] + request("start", START))).status == 400
            assert (await client.response()).status == 200
            assert (await stranger.ask(inner + b"{}")).status == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_may_be_written_in_any_case(scheme: str) -> None:
    sent = request("start", START).replace(b"Bearer", scheme.encode())
    async with serving() as house, await house.connect() as client:
        assert (await client.ask(sent)).status == 200


async def test_an_empty_token_is_refused_when_the_listener_starts() -> None:
    with pytest.raises(ValueError, match="empty"):
        await serve_charging(Desk(), Numbers(), token=b"", now=lambda: pytest.fail("never asked"))


async def test_a_bug_is_logged_without_the_token_and_answered() -> None:
    class Broken(Desk):
        def submit(self, command: ChargingCommand, callback: object) -> None:  # noqa: ARG002 # the port's names
            raise RuntimeError("the committer broke its word")

    with capture_logs() as lines:
        async with serving(Broken()) as house, await house.connect() as client:
            response = await client.ask(request("start", START))
            assert (response.status, response.document["code"]) == (500, "internal_error")
            assert (await client.ask(request("start", START))).status == 500
    assert [line["event"] for line in lines] == ["charging request failed"] * 2
    assert "submit" in lines[0]["traceback"]
    assert TOKEN.decode() not in repr(lines)


def test_the_token_has_no_face() -> None:
    token = BearerToken(b"secret")
    assert "secret" not in repr(token)
    assert "secret" not in f"{token}"
