"""The methods by name: who takes each, in which form it is answered, and what needs no command.

Knows the names of three generations: SMGenericV1, SessionSv1 and SessionSv1 with a digest. Refuses to know what becomes
of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from commcredits.edges.switches.cgrates import refusals
from commcredits.edges.switches.cgrates.asked import Asked
from commcredits.edges.switches.cgrates.beginning import Beginning
from commcredits.edges.switches.cgrates.ending import OK, Ending
from commcredits.edges.switches.cgrates.events import asks_for, read_event
from commcredits.edges.switches.cgrates.messages import Request, write_error, write_result
from commcredits.edges.switches.cgrates.replies import Form, nothing
from commcredits.edges.switches.cgrates.updating import Updating

PONG: Final = "Pong"
_PINGS: Final = frozenset({"SessionSv1.Ping", "CoreSv1.Ping", "Responder.Ping"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Method:
    take: Callable[[Asked], None]
    form: Form
    flag: str
    """What a request of this method asks for where it says what it asks for; empty: it always does."""


class Methods:
    """Takes requests. ``synchronise`` compares the calls of a client with ours, soon."""

    __slots__ = ("_methods", "_status", "_synchronise")

    def __init__(
        self,
        *,
        beginning: Beginning,
        ending: Ending,
        updating: Updating,
        status: Callable[[], Mapping[str, object]],
        synchronise: Callable[[str], None],
    ) -> None:
        self._status = status
        self._synchronise = synchronise
        authorise, initiate, update = beginning.authorise, beginning.initiate, updating.update
        plain, digest, flat = Form.OBJECT, Form.DIGEST, Form.PLAIN
        self._methods: dict[str, _Method] = {
            "SessionSv1.AuthorizeEvent": _Method(take=authorise, form=plain, flag="GetMaxUsage"),
            "SessionSv1.AuthorizeEventWithDigest": _Method(take=authorise, form=digest, flag="GetMaxUsage"),
            "SessionSv1.InitiateSession": _Method(take=initiate, form=plain, flag="InitSession"),
            "SessionSv1.InitiateSessionWithDigest": _Method(take=initiate, form=digest, flag="InitSession"),
            "SessionSv1.UpdateSession": _Method(take=update, form=plain, flag="UpdateSession"),
            "SessionSv1.TerminateSession": _Method(take=ending.terminate, form=plain, flag="TerminateSession"),
            "SessionSv1.ProcessCDR": _Method(take=ending.process_cdr, form=plain, flag=""),
            "SMGenericV1.GetMaxUsage": _Method(take=authorise, form=flat, flag=""),
            "SMGenericV1.MaxUsage": _Method(take=authorise, form=flat, flag=""),
            "SMGenericV1.InitiateSession": _Method(take=initiate, form=flat, flag=""),
            "SMGenericV1.UpdateSession": _Method(take=update, form=flat, flag=""),
            "SMGenericV1.TerminateSession": _Method(take=ending.terminate, form=flat, flag=""),
            "SMGenericV1.ProcessCDR": _Method(take=ending.process_cdr, form=flat, flag=""),
        }

    def take(self, request: Request, switch: str, answer: Callable[[bytes], None]) -> None:
        """Take a request of a client; ``answer`` is called exactly once, at once or later."""
        method = self._methods.get(request.method)
        if method is None:
            answer(self._answer_simple(request, switch))
            return

        def done(result: object) -> None:
            answer(write_result(request, result))

        def failed(error: str) -> None:
            answer(write_error(request, error))

        if method.flag and not asks_for(request.params, method.flag):
            done(nothing(method.form))
            return
        method.take(Asked(event=read_event(request.params), switch=switch, form=method.form, done=done, failed=failed))

    def _answer_simple(self, request: Request, switch: str) -> bytes:
        if request.method in _PINGS:
            return write_result(request, PONG)
        if request.method == "CoreSv1.Status":
            return write_result(request, self._status())
        if request.method == "SessionSv1.SyncSessions":
            self._synchronise(switch)
            return write_result(request, OK)
        return write_error(request, refusals.unknown_method(request.method))
