"""What the key of a switch may ask: commands of its own organization, while the key lasts.

Knows one key. Refuses to tell a command of another organization from one of an organization that does not exist, or a
number of another from a number of nobody. An emergency call passes as any does (domain.md §5, row 20); one that names
another organization leaves no record there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.charging.answers import answer_problem
from commcredits.edges.http.charging.emergency import EmergencyCall
from commcredits.edges.http.charging.endpoints import ChargingEndpoints
from commcredits.edges.http.charging.exchanges import Exchange
from commcredits.edges.http.charging.framing import Endpoint
from commcredits.edges.http.charging.limits import ListenerLimits
from commcredits.edges.http.charging.reading import CommandReader, Reading
from commcredits.edges.http.problems import HttpFault, Problem, fault_problem, refusal_problem
from commcredits.operations.charging import Submitter
from commcredits.operations.charging_keys import ChargingKey

_NOBODYS_NUMBER: Final = RefusalCode.UNKNOWN_NUMBER.value


def confined_endpoints(
    endpoints: Mapping[bytes, Endpoint],
    submitter: Submitter,
    reader: CommandReader,
    limits: ListenerLimits,
    now: Callable[[], datetime],
    key: ChargingKey,
) -> Mapping[Endpoint, Endpoint]:
    """The endpoints that a key opens, by those of everybody."""
    own = ChargingEndpoints(submitter, ConfinedReader(reader, key), limits).by_path()
    return {
        endpoint: Endpoint(body_bytes_max=endpoint.body_bytes_max, take=partial(_take, own[path].take, now, key))
        for path, endpoint in endpoints.items()
    }


class ConfinedReader:
    """Reads bodies as the listener's own reader does, and leaves of them what the key may ask."""

    __slots__ = ("_key", "_reader")

    def __init__(self, reader: CommandReader, key: ChargingKey) -> None:
        self._reader = reader
        self._key = key

    def read_authorise(self, raw: bytes) -> Reading:
        """The body of ``POST /v1/charging/authorise``."""
        return self._confined(self._reader.read_authorise(raw))

    def read_start(self, raw: bytes) -> Reading:
        """The body of ``POST /v1/charging/start``."""
        return self._confined(self._reader.read_start(raw))

    def read_update(self, raw: bytes) -> Reading:
        """The body of ``POST /v1/charging/update``."""
        return self._confined(self._reader.read_update(raw))

    def read_end(self, raw: bytes) -> Reading:
        """The body of ``POST /v1/charging/end``."""
        return self._confined(self._reader.read_end(raw))

    def read_batch(self, raw: bytes, commands_max: int) -> list[Reading] | Problem:
        """The body of ``POST /v1/charging/batch``: each element for itself."""
        readings = self._reader.read_batch(raw, commands_max)
        return readings if isinstance(readings, Problem) else [self._confined(each) for each in readings]

    def _confined(self, reading: Reading) -> Reading:
        if isinstance(reading, Problem):
            return _foreign() if reading.document.get("code") == _NOBODYS_NUMBER else reading
        if reading.organization_id == self._key.organization_id:
            return reading
        if isinstance(reading, EmergencyCall):
            return EmergencyCall(organization_id=None, session_id=reading.session_id, command=None)
        return _foreign()


def _take(
    take: Callable[[Exchange, bytes], None],
    now: Callable[[], datetime],
    key: ChargingKey,
    exchange: Exchange,
    raw: bytes,
) -> None:
    """Hand a request on while the key lasts; that it was right once does not count."""
    if now() >= key.ends_at:
        exchange.answer(answer_problem(fault_problem(HttpFault.UNAUTHORISED)))
        return
    key.is_used = True
    take(exchange, raw)


def _foreign() -> Problem:
    return refusal_problem(Refused(code=RefusalCode.UNKNOWN_ORGANIZATION))
