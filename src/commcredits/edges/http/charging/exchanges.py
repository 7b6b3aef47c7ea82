"""One request and the answer it waits for.

Knows which command was asked and where the answer goes. Refuses to know when it comes, and in which order answers leave
(commcredits.edges.http.charging.connection).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from commcredits.core.outcomes import Outcome, RefusalCode, Refused
from commcredits.edges.http.charging.answers import Answer, answer_outcome, answer_problem
from commcredits.edges.http.charging.failures import log_failure
from commcredits.edges.http.problems import refusal_problem
from commcredits.operations.charging import ChargingCommand

_OK: Final = 200


class AnswerSink(Protocol):
    """The connection an exchange belongs to."""

    def answered(self, exchange: Exchange, status: int, body: bytes) -> None:
        """The answer is there; it leaves when every earlier one has left."""
        ...

    def weighed(self, commands_more: int) -> None:
        """A request turned out to hold more than one command."""
        ...


class Exchange:
    """One request in flight.

    ``command`` is what ``settle`` will tell the outcome of; ``payload`` is the finished response while it waits for its
    turn; ``connection_field`` goes into its header; ``weight`` is how many commands it counts for.
    """

    __slots__ = ("_sink", "bodiless", "command", "connection_field", "payload", "weight")

    def __init__(self, sink: AnswerSink, connection_field: bytes, *, bodiless: bool) -> None:
        self._sink = sink
        self.command: ChargingCommand | None = None
        self.connection_field = connection_field
        self.bodiless = bodiless
        self.payload: bytes | None = None
        self.weight = 1

    def settle(self, outcome: Outcome) -> None:
        """Answer with the outcome of the command; never raises, so that one answer harms no other."""
        assert self.command is not None
        status, body = _answer_safely(self.command, outcome)
        self._sink.answered(self, status, body)

    def answer(self, answer: Answer) -> None:
        """Answer with this."""
        self._sink.answered(self, *answer)

    def hold(self, commands: int) -> None:
        """Count for this many commands from now on."""
        self._sink.weighed(commands - self.weight)
        self.weight = commands


class BatchAnswers:
    """The answers of a batch's elements, collected until the last is there."""

    __slots__ = ("_bodies", "_exchange", "_missing")

    def __init__(self, exchange: Exchange, count: int) -> None:
        self._exchange = exchange
        self._bodies: list[bytes] = [b""] * count
        self._missing = count

    def put(self, index: int, body: bytes) -> None:
        """The answer to the element at this place; the array leaves when none is missing."""
        self._bodies[index] = body
        self._missing -= 1
        if not self._missing:
            self._exchange.answer(answer_array(self._bodies))


class BatchElement:
    """One command of a batch in flight."""

    __slots__ = ("_answers", "_command", "_index")

    def __init__(self, answers: BatchAnswers, index: int, command: ChargingCommand) -> None:
        self._answers = answers
        self._index = index
        self._command = command

    def settle(self, outcome: Outcome) -> None:
        """Put the outcome of the command in its place; never raises."""
        self._answers.put(self._index, _answer_safely(self._command, outcome)[1])


def answer_array(bodies: Sequence[bytes]) -> Answer:
    """The answer to a batch: an array of what its elements would have been answered one by one."""
    return _OK, b"[%b]" % b",".join(bodies)


def _answer_safely(command: ChargingCommand, outcome: Outcome) -> Answer:
    try:
        return answer_outcome(command, outcome)
    except Exception as error:  # noqa: BLE001 # the committer that calls back serves everybody: a bug stays in its answer
        log_failure("charging answer failed", error, session_id=command.session_id, outcome=type(outcome).__name__)
        return answer_problem(refusal_problem(Refused(code=RefusalCode.INTERNAL_ERROR)))
