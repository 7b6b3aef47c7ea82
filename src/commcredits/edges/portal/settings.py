"""What the portal is told when it is put together.

Knows its own few settings. Refuses to know where they come from: the composition root reads the environment.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from commcredits.operations.sign_in_providers import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSettings:
    """``idle_seconds`` and ``visit_seconds_max`` end a signed-in visit; the page looks again every ``live_seconds``.

    ``secure_cookies`` None sends cookies as Secure whenever the request came over TLS; set it to True behind a proxy
    that ends TLS and does not say so. ``origin`` is where people reach the portal, as ``https://credits.example.com``;
    without it there are no passkeys and no providers. Raises ValueError for an empty operator token: it would let
    everybody in, and forms could be forged.
    """

    operator_token: str = field(repr=False)
    operator_token_opens: bool = True
    idle_seconds: int = 1_800
    visit_seconds_max: int = 43_200
    live_seconds: int = 5
    secure_cookies: bool | None = None
    origin: str = ""
    providers: tuple[Provider, ...] = ()

    def __post_init__(self) -> None:
        if not self.operator_token.strip():
            raise ValueError("the portal needs an operator token")
        if self.idle_seconds < 1 or self.visit_seconds_max < 1 or self.live_seconds < 1:
            raise ValueError("the portal's durations are at least one second")
