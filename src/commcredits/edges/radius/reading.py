"""Packets of an access server → what they say of a call.

Knows which attribute says what, and how access servers write numbers. Refuses to know what a call will be granted.
"""

from __future__ import annotations

import re
from typing import Final

from commcredits.core.numbers import EMERGENCY_NUMBERS
from commcredits.edges.radius.attributes import Attribute
from commcredits.edges.radius.clients import Client, read_address
from commcredits.edges.radius.packets import Packet
from commcredits.operations.charging import CallRequest, fit_session_id, user_is_fit

SECONDS_MAX: Final = 315_360_000
"""Ten years of 365 days: no call is longer, and nothing computed from it overflows."""

_IPV4_BYTES: Final = 4
_IPV6_BYTES: Final = 16
_SCHEME: Final = re.compile(r"(?:sips?|tel):", re.IGNORECASE)
_AFTER_NUMBER: Final = re.compile(r"[@;].*", re.DOTALL)
_SEPARATORS: Final = str.maketrans("", "", " -.()")
_DIGITS: Final = re.compile(r"\+?[0-9]+", re.ASCII)
_UNIQUE_CHARACTERS: Final = 16


def read_call(client: Client, packet: Packet, session_id: str, switch: str) -> CallRequest:
    """The call that an Access-Request asks for; whatever is wrong with it, the desk says so.

    Passwords (User-Password, CHAP-Password) are not looked at: who sends the packet is proven, and it has checked its
    callers.
    """
    user_name = packet.text(Attribute.USER_NAME)
    caller = packet.text(Attribute.CALLING_STATION_ID)
    if not caller and not client.user_name_is_user:
        caller = user_name
    return CallRequest(
        session_id=session_id,
        caller=read_number(client, caller),
        callee=read_number(client, packet.text(Attribute.CALLED_STATION_ID)),
        switch=switch,
        organization_id=client.organization_id,
        call_type=client.call_type,
        user=user_name if client.user_name_is_user and user_is_fit(user_name) else "",
        slice_seconds=client.slice_seconds,
    )


def read_number(client: Client, text: str) -> str:
    """A number as +E.164, or an emergency number as it was dialled; text that is no number as it is.

    Without a prefix of the client's, digits are taken for an international number that lost its plus sign.
    """
    number = _AFTER_NUMBER.sub("", _SCHEME.sub("", text.strip(), count=1)).translate(_SEPARATORS)
    if number in EMERGENCY_NUMBERS or number.startswith("+") or not _DIGITS.fullmatch(number):
        return number
    international, national = client.international_prefix, client.national_prefix
    if international and number.startswith(international):
        return f"+{number[len(international) :]}"
    if client.country_code and number.startswith(national):
        return f"+{client.country_code}{number[len(national) :]}"
    return f"+{number}"


def new_session_id(client: Client, packet: Packet) -> str:
    """The id of the call that an Access-Request asks for.

    Access servers use their ids of calls again after a restart, and a session id is used once (decision record 0005):
    a part of the request's authenticator, which is never the same twice (RFC 2865 §3), makes it unique. The same packet
    gives the same id, also after a restart of ours.
    """
    unique = packet.authenticator.hex()[:_UNIQUE_CHARACTERS]
    return fit_session_id(client.name, packet.text(Attribute.ACCT_SESSION_ID), unique)


def acct_session_id_of(session_id: str) -> str:
    """What the access server itself calls the call of a session id; empty where the id does not hold it whole."""
    parts = session_id.split("~")
    whole = len(parts) >= 3 and len(parts[-1]) == _UNIQUE_CHARACTERS  # noqa: PLR2004 - a name, its id, what makes it unique
    return "~".join(parts[1:-1]) if whole else ""


def name_of_switch(packet: Packet) -> str:
    """What the access server calls itself (RFC 2865 §5.32, §5.4; RFC 3162 §2.1); empty when it does not say."""
    name = packet.text(Attribute.NAS_IDENTIFIER)
    if name:
        return name
    for attribute in (Attribute.NAS_IP_ADDRESS, Attribute.NAS_IPV6_ADDRESS):
        value = packet.firsts.get(attribute)
        if value is not None and len(value) in {_IPV4_BYTES, _IPV6_BYTES}:
            dotted = len(value) == _IPV4_BYTES
            octets = ".".join(str(octet) for octet in value) if dotted else value.hex(":", 2)
            return str(read_address(octets) or "")
    return ""


def read_seconds(packet: Packet, attribute: Attribute) -> int | None:
    """A duration; None when there is none, or none that a call can have."""
    seconds = packet.number(attribute)
    return seconds if seconds is not None and seconds <= SECONDS_MAX else None
