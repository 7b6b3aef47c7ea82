"""What a browser is asked when it shall use or make a passkey.

Knows where passkeys hold, and challenges that nobody keeps: each belongs to a ticket that the form brings back. Refuses
to offer passkeys at an address for which browsers make none, such as a bare IP address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from webauthn import generate_authentication_options, generate_registration_options, options_to_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from commcredits.edges.portal.door import Door
from commcredits.edges.portal.page import Page
from commcredits.operations.passkeys import CHALLENGE_LASTS, Answer, Passkey, Site, handle_of

CREDENTIAL_CHARACTERS_MAX: Final = 12_000
"""Longest answer of a browser that is looked at."""

_LOCALHOST: Final = "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a button asks the browser: ``options`` are JSON; ``ticket`` comes back with the answer."""

    options: str
    ticket: str


def site_of(door: Door, page: Page) -> Site | None:
    """Where the passkeys of this portal hold; None where the page stands at another address, or browsers make none."""
    origin = urlsplit(door.settings.origin)
    host = origin.hostname or ""
    try:
        if not ip_address(host).is_loopback:
            return None
        host = _LOCALHOST
    except ValueError:
        pass
    if not host or (origin.scheme != "https" and host != _LOCALHOST) or page.request.url.hostname != host:
        return None
    port = "" if origin.port is None else f":{origin.port}"
    return Site(host=host, origin=f"{origin.scheme}://{host}{port}")


def ask_for_passkey(door: Door, page: Page, purpose: str) -> Question | None:
    """The question which passkey somebody has; None where there can be none."""
    site = site_of(door, page)
    if site is None:
        return None
    ticket = door.keeper.ticket(page.visit, purpose, {}, door.now())
    options = generate_authentication_options(
        rp_id=site.host,
        challenge=_challenge(door, ticket, purpose),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Question(options=options_to_json(options), ticket=ticket)


def ask_for_new_passkey(
    door: Door, page: Page, purpose: str, *, person_id: str, label: str, known: Sequence[Passkey] = ()
) -> Question | None:
    """The question to make a passkey for this person, called so; none that they have is made twice."""
    site = site_of(door, page)
    if site is None:
        return None
    ticket = door.keeper.ticket(page.visit, purpose, {"person": person_id}, door.now())
    options = generate_registration_options(
        rp_id=site.host,
        rp_name=page.speech.say("Communications Credits"),
        user_name=label,
        user_display_name=label,
        user_id=handle_of(person_id),
        challenge=_challenge(door, ticket, purpose),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each.credential_id) for each in known],
    )
    return Question(options=options_to_json(options), ticket=ticket)


def read_answer(door: Door, page: Page, purpose: str) -> tuple[Answer, str] | None:
    """The browser's answer to a question of this visit, and the person whom the question named, if any."""
    ticket = page.form.get("ticket", "")
    content = door.keeper.read_ticket(page.visit, purpose, ticket, door.now(), lasts=CHALLENGE_LASTS)
    credential = page.form.get("credential", "")
    if content is None or not credential or len(credential) > CREDENTIAL_CHARACTERS_MAX:
        return None
    answer = Answer(credential=credential, challenge=_challenge(door, ticket, purpose))
    return answer, str(content.get("person", ""))


def _challenge(door: Door, ticket: str, purpose: str) -> bytes:
    return door.keeper.secret_of(ticket, f"challenge {purpose}").encode()
