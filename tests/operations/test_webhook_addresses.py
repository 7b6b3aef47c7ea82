"""Webhooks go to public https addresses, however an address that is none is written."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from typing import Any

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations import webhook_addresses
from commcredits.operations.webhook_addresses import WebhookTarget, check_target, resolve_host
from tests.operations.office import soon

PUBLIC = "93.184.215.14"
PUBLIC_V6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


class Names:
    """Resolves every name to these addresses, and remembers for which it was asked."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int, /) -> tuple[str, ...]:
        self.asked.append(host)
        return self.addresses


async def _check(url: str, *addresses: str, loopback_allowed: bool = False) -> WebhookTarget | Refused:
    return await check_target(url, resolve=Names(*addresses), loopback_allowed=loopback_allowed)


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://hooks.example.com", "hooks.example.com", 443, "/"),
        ("https://hooks.example.com/a/b?c=d&e=%2F", "hooks.example.com", 443, "/a/b?c=d&e=%2F"),
        ("https://HOOKS.Example.com:8443/", "hooks.example.com", 8443, "/"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/"),
        ("https://7.example.com:443/", "7.example.com", 443, "/"),
    ],
)
async def test_a_public_https_address_is_taken_with_what_its_name_resolves_to(
    url: str, host: str, port: int, path: str
) -> None:
    target = await _check(url, PUBLIC, PUBLIC_V6)
    assert target == WebhookTarget(scheme="https", host=host, port=port, path=path, addresses=(PUBLIC, PUBLIC_V6))


@pytest.mark.parametrize("address", [PUBLIC, f"[{PUBLIC_V6}]"])
async def test_a_public_address_without_a_name_is_taken_and_nobody_is_asked_for_it(address: str) -> None:
    names = Names("10.0.0.1")
    target = await check_target(f"https://{address}/x", resolve=names, loopback_allowed=False)
    assert isinstance(target, WebhookTarget)
    assert target.addresses == (address.strip("[]"),)
    assert names.asked == []


NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 - an address to be refused
    "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1",
    "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1",
    "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255",
    "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::93.184.215.14", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:93.184.215.14",
    "::ffff:0:93.184.215.14", "64:ff9b::7f00:1", "64:ff9b::5db8:d70e", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:0:5db8:d70e::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:5db8:d70e::",
    "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_no_address_that_is_not_public_is_called_by_its_number_or_by_a_name(address: str) -> None:
    written = f"[{address}]" if ":" in address else address
    for refused in (
        await _check(f"https://{written}/"),
        await _check("https://hooks.example.com/", address),
        await _check("https://hooks.example.com/", PUBLIC, address),
        await _check("https://hooks.example.com/", address, PUBLIC),
    ):
        assert isinstance(refused, Refused), address
        # An address that is not written in its one form is refused as a form, before anybody looks at it.
        assert refused.code in (RefusalCode.ADDRESS_NOT_ALLOWED, RefusalCode.INVALID_INPUT), address
    by_name = await _check("https://hooks.example.com/", address)
    assert isinstance(by_name, Refused)
    assert by_name.code is RefusalCode.ADDRESS_NOT_ALLOWED


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "gopher://hooks.example.com/",
        "//hooks.example.com/",
        "hooks.example.com",
        "https:hooks.example.com",
        "https:///path",
        "https://",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://127.1/",
        "https://127.0.1/",
        "https://0/",
        "https://93.184.215.14.example.0x7f/",
        "https://127.0.0.1./",
        "https://hooks.example.com./",
        "https://1.2.3/",
        "https://1.2.3.4.5/",
        "https://256.256.256.256/",
        "https://[::1%25lo]/",
        "https://[fe80::1%eth0]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::ffff:7f00:0001]/",
        "https://[v1.x]/",
        "https://[::1/",
        "https://127。0。0。1/",
        "https://①②⑦.0.0.1/",
        "https://ｈooks.example.com/",
        "https://user@hooks.example.com/",
        "https://user:password@hooks.example.com/",
        "https://hooks.example.com@127.0.0.1/",
        "https://127.0.0.1@hooks.example.com/",
        "https://hooks.example.com:443@127.0.0.1/",
        "https://@hooks.example.com/",
        "https://hooks.example.com\\@127.0.0.1/",
        "https://hooks.example.com\\.127.0.0.1/",
        "https://127.0.0.1#@hooks.example.com/",
        "https://hooks.example.com/#fragment",
        "https://hooks.example.com#",
        "https://hooks.example.com /",
        " https://hooks.example.com/",
        "https://hooks.example.com/\r\nHost: 127.0.0.1",
        "https://hooks.example.com/\t",
        "https://hooks.exa\nmple.com/",
        "https://hooks%2eexample.com/",
        "https://127.0.0.1%2f@hooks.example.com/",
        "https://hooks_.example.com/",
        "https://-hooks.example.com/",
        "https://hooks..example.com/",
        "https://hooks.example.com:22/",
        "https://hooks.example.com:80/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:65536/",
        "https://hooks.example.com:-1/",
        "https://hooks.example.com:4４3/",
        "https://hooks.example.com:+443/",
        "https://hooks.example.com:/",
        "https://hooks.example.com:0443/",
        "https://hooks.example.com/" + "a" * 2_048,
        "",
    ],
)
async def test_a_url_that_could_be_read_in_another_way_is_refused_before_its_name_is_looked_up(url: str) -> None:
    for loopback_allowed in (False, True):
        names = Names(PUBLIC)
        refused = await check_target(url, resolve=names, loopback_allowed=loopback_allowed)
        assert isinstance(refused, Refused), url
        if not (loopback_allowed and url == "http://hooks.example.com/"):
            assert refused.code is RefusalCode.INVALID_INPUT
            assert names.asked == []


async def test_a_name_that_nobody_knows_is_refused() -> None:
    refused = await _check("https://hooks.example.com/")
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.ADDRESS_NOT_ALLOWED


async def test_for_trying_out_this_machine_is_called_over_http_too_and_nobody_else_is() -> None:
    assert isinstance(await _check("http://127.0.0.1:8080/", loopback_allowed=True), WebhookTarget)
    assert isinstance(await _check("https://localhost:8443/", "127.0.0.1", loopback_allowed=True), WebhookTarget)
    assert isinstance(await _check("http://127.0.0.1:8080/", loopback_allowed=False), Refused)
    for address in ("10.0.0.1", "169.254.169.254", PUBLIC):
        assert isinstance(await _check("http://hooks.example.com:8080/", address, loopback_allowed=True), Refused)
    assert isinstance(await _check("https://hooks.example.com/", "10.0.0.1", loopback_allowed=True), Refused)


async def test_names_whose_servers_are_silent_hold_up_no_other_name_and_no_other_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_up, asked = threading.Event(), Counter[str]()

    def look_up(host: str, *_args: Any, **_options: Any) -> list[Any]:
        asked[host] += 1
        if host.endswith(".silent.example"):
            given_up.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, 443))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(webhook_addresses, "RESOLVE_SECONDS_MAX", 2.0)
    silent = [f"h{number}.silent.example" for number in range(10)]
    try:
        waiting = [asyncio.create_task(resolve_host(name, 443)) for name in silent * 3]
        await soon(lambda: len(asked) == len(silent))
        assert await resolve_host("hooks.example.com", 443) == (PUBLIC,)
        await asyncio.to_thread(lambda: None)
        assert not any(each.done() for each in waiting), "nobody waited for the others"
        assert {type(each) for each in await asyncio.gather(*waiting, return_exceptions=True)} == {TimeoutError}
        assert asked == Counter([*silent, "hooks.example.com"])
    finally:
        given_up.set()
    async with asyncio.timeout(30):
        assert await resolve_host(silent[0], 443) == ()
