"""The forms of addresses in settings.

Knows ports, networks, names, and how a host and its port are written. Refuses to know who listens there.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, Field, SecretStr

Port = Annotated[int, Field(ge=0, le=65_535)]
"""A port to listen on; 0 takes any that is free."""

ORIGIN: Final = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]{1,253})(:[0-9]{1,5})?", re.ASCII)
"""Scheme, host and perhaps a port: what every address of one site begins with."""

_HOST_AND_PORT: Final = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:/\[\]]+):([0-9]{1,5})", re.ASCII)
_PORT_MAX: Final = 65_535


def split_address(text: str) -> tuple[str, int]:
    """Host and port of ``host:port`` or ``[IPv6]:port``. ValueError with what is allowed."""
    match = _HOST_AND_PORT.fullmatch(text)
    if match is None or not 0 < int(match[2]) <= _PORT_MAX:
        raise ValueError(f"{text!r} is not host:port, such as 192.0.2.7:8021 or [2001:db8::7]:8021")
    return match[1].strip("[]"), int(match[2])


def _checked(text: str) -> str:
    split_address(text)
    return text


Address = Annotated[str, AfterValidator(_checked)]
"""Where somebody else listens: ``host:port``."""


def _checked_network(text: str) -> str:
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no address or network, such as 192.0.2.7 or 2001:db8::/64") from None
    try:
        ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is an address within a network: write {meant} for all of it") from None
    return text


Network = Annotated[str, AfterValidator(_checked_network)]
"""Where somebody comes from: a network as ``192.0.2.0/24``, or one address."""

SwitchName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,48}$")]
"""What an operator calls a switch; it stands on every call that the switch asks for."""

OrganizationId = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", description="A UUID.")
]
"""Whose calls are meant, as a UUID in lower case."""


def plain_settings(value: object) -> Any:
    """Settings as JSON values, secrets included: for the environment of our own processes, and for nobody else."""
    match value:
        case BaseModel():
            # Under the names that they are read by, of which Python could not use all.
            fields = type(value).model_fields.items()
            return {field.alias or name: plain_settings(getattr(value, name)) for name, field in fields}
        case SecretStr():
            return value.get_secret_value()
        case Path():
            return str(value)
        case dict():
            return {key: plain_settings(each) for key, each in value.items()}
        case tuple() | list():
            return [plain_settings(each) for each in value]
        case _:
            return value
