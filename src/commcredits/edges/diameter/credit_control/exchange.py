"""One request on its way to its answer: what became of each of its groups, and the answer when the last one is known.

Knows how the groups make a message. Refuses to know what becomes of a group.
"""

from __future__ import annotations

from collections.abc import Callable

from commcredits.edges.diameter.credit_control.dialogues import Dialogue, Reply
from commcredits.edges.diameter.credit_control.dictionary import RequestType
from commcredits.edges.diameter.credit_control.reading import CreditControlRequest
from commcredits.edges.diameter.credit_control.results import SUCCESS, is_temporary, result_of_message
from commcredits.edges.diameter.credit_control.writing import GroupAnswer, write_body, write_cost, write_groups
from commcredits.edges.diameter.messages import Identity

Send = Callable[[Reply], None]
"""Sends an answer to whoever asked."""


class Exchange:
    """A request and its reply. ``settle`` is called once for each group, in any order."""

    __slots__ = ("_answers", "_identity", "_left", "_on_result", "dialogue", "reply", "request", "spared")

    def __init__(
        self,
        request: CreditControlRequest,
        dialogue: Dialogue,
        identity: Identity,
        send: Send,
        on_result: Callable[[Exchange, int], None],
    ) -> None:
        self.request = request
        self.dialogue = dialogue
        self.reply = Reply(request.content)
        self.reply.waiting.append(send)
        self.spared = False
        """Whether the session goes on whatever becomes of these groups, because it has others."""
        self._identity = identity
        self._answers: list[GroupAnswer | None] = [None] * len(request.groups)
        self._left = len(request.groups)
        self._on_result = on_result

    def settle(self, index: int, answer: GroupAnswer) -> None:
        """What became of one group; a second time it is not heard."""
        if self._answers[index] is None:
            self._answers[index] = answer
            self._left -= 1
            if self._left == 0:
                self._finish([each for each in self._answers if each is not None])

    def _finish(self, answers: list[GroupAnswer]) -> None:
        request, reply = self.request, self.reply
        first = answers[0].result
        result = first if len(answers) == 1 else result_of_message([answer.result for answer in answers])
        if self.spared and result != SUCCESS and not is_temporary(result) and request.groups[0].label:
            result = SUCCESS
        told = None
        if result != SUCCESS:
            told = next((answer for answer in answers if answer.result == result), None)
        body = b""
        if not is_temporary(result):
            three_gpp = request.is_three_gpp
            pairs = zip(request.groups, answers, strict=True)
            body = b"".join([write_groups(group, answer, three_gpp=three_gpp) for group, answer in pairs])
            body += _cost_of(request, answers) + next((answer.extra for answer in answers if answer.extra), b"")
        reply.result = result
        reply.avps = write_body(
            request,
            self._identity,
            result,
            body,
            code="" if told is None else told.code,
            failed=b"" if told is None else told.failed,
        )
        # The session's state is right before anybody hears of it.
        self._on_result(self, result)
        waiting, reply.waiting = reply.waiting, []
        for send in waiting:
            send(reply)


def _cost_of(request: CreditControlRequest, answers: list[GroupAnswer]) -> bytes:
    """What a session has cost, at its end; all of its groups are one organization's, in one currency."""
    if request.type not in (RequestType.TERMINATION, RequestType.EVENT):
        return b""
    costs = [answer.cost_micros for answer in answers if answer.cost_micros is not None]
    currency = next((answer.currency for answer in answers if answer.currency), "")
    return write_cost(sum(costs), currency) if costs and currency else b""
