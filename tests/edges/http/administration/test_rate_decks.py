"""Rate decks over the API: as a body, as a part, with a mark before it, far too long, and never half imported."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest

from tests.edges.http.administration.world import (
    GERMANY,
    ROMANIA,
    TOKEN,
    WAIT_SECONDS_MAX,
    World,
    bound_socket,
    rate_deck_csv,
    served,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

PIECE_BYTES = 65_536
GIGABYTE = 1_000_000_000
PARAMETERS = {"name": "Sample", "currency": "EUR"}


async def test_a_rate_deck_is_published_from_a_body_from_a_part_and_after_a_byte_order_mark(world: World) -> None:
    file = rate_deck_csv(ROMANIA, GERMANY)
    csv = {"Content-Type": "text/csv; charset=UTF-8"}
    answers = [
        await world.client.post("/v1/rate-decks", params=PARAMETERS, content=file, headers={**csv, **world.key()}),
        await world.client.post(
            "/v1/rate-decks", params=PARAMETERS, content=b"\xef\xbb\xbf" + file, headers={**csv, **world.key()}
        ),
        await world.client.post(
            "/v1/rate-decks", params=PARAMETERS, files={"file": ("rates.csv", file)}, headers=world.key()
        ),
    ]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert {answer.json()["rate_count"] for answer in answers} == {2}
    assert len({answer.json()["rate_deck_id"] for answer in answers}) == 3
    shown = await world.client.get(answers[0].headers["location"])
    assert shown.json() == answers[0].json()


async def test_a_part_that_arrives_in_single_bytes_is_the_same_file(world: World) -> None:
    file = rate_deck_csv(ROMANIA)
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="r.csv"\r\n\r\n' + file + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b", **world.key()}

    async def bytewise() -> AsyncIterator[bytes]:
        for start in range(len(body)):
            yield body[start : start + 1]

    first = await world.client.post("/v1/rate-decks", params=PARAMETERS, content=bytewise(), headers=headers)
    assert (first.status_code, first.json()["rate_count"]) == (201, 1)
    again = await world.client.post("/v1/rate-decks", params=PARAMETERS, content=body, headers=headers)
    assert again.json() == first.json()


async def test_a_part_without_its_last_boundary_is_refused_and_nothing_is_kept(own_world: World) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + rate_deck_csv(ROMANIA)
    headers = {"Content-Type": "multipart/form-data; boundary=b", **own_world.key()}
    response = await own_world.client.post("/v1/rate-decks", params=PARAMETERS, content=body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "malformed_request")
    assert (await own_world.client.get("/v1/rate-decks")).json()["items"] == []


async def test_a_wrong_price_is_named_by_line_and_column(world: World) -> None:
    file = rate_deck_csv(ROMANIA, (*GERMANY[:3], "0,012", *GERMANY[4:]))
    headers = {"Content-Type": "text/csv", **world.key()}
    response = await world.client.post("/v1/rate-decks", params=PARAMETERS, content=file, headers=headers)
    problem = response.json()
    assert response.status_code == 422
    assert (problem["line"], problem["column"]) == (3, "price_per_minute")
    assert problem["errors"][0]["field"] == "line 3, column price_per_minute"
    assert problem["errors"][0]["value"] == "0,012"


async def test_a_line_without_end_is_refused_before_most_of_it_was_sent(world: World) -> None:
    head = (
        "POST /v1/rate-decks?name=Endless&currency=EUR HTTP/1.1\r\nHost: a\r\n"
        f"Authorization: Bearer {TOKEN}\r\nIdempotency-Key: endless\r\nContent-Type: text/csv\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    with bound_socket() as listening:
        async with served(world.app, listening):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(head.encode())
            answer = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
            sent = 0
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                while not answer.done() and sent < GIGABYTE:
                    writer.write(b"%x\r\n%b\r\n" % (PIECE_BYTES, b"4" * PIECE_BYTES))
                    await writer.drain()
                    await asyncio.sleep(0)
                    sent += PIECE_BYTES
                answered = await answer
                length = re.search(rb"content-length: ([0-9]+)", answered)
                assert length is not None
                problem = json.loads(await reader.readexactly(int(length[1])))
            writer.transport.abort()
    assert answered.startswith(b"HTTP/1.1 422 ")
    assert problem["errors"][0]["field"] == "line 1"
    assert sent < GIGABYTE // 100


async def test_an_organization_is_given_its_deck_and_a_repetition_changes_nothing(world: World) -> None:
    organization = await world.open_organization()
    body = {"rate_deck_id": await world.publish()}
    path, key = f"/v1/organizations/{organization}/rate-deck", world.key()
    assert (await world.client.put(path, json=body, headers=key)).json() == {"changed": True}
    assert (await world.client.put(path, json=body, headers=key)).json() == {"changed": True}
    shown = await world.client.get(f"/v1/organizations/{organization}")
    assert shown.json()["rate_deck_id"] == body["rate_deck_id"]
