"""Mail addresses: which texts we take for one.

Knows the plain form that mail in practice has: letters, digits and some marks, an @, a domain name with a dot. Refuses
quoted local parts, comments, literals and letters beyond ASCII, all of which RFC 5321 would allow and which mail
programs read in different ways, and everything that could end a header line. Refuses to know whether anybody reads mail
there.
"""

from __future__ import annotations

import re
from typing import Final

ADDRESS_CHARACTERS_MAX: Final = 254
"""RFC 5321 §4.5.3.1.3, less the angle brackets."""

_LOCAL_CHARACTERS_MAX: Final = 64
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_DOMAIN: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])",
    re.ASCII,
)

ALLOWED: Final = "a plain mail address such as billing@example.com, at most 254 characters"
"""Completes "must be …"."""


def is_mail_address(text: str) -> bool:
    """Whether this is an address that we send mail to."""
    local, at, domain = text.rpartition("@")
    return (
        len(text) <= ADDRESS_CHARACTERS_MAX
        and at == "@"
        and len(local) <= _LOCAL_CHARACTERS_MAX
        and _LOCAL.fullmatch(local) is not None
        and _DOMAIN.fullmatch(domain) is not None
    )


def domain_of(address: str) -> str:
    """What stands behind the @."""
    return address.rpartition("@")[2]
