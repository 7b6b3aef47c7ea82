"""Requests about notices, recipients and webhooks that nobody should be able to hurt us with; see hostile.py."""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.hostile import ORGANIZATION, UNKNOWN_ID, Hostile, get, send

RECIPIENTS = f"{ORGANIZATION}/notice-recipients"
ENDPOINTS = f"{ORGANIZATION}/webhook-endpoints"
DELIVERIES = f"{ORGANIZATION}/webhook-deliveries"
NOTICES = f"{ORGANIZATION}/notices"
NOWHERE = f"/v1/organizations/{UNKNOWN_ID}"
UNKNOWN: dict[str, Any] = {"status": 404, "code": "unknown_organization"}
NO_ENDPOINT: dict[str, Any] = {"status": 404, "code": "unknown_endpoint", "field": ""}
INSIDE: dict[str, Any] = {"status": 422, "code": "address_not_allowed", "field": ""}
RECIPIENT = {"address": "ana@example.com"}
ENDPOINT = {"url": "https://93.184.215.14/hooks"}


def _recipient(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, RECIPIENTS, {**RECIPIENT, wrong: value}, wrong, **others)


def _endpoint(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, ENDPOINTS, {**ENDPOINT, wrong: value}, wrong, **others)


def _switch(name: str, path: str, wrong: str = "", **others: Any) -> Hostile:
    expected = {"method": "POST", "status": 422, "code": "invalid_input", "field": wrong}
    return Hostile(name=name, path=path, **{**expected, **others})


ADDRESSES = [
    _recipient(f"a recipient {text!r}", "address", text)
    for text in (
        "",
        "ana",
        "ana@",
        "@example.com",
        "ana@localhost",
        "ana@127.0.0.1",
        "ana@[127.0.0.1]",
        "ana@example.com, bob@example.com",
        "ana@example.com\r\nBcc: all@example.com",
        "ana@example.com\n",
        "Ana <ana@example.com>",
        '"ana"@example.com',
        "ana(comment)@example.com",
        "ana@@example.com",
        ".ana@example.com",
        "ana..b@example.com",
        "ana@-example.com",
        "ana@example..com",
        "ana@example.com.",
        "ană@example.com",
        "ana@exămple.com",
        "ana b@example.com",
        "a" * 65 + "@example.com",
        "ana@" + "a" * 250 + ".com",
        "ana@example.com\0",
    )
]

CHOICES = [
    _recipient("a recipient that is a number", "address", 7),
    _recipient("a recipient in an array", "address", ["ana@example.com"]),
    _recipient("a recipient in Klingon", "language", "tlh"),
    send("a recipient in French", RECIPIENTS, {**RECIPIENT, "language": "fr"}, "language"),
    _recipient("a recipient of nothing", "kinds", []),
    _recipient("a recipient of a kind that is none", "kinds", ["balance_high"]),
    _recipient("a recipient of one kind twice", "kinds", ["all", "all"]),
    _recipient("a recipient of a text", "kinds", "all"),
    _recipient("a recipient of thousands", "kinds", ["all"] * 5_000),
    _recipient("a recipient with a role", "role", "owner"),
    send("a recipient of nobody", f"{NOWHERE}/notice-recipients", RECIPIENT, "", **UNKNOWN),
    get("recipients of nobody", f"{NOWHERE}/notice-recipients", "", **UNKNOWN),
    _switch("removing a recipient that is no id", f"{RECIPIENTS}/7", "recipient_id", method="DELETE"),
    get("kinds in Klingon", "/v1/notice-kinds?language=tl", "language"),
]

ENDPOINTS_OF_HARM = [
    *(
        _endpoint(f"an endpoint at {url}", "url", url)
        for url in (
            "",
            "http://93.184.215.14/hooks",
            "ftp://93.184.215.14/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://user@93.184.215.14/",
            "https://93.184.215.14@127.0.0.1/",
            "https://93.184.215.14/#x",
            "https://93.184.215.14:25/",
            "https://93.184.215.14/\r\nX: y",
            "https://93.184.215.14/" + "a" * 3_000,
        )
    ),
    *(
        _endpoint(f"an endpoint inside, {url}", "url", url, **INSIDE)
        for url in (
            "https://127.0.0.1/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/",
            "https://[::ffff:a00:1]/",
        )
    ),
    _endpoint("an endpoint of a number", "url", 443),
    _endpoint("an endpoint with a long description", "description", "d" * 201),
    _endpoint("an endpoint described on two lines", "description", "two\nlines"),
    _endpoint("an endpoint of a kind that is none", "kinds", ["everything"]),
    _endpoint("an endpoint with a secret of its own", "secret", "whsec_AAAA"),
    _endpoint("an endpoint that is enabled", "state", "enabled"),
    send("an endpoint of nobody", f"{NOWHERE}/webhook-endpoints", ENDPOINT, "", **UNKNOWN),
    get("endpoints of nobody", f"{NOWHERE}/webhook-endpoints", "", **UNKNOWN),
    send("changing another organization's endpoint", f"{ENDPOINTS}/{{foreign_endpoint}}", ENDPOINT, "", method="PUT",
         **{key: NO_ENDPOINT[key] for key in ("status", "code")}),
    *(
        _switch(f"to {word} another organization's endpoint", f"{ENDPOINTS}/{{foreign_endpoint}}/{word}", **NO_ENDPOINT)
        for word in ("rotate-secret", "enable", "disable")
    ),
    _switch("rotating the secret of what is no id", f"{ENDPOINTS}/7/rotate-secret", "endpoint_id"),
]  # fmt: skip

LISTS = [
    get("deliveries to what is no id", f"{DELIVERIES}?endpoint_id=7", "endpoint_id"),
    get("deliveries in a state that is none", f"{DELIVERIES}?state=lost", "state"),
    get("deliveries after a place of another list", f"{DELIVERIES}?cursor=WyJjYWxscyIsIjEiLCJhIl0", "cursor"),
    get("deliveries of nobody", f"{NOWHERE}/webhook-deliveries", "", **UNKNOWN),
    _switch("sending again what is not there", f"{DELIVERIES}/{UNKNOWN_ID}/resend", status=404,
            code="unknown_delivery"),
    _switch("sending another organization's delivery again", f"{DELIVERIES}/{{foreign_delivery}}/resend", status=404,
            code="unknown_delivery"),
    get("notices of a kind that is none", f"{NOTICES}?kind=all", "kind"),
    get("notices after a place of another list", f"{NOTICES}?cursor=WyJjYWxscyIsIjEiLCJhIl0", "cursor"),
    get("notices of nobody", f"{NOWHERE}/notices", "", **UNKNOWN),
]  # fmt: skip

HOSTILE_TELLING = [*ADDRESSES, *CHOICES, *ENDPOINTS_OF_HARM, *LISTS]
"""All of them."""
