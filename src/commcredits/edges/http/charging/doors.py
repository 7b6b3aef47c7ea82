"""Who may charge: whoever has the installation's token, and the switches that organizations gave keys.

Knows tokens and the keys in memory. Refuses to let a key charge anybody but its own organization: what it opens are
endpoints of its own, so a request with the installation's token costs nothing for there being keys, and a header that
was seen before is neither hashed nor compared again (commcredits.edges.http.charging.framing.KnownHeaders).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from commcredits.edges.http.charging.bearer import BearerToken
from commcredits.edges.http.charging.framing import Endpoint
from commcredits.operations.charging_keys import ChargingKey

_KEYS_MAX: Final = 4_096
_SCHEME: Final = b"bearer "

Confine = Callable[[ChargingKey], Mapping[Endpoint, Endpoint]]
"""The endpoints of one key, by the endpoints that the installation's token opens."""


class KeyFinder(Protocol):
    """Knows the keys of switches, from memory; ``operations.charging_keys.ChargingKeys`` is the one there is."""

    def find(self, text: str) -> ChargingKey | None:
        """The key that this text is, whether or not it has ended."""
        ...


class Doors:
    """The doors of one listener."""

    __slots__ = ("_confine", "_confined", "_keys", "_token")

    def __init__(self, token: BearerToken, keys: KeyFinder | None, confine: Confine) -> None:
        self._token = token
        self._keys = keys
        self._confine = confine
        self._confined: dict[ChargingKey, Mapping[Endpoint, Endpoint]] = {}

    def open(self, endpoint: Endpoint, authorization: bytes | None) -> Endpoint | None:
        """Who answers a request for this endpoint with this header Authorization; None for nobody.

        A key that has ended still opens its own endpoint, which answers as if it were none.
        """
        if self._token.opens(authorization):
            return endpoint
        if self._keys is None or authorization is None or authorization[: len(_SCHEME)].lower() != _SCHEME:
            return None
        key = self._keys.find(authorization[len(_SCHEME) :].strip().decode("latin-1"))
        if key is None:
            return None
        confined = self._confined.get(key)
        if confined is None:
            if len(self._confined) >= _KEYS_MAX:
                self._confined.clear()
            confined = self._confined[key] = self._confine(key)
        return confined[endpoint]
