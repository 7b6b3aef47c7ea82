"""Another organization with something of everything, and the search for any of it in an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import httpx

from commcredits.core.outcomes import Refused
from commcredits.core.parties import Party as Buyer
from commcredits.core.roster import PartyKind
from commcredits.operations.billing_details import save_billing_details
from commcredits.operations.blocks import set_block
from commcredits.operations.funding import add_funds
from commcredits.operations.numbers import add_number
from commcredits.operations.payment_methods import add_payment_method
from commcredits.operations.people import PartyFields, add_party
from commcredits.operations.recipients import save_recipient
from commcredits.operations.services import Services
from commcredits.operations.webhook_endpoints import add_endpoint
from tests.operations.office import Office, new_id

NAME: Final = "Zebra Neagra SRL"
NUMBER: Final = "+40312999999"
PERSON: Final = "zoe.zamfir@zebra.example"
MAIL: Final = "contabil@zebra.example"
URL: Final = "https://93.184.215.14/zebra-hook"
LEGAL: Final = "Zebra Legal Holding"


@dataclass(frozen=True, slots=True)
class Foreign:
    """The other organization: the ids of its things by the parameters that take them, and what is never to be seen."""

    organization_id: str
    names: dict[str, str]
    secrets: tuple[str, ...]


async def plant_foreign(services: Services, office: Office) -> Foreign:
    """Make it."""
    there = await office.calling_organization(name=NAME)
    await office.call(there, "zebra-call", 30)
    added = [
        await add_party(
            services,
            organization_id=there,
            kind=PartyKind.USER,
            content=PartyFields(user_principal_name=PERSON, display_name="Zoe Zamfir", usage_location="RO"),
        ),
        await add_number(services, organization_id=there, number=NUMBER, kind="user", display_name="Zebra desk"),
        await save_billing_details(
            services,
            organization_id=there,
            details=Buyer(
                legal_name=LEGAL, country="RO", address_lines=("Strada Zebrei 1",), city="Arad", county="RO-AR"
            ),
        ),
    ]
    assert not any(isinstance(each, Refused) for each in added), added
    recipient = await save_recipient(services, organization_id=there, address=MAIL)
    endpoint = await add_endpoint(services, organization_id=there, url=URL)
    block = await set_block(services, organization_id=there, command_id=new_id(), kind="destination", subject="BG")
    method = await add_payment_method(services, organization_id=there, gateway="bank_transfer", reference="bank")
    assert not isinstance(recipient, Refused)
    assert not isinstance(endpoint, Refused)
    assert not isinstance(block, Refused)
    assert not isinstance(method, Refused), method
    top_up = await add_funds(
        services,
        organization_id=there,
        command_id=new_id(),
        amount_micros=60_000_000,
        payment_method_id=method.payment_method_id,
    )
    assert not isinstance(top_up, Refused), top_up
    names = {
        "user": PERSON,
        "number": NUMBER,
        "recipient_id": recipient.recipient_id,
        "endpoint_id": endpoint.endpoint.endpoint_id,
        "block_id": block.block_id,
        "payment_method_id": method.payment_method_id,
        "payment_method": method.payment_method_id,
        "top_up_id": top_up.top_up_id,
        "session_id": "zebra-call",
    }
    secrets = (NAME, "Zoe Zamfir", "Zebra desk", MAIL, "zebra-hook", LEGAL, "Strada Zebrei")
    return Foreign(organization_id=there, names=names, secrets=secrets)


def leaked(answer: httpx.Response, foreign: Foreign, where: str) -> list[str]:
    """What of the other organization an answer tells: nothing that was not in the question."""
    text = f"{answer.text} {dict(answer.headers)}"
    asked = f"{answer.request.url} {answer.request.content.decode(errors='replace')}"
    known = (*foreign.secrets, *foreign.names.values(), foreign.organization_id)
    return [f"{where} tells {each!r}" for each in known if each in text and each not in asked and len(each) > 5]
