"""Settings of mail: the server that takes it, and whom it is from.

Knows names, defaults and limits. Refuses to know what is written.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from commcredits.core.mail_addresses import ALLOWED, is_mail_address

_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_HOST: Final = re.compile(r"[A-Za-z0-9._:-]{1,253}", re.ASCII)
_UNSHOWABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff<>\"]")


class MailSettings(BaseModel):
    """The server that takes our mail (SMTP submission, RFC 6409)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(description="The mail server.")
    port: int | None = Field(
        default=None, ge=1, le=65_535, description="Its port; none: 587 for starttls, 465 for tls, 25 for none."
    )
    tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the way there is encrypted; none takes no password, but on this machine."
    )
    user: str = Field(default="", max_length=254, description="Who we sign in as; empty: nobody.")
    password: SecretStr | None = Field(default=None, description="Our password there.")
    sender_address: str = Field(description="The address that mail is from.")
    sender_name: str = Field(default="", max_length=100, description="The name that mail is from.")
    reply_to: str = Field(default="", description="Where answers go; empty: to the sender.")
    seconds: int = Field(default=30, ge=5, le=120, description="How long one mail may take to be handed over.")
    late_days: int = Field(
        default=3, ge=1, le=60, description="A notice that nobody was told of for so long is not mailed any more."
    )

    @field_validator("host")
    @classmethod
    def _a_host(cls, host: str) -> str:
        if _HOST.fullmatch(host) is None:
            raise ValueError("is not the name or address of a host")
        return host

    @field_validator("sender_address", "reply_to")
    @classmethod
    def _an_address(cls, address: str) -> str:
        if address and not is_mail_address(address):
            raise ValueError(f"must be {ALLOWED}")
        return address

    @field_validator("sender_name", "user")
    @classmethod
    def _on_one_line(cls, text: str) -> str:
        if _UNSHOWABLE.search(text):
            raise ValueError("must be on one line, without quotes and angle brackets")
        return text

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.sender_address:
            raise ValueError("sender_address is empty")
        if bool(self.user) != (self.password is not None):
            raise ValueError("user and password are given together, or neither")
        if self.user and self.tls == "none" and not _is_this_machine(self.host):
            raise ValueError("a password is sent over an encrypted way alone: choose tls or starttls")
        return self

    @property
    def port_in_use(self) -> int:
        """The port, or the usual one."""
        return self.port or _PORTS[self.tls]


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
