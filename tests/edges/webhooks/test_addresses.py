"""A webhook goes to the very address that was checked, and only while that is allowed."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.webhooks.carrying import HttpCarrier
from commcredits.operations.handing_on import hand_on_notices
from commcredits.operations.webhook_deliveries import Delivery, list_deliveries
from commcredits.operations.webhook_delivering import WebhookDelivering
from commcredits.operations.webhook_endpoints import Endpoint, EndpointWithSecret, add_endpoint, change_endpoint
from tests.edges.webhooks.receiver import receiving
from tests.operations.office import Office, open_office
from tests.operations.telling import notice, that_tells

HOST = "hooks.example.com"
PUBLIC = "93.184.215.14"


class FickleNames:
    """Resolves every name to the next of these addresses, and to the last of them from then on."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked = 0

    async def __call__(self, _host: str, _port: int, /) -> tuple[str, ...]:
        self.asked += 1
        return (self.addresses.pop(0) if len(self.addresses) > 1 else self.addresses[0],)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the host's name, and one for another's."""
    folder = tmp_path_factory.mktemp("certificates")
    for name, host in (("good", HOST), ("other", "other.example.com")):
        command = (
            f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={host} -addext subjectAltName=DNS:{host} "
            f"-keyout {name}.key -out {name}.pem"
        )
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


def _shown(folder: Path, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def _trusting(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "good.pem"))
    context.load_verify_locations(cafile=str(folder / "other.pem"))
    return context


async def _deliver(
    office: Office, url: str, names: FickleNames, *, loopback_allowed: bool, tls: ssl.SSLContext | None = None
) -> Delivery:
    """The delivery of one notice to that address, after one try."""
    office.clock.now = datetime.now(UTC)
    services = that_tells(office, loopback_allowed=loopback_allowed, resolve=names)
    organization = (await office.organization()).organization_id
    added = await add_endpoint(services, organization_id=organization, url=url)
    assert isinstance(added, EndpointWithSecret), added
    await notice(services, organization)
    await hand_on_notices(services)
    carrier = HttpCarrier(user_agent="commcredits", tls=tls)
    assert await WebhookDelivering(services, carrier).run() == 1
    await carrier.aclose()
    page = await list_deliveries(
        services, organization_id=organization, endpoint_id=None, state=None, cursor=None, limit=10
    )
    assert not isinstance(page, Refused)
    (delivery,) = page.items
    return delivery


async def test_the_certificate_is_checked_for_the_name_while_the_checked_address_is_called(
    database_url: str, certificates: Path
) -> None:
    names = FickleNames("127.0.0.1", "127.0.0.1", "127.0.0.9")
    async with (
        open_office(database_url) as office,
        receiving(tls=_shown(certificates, "good")) as receiver,
    ):
        url = f"https://{HOST}:{receiver.port}/hooks"
        delivery = await _deliver(office, url, names, loopback_allowed=True, tls=_trusting(certificates))
    assert (delivery.state, delivery.status) == ("delivered", 204)
    assert receiver.came[0].headers["host"] == f"{HOST}:{receiver.port}"
    # Once when it was added, once when it was delivered; connecting asked nobody.
    assert names.asked == 2


async def test_a_certificate_for_another_name_is_refused(database_url: str, certificates: Path) -> None:
    async with (
        open_office(database_url) as office,
        receiving(tls=_shown(certificates, "other")) as receiver,
    ):
        url = f"https://{HOST}:{receiver.port}/hooks"
        names = FickleNames("127.0.0.1")
        delivery = await _deliver(office, url, names, loopback_allowed=True, tls=_trusting(certificates))
    assert delivery.state == "waiting"
    assert delivery.trouble.startswith("no connection: the certificate is not good")
    assert receiver.came == []


async def test_a_certificate_that_nobody_vouches_for_is_refused(database_url: str, certificates: Path) -> None:
    async with (
        open_office(database_url) as office,
        receiving(tls=_shown(certificates, "good")) as receiver,
    ):
        url = f"https://{HOST}:{receiver.port}/hooks"
        delivery = await _deliver(office, url, FickleNames("127.0.0.1"), loopback_allowed=True)
    assert delivery.trouble.startswith("no connection: the certificate is not good")
    assert receiver.came == []


@pytest.mark.parametrize("inside", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1"])
async def test_a_name_that_leads_inside_after_it_was_added_is_not_called(database_url: str, inside: str) -> None:
    names = FickleNames(PUBLIC, inside)
    async with open_office(database_url) as office, receiving() as receiver:
        url = f"https://{HOST}:{receiver.port}/hooks"
        delivery = await _deliver(office, url, names, loopback_allowed=False)
    assert (delivery.state, delivery.status, delivery.trouble) == ("waiting", None, "the address is not allowed")
    assert receiver.connections == 0


async def test_a_name_that_changes_between_check_and_connection_is_called_where_it_was_checked(
    database_url: str,
) -> None:
    async with (
        open_office(database_url) as office,
        receiving(host="127.0.0.1") as checked,
        receiving(host="127.0.0.2", port=checked.port) as other,
    ):
        names = FickleNames("127.0.0.1", "127.0.0.1", "127.0.0.2")
        url = f"http://{HOST}:{checked.port}/hooks"
        delivery = await _deliver(office, url, names, loopback_allowed=True)
    assert other.connections == 0
    assert delivery.state == "delivered"
    assert checked.connections == 1


async def test_a_proxy_of_the_environment_is_not_asked(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_office(database_url) as office, receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        delivery = await _deliver(office, receiver.url, FickleNames("127.0.0.1"), loopback_allowed=True)
    assert delivery.state == "delivered"
    assert proxy.connections == 0


@pytest.mark.parametrize("url", ["https://10.0.0.1/", "https://[::1]/", "https://inside.example.com/"])
async def test_an_endpoint_inside_is_neither_added_nor_changed_to(database_url: str, url: str) -> None:
    async with open_office(database_url) as office:
        names = FickleNames(PUBLIC, "192.168.1.1")
        services = that_tells(office, resolve=names)
        organization = (await office.organization()).organization_id
        added = await add_endpoint(services, organization_id=organization, url=f"https://{HOST}/")
        assert isinstance(added, EndpointWithSecret), added
        refused = await add_endpoint(services, organization_id=organization, url=url)
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.ADDRESS_NOT_ALLOWED
        place = {"organization_id": organization, "endpoint_id": added.endpoint.endpoint_id}
        changed = await change_endpoint(services, **place, url=url)
        assert isinstance(changed, Refused)
        others = replace(services, telling=replace(services.telling, resolve=FickleNames(PUBLIC)))
        assert isinstance(await change_endpoint(others, **place, url=f"https://{HOST}/new"), Endpoint)
