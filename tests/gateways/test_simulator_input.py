"""Hostile requests get a clear refusal that names the field, and change nothing."""

import json
from typing import Any

import httpx
import pytest

from commcredits.gateways.simulator.wire import BODY_BYTES_MAX
from tests.gateways.simulator_process import NO_TRUST, SimulatorProcess, store_card

BASE: dict[str, Any] = {"amount_minor": 5_000, "currency": "EUR", "payment_method": "pm_1", "off_session": True}

BAD_CHARGES: list[tuple[object, str]] = [
    ({**BASE, "amount_minor": 0}, "amount_minor"),
    ({**BASE, "amount_minor": -5_000}, "amount_minor"),
    ({**BASE, "amount_minor": 50.0}, "amount_minor"),
    ({**BASE, "amount_minor": 1e300}, "amount_minor"),
    ({**BASE, "amount_minor": "5000"}, "amount_minor"),
    ({**BASE, "amount_minor": True}, "amount_minor"),
    ({**BASE, "amount_minor": None}, "amount_minor"),
    ({**BASE, "amount_minor": [5_000]}, "amount_minor"),
    ({**BASE, "amount_minor": 2**63}, "amount_minor"),
    ({**BASE, "amount_minor": 10**400}, "amount_minor"),
    ({key: value for key, value in BASE.items() if key != "amount_minor"}, "amount_minor"),
    ({**BASE, "currency": "eur"}, "currency"),
    ({**BASE, "currency": "EUR\n"}, "currency"),
    ({**BASE, "currency": "ЕUR"}, "currency"),
    ({**BASE, "currency": 978}, "currency"),
    ({**BASE, "currency": "XAU"}, "currency"),
    ({**BASE, "payment_method": "pm_1\x00"}, "payment_method"),
    ({**BASE, "payment_method": "x" * 501}, "payment_method"),
    ({**BASE, "payment_method": {"$ne": None}}, "payment_method"),
    ({**BASE, "payment_method": "no-such-method"}, "payment_method"),
    ({**BASE, "off_session": "yes"}, "off_session"),
    ({**BASE, "off_session": 1}, "off_session"),
    ({**BASE, "description": "x" * 501}, "description"),
    ({**BASE, "description": "line\nbreak"}, "description"),
    ({**BASE, "metadata": {"a": 1}}, "metadata"),
    ({**BASE, "metadata": {str(number): "x" for number in range(21)}}, "metadata"),
    ({**BASE, "metadata": {"": "x"}}, "metadata"),
    ({**BASE, "return_url": "javascript:alert(1)"}, "return_url"),
    ({**BASE, "return_url": "http://127.0.0.1/ x"}, "return_url"),
    ({**BASE, "return_url": "//127.0.0.1"}, "return_url"),
    ({**BASE, "amount": 5_000}, "amount"),
    ([BASE], "array"),
    ("5000", "str"),
    (None, "null"),
]


@pytest.mark.parametrize(
    ("body", "named"), BAD_CHARGES, ids=[f"{number}-{named}" for number, (_, named) in enumerate(BAD_CHARGES)]
)
async def test_a_bad_charge_is_refused_by_name_and_not_made(http: httpx.AsyncClient, body: object, named: str) -> None:
    method = http.headers["x-method"]
    if isinstance(body, dict) and body.get("payment_method") == "pm_1":
        body = {**body, "payment_method": method}
    before = (await http.get("/totals")).json()
    answer = await http.post("/charges", content=_encode(body), headers={"idempotency-key": "bad"})
    assert answer.status_code == 422
    assert named in answer.json()["message"]
    assert (await http.get("/totals")).json() == before
    assert (await http.get("/charges/lookup?idempotency_key=bad")).status_code == 404


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"amount_minor=5000", 400),
        (b'{"amount_minor": NaN}', 400),
        (b'{"amount_minor": 5000}\xff', 400),
        (b"\xef\xbb\xbf{}", 400),
        (b"[" * 50_000, 400),
        (b'{"a":' * 10_000, 400),
        (b'{"description": "' + b"x" * BODY_BYTES_MAX + b'"}', 413),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_what_is_not_json_or_too_much_is_refused(http: httpx.AsyncClient, content: bytes, status: int) -> None:
    answer = await http.post("/charges", content=content, headers={"idempotency-key": "bad"})
    assert answer.status_code in (status, 422)
    assert answer.json()["message"]


async def test_a_stray_half_of_a_character_is_refused(http: httpx.AsyncClient) -> None:
    content = json.dumps({**BASE, "description": "x"}).replace('"x"', '"\\ud800"').encode()
    answer = await http.post("/charges", content=content, headers={"idempotency-key": "bad"})
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("key", [b"", b"two words", b"tab\tbed", b"x" * 256, "ș".encode()])
async def test_a_bad_key_is_refused(http: httpx.AsyncClient, key: bytes) -> None:
    method = http.headers["x-method"]
    answer = await http.post(
        "/charges",
        content=_encode({**BASE, "payment_method": method}),
        headers=[(b"content-type", b"application/json"), (b"idempotency-key", key)],
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_idempotency_key")


async def test_two_keys_at_once_are_refused(http: httpx.AsyncClient) -> None:
    headers = [("content-type", "application/json"), ("idempotency-key", "a"), ("idempotency-key", "b")]
    answer = await http.post("/charges", content=_encode(BASE), headers=headers)
    assert answer.json()["code"] == "invalid_idempotency_key"


async def test_a_form_of_a_strangers_page_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post(
        "/script", content=b"{}", headers={"content-type": "text/plain", "origin": "http://stranger.example"}
    )
    assert answer.status_code == 415


async def test_a_page_that_took_our_address_for_its_name_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.get("/charges", headers={"host": "stranger.example"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=-1", "limit=x", "limit=1e2", "after=-1", "after=x", "after=" + "9" * 30]
)
async def test_a_bad_page_is_refused(http: httpx.AsyncClient, query: str) -> None:
    for path in ("/charges", "/events"):
        answer = await http.get(f"{path}?{query}")
        assert answer.status_code == 422
        assert query.partition("=")[0] in answer.json()["message"]


async def test_a_real_card_number_is_refused_and_not_repeated(http: httpx.AsyncClient) -> None:
    number = "4" + "2" * 15
    customer = (
        await http.post("/customers", content=_encode({"name": "Ana"}), headers={"idempotency-key": "ana"})
    ).json()["reference"]
    answer = await http.post("/payment-methods", content=_encode({"customer": customer, "card": number}))
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_test_card")
    assert number not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"fault": {"kind": "explode"}},
        {"fault": {"kind": "decline", "code": "bad_hair_day"}},
        {"fault": {"kind": "delay", "milliseconds": -1}},
        {"fault": {"kind": "delay", "milliseconds": 10**9}},
        {"fault": {"kind": "error", "status": 200}},
        {"fault": {"kind": "repeat_webhook", "copies": 1_000}},
        {"fault": {"kind": "decline"}, "requests": 0},
        {"fault": {"kind": "decline"}, "requests": 10**9},
        {"fault": {"kind": "decline"}, "operation": "everything"},
        {"fault": {"kind": "decline"}, "when": "now"},
    ],
    ids=str,
)
async def test_a_bad_script_is_refused(http: httpx.AsyncClient, body: object) -> None:
    answer = await http.post("/script", content=_encode(body))
    assert answer.status_code == 422
    assert (await http.get("/script")).json() == {"items": []}


def _encode(body: object) -> bytes:
    return json.dumps(body).encode()


@pytest.fixture
async def http(simulator: SimulatorProcess) -> Any:
    """A plain HTTP client of the shared process; it carries a stored card's reference for bodies that need one."""
    method = await store_card(simulator, "sim_ok")
    headers = {"content-type": "application/json", "x-method": method}
    async with httpx.AsyncClient(
        base_url=simulator.base_url, trust_env=False, verify=NO_TRUST, headers=headers
    ) as http:
        yield http
