"""The five charging paths: read the body, hand the command on, answer what needs no command.

Knows the submitter. Refuses to know connections, and what the submitter does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Protocol

import structlog

from commcredits.core.outcomes import Outcome, Refused
from commcredits.edges.http.charging.answers import answer_emergency, answer_problem
from commcredits.edges.http.charging.emergency import EmergencyCall
from commcredits.edges.http.charging.exchanges import BatchAnswers, BatchElement, Exchange, answer_array
from commcredits.edges.http.charging.framing import Endpoint
from commcredits.edges.http.charging.limits import ListenerLimits
from commcredits.edges.http.charging.reading import Reading
from commcredits.edges.http.problems import Problem
from commcredits.operations.charging import Submitter

CHARGING_PATH: Final = "/v1/charging/"
_log: Final = structlog.get_logger(__name__)


class Reader(Protocol):
    """Reads bodies; ``CommandReader`` does, and what stands around one for a key (see ``confining``)."""

    def read_authorise(self, raw: bytes) -> Reading:
        """The body of ``POST /v1/charging/authorise``."""
        ...

    def read_start(self, raw: bytes) -> Reading:
        """The body of ``POST /v1/charging/start``."""
        ...

    def read_update(self, raw: bytes) -> Reading:
        """The body of ``POST /v1/charging/update``."""
        ...

    def read_end(self, raw: bytes) -> Reading:
        """The body of ``POST /v1/charging/end``."""
        ...

    def read_batch(self, raw: bytes, commands_max: int) -> list[Reading] | Problem:
        """The body of ``POST /v1/charging/batch``, element by element."""
        ...


class ChargingEndpoints:
    """The paths of one listener."""

    __slots__ = ("_limits", "_reader", "_submit")

    def __init__(self, submitter: Submitter, reader: Reader, limits: ListenerLimits) -> None:
        self._submit = submitter.submit
        self._reader = reader
        self._limits = limits

    def by_path(self) -> Mapping[bytes, Endpoint]:
        """Each path with what stands there."""
        reader = self._reader
        readers: dict[str, Callable[[bytes], Reading]] = {
            "authorise": reader.read_authorise,
            "start": reader.read_start,
            "update": reader.read_update,
            "end": reader.read_end,
        }
        single = {
            f"{CHARGING_PATH}{name}".encode(): Endpoint(
                body_bytes_max=self._limits.single_body_bytes_max, take=partial(self._take_single, read)
            )
            for name, read in readers.items()
        }
        batch = Endpoint(body_bytes_max=self._limits.batch_body_bytes_max, take=self._take_batch)
        return {**single, f"{CHARGING_PATH}batch".encode(): batch}

    def _take_single(self, read: Callable[[bytes], Reading], exchange: Exchange, raw: bytes) -> None:
        reading = read(raw)
        if isinstance(reading, Problem):
            exchange.answer(answer_problem(reading))
        elif isinstance(reading, EmergencyCall):
            exchange.answer(answer_emergency(reading))
            self._record(reading)
        else:
            exchange.command = reading
            self._submit(reading, exchange.settle)

    def _take_batch(self, exchange: Exchange, raw: bytes) -> None:
        readings = self._reader.read_batch(raw, self._limits.batch_commands_max)
        if isinstance(readings, Problem):
            exchange.answer(answer_problem(readings))
            return
        if not readings:
            exchange.answer(answer_array([]))
            return
        exchange.hold(len(readings))
        answers = BatchAnswers(exchange, len(readings))
        for index, reading in enumerate(readings):
            if isinstance(reading, Problem):
                answers.put(index, answer_problem(reading)[1])
            elif isinstance(reading, EmergencyCall):
                answers.put(index, answer_emergency(reading)[1])
                self._record(reading)
            else:
                self._submit(reading, BatchElement(answers, index, reading).settle)

    def _record(self, call: EmergencyCall) -> None:
        """Leave the record of an emergency call that was let through already."""
        if call.command is None:
            _log.warning("emergency call let through without a record", session_id=call.session_id)
        else:
            self._submit(call.command, partial(_recorded, call.session_id))


def _recorded(session_id: str, outcome: Outcome) -> None:
    if isinstance(outcome, Refused):
        _log.warning("emergency call let through without a record", session_id=session_id, code=outcome.code.value)
