"""What ``agi://host/authorise``, ``/start`` and ``/end`` do.

Knows the arguments of each script, and the variables that a dial plan finds afterwards. Refuses to know streams, and
what money decides. Nothing of a call is kept here: session id and organization travel in the channel's own variables.

A call by FastAGI is granted once, for all that its organization can pay up to the settings' limit, because Dial()'s
``L()`` cannot be moved any more. So orders to extend or to cut are not for it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import structlog
from msgspec.structs import replace

from commcredits.core.commands import End, Start
from commcredits.core.outcomes import Granted, Refused
from commcredits.edges.switches.alarms import Timers
from commcredits.edges.switches.asterisk.call_arguments import read_call_arguments, read_values
from commcredits.edges.switches.asterisk.causes import REFUSAL_CAUSES, TEMPORARY_REFUSALS
from commcredits.edges.switches.asterisk.fastagi_dialog import AgiDialog
from commcredits.edges.switches.asterisk.fastagi_framing import AgiEnvironment
from commcredits.edges.switches.controlled_call import ControlledCall
from commcredits.edges.switches.last_word import LastWord
from commcredits.edges.switches.switch_side import ControlTerms
from commcredits.operations.charging import EMERGENCY_GRANT, CallRequest, ChargingDesk, Emergency, fit_session_id
from commcredits.operations.inputs import is_identifier

TERMS: Final = ControlTerms()
START_KEYS: Final = frozenset({"session", "organization"})
END_KEYS: Final = frozenset({"session", "organization", "answered_ms", "cause"})
_SESSION_ID: Final = re.compile(r"[A-Za-z0-9._:~-]{1,128}", re.ASCII)
"""Session ids that pass through a dial plan unharmed."""

_MILLISECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_log: Final = structlog.get_logger("asterisk")


class FastAgiScripts:
    """The scripts; one for all connections."""

    def __init__(self, *, desk: ChargingDesk, timers: Timers, name: str, slice_seconds: int) -> None:
        self._desk = desk
        self._timers = timers
        self._name = name
        self._slice_seconds = slice_seconds
        self._last_words: set[LastWord] = set()

    async def run(self, dialog: AgiDialog, environment: AgiEnvironment, peer: str) -> bool:
        """Do what was asked for; False for a script that there is not. Raises what the dialog raises."""
        match environment.script.partition("?")[0].strip("/"):
            case "authorise":
                await self._authorise(dialog, environment, peer)
            case "start":
                await self._start(environment.arguments)
            case "end":
                await self._end(environment.arguments)
            case _:
                return False
        return True

    def stop(self) -> None:
        """Tell no end again."""
        for word in self._last_words:
            word.cancel()

    # ---- authorise -------------------------------------------------------------------------------------------------

    async def _authorise(self, dialog: AgiDialog, environment: AgiEnvironment, peer: str) -> None:
        session_id = self._session_id(environment, peer)
        told = read_call_arguments(environment.arguments, session_id=session_id, switch=f"asterisk:{self._name}")
        request = told.request
        if request.slice_seconds is None:
            request = replace(request, slice_seconds=self._slice_seconds)
        if told.wrong is not None and not isinstance(self._desk.identify(request), Emergency):
            _log.warning("call refused, for its arguments are wrong", peer=peer, field=told.wrong.facts["field"])
            await _tell_refusal(dialog, told.wrong)
            return
        question = _Question(self._desk, self._timers, request)
        try:
            answer = await question.answer
            if isinstance(answer, Refused):
                await _tell_refusal(dialog, answer)
                return
            await dialog.set_variable("COMMCREDITS_SESSION", session_id)
            await dialog.set_variable("COMMCREDITS_ORGANIZATION", question.call.organization_id)
            await dialog.set_variable("COMMCREDITS_LIMIT_MS", answer.granted_seconds * 1_000)
            if not dialog.hung_up:
                # From here on the dial plan may dial, whether we hear of it or not.
                question.told = True
                await dialog.set_variable("COMMCREDITS_RESULT", "granted")
        finally:
            question.close(hung_up=dialog.hung_up)

    def _session_id(self, environment: AgiEnvironment, peer: str) -> str:
        """Made of what Asterisk calls the channel: the same for a script that is run twice on it."""
        session_id = fit_session_id(self._name, peer, environment.unique_id)
        if environment.unique_id and _SESSION_ID.fullmatch(session_id):
            return session_id
        digest = blake2b(environment.unique_id.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
        return fit_session_id(self._name, digest)

    # ---- start and end ---------------------------------------------------------------------------------------------

    async def _start(self, arguments: Sequence[str]) -> None:
        found = await self._call_of(arguments, START_KEYS)
        if found is None:
            return
        organization_id, session_id, _values = found
        outcome = await self._desk.execute(Start(organization_id=organization_id, session_id=session_id))
        if isinstance(outcome, Refused):
            _log.warning("answer of a call not taken", session_id=session_id, code=outcome.code.value)

    async def _end(self, arguments: Sequence[str]) -> None:
        found = await self._call_of(arguments, END_KEYS)
        if found is None:
            return
        organization_id, session_id, values = found
        milliseconds = values.get("answered_ms", "")
        used_seconds = -(-int(milliseconds) // 1_000) if _MILLISECONDS.fullmatch(milliseconds) else 0
        command = End(
            organization_id=organization_id,
            session_id=session_id,
            used_seconds=used_seconds,
            cause=values.get("cause", "")[:64],
        )
        taken = asyncio.Event()

        def done() -> None:
            self._last_words.discard(word)
            taken.set()

        word = LastWord(command, desk=self._desk, timers=self._timers, terms=TERMS, done=done)
        self._last_words.add(word)
        word.send()
        try:
            # A hang-up handler waits for us: whatever takes longer goes on without it.
            async with asyncio.timeout(TERMS.ask_seconds_max):
                await taken.wait()
        except TimeoutError:
            _log.warning("end of a call is told later", session_id=session_id)

    async def _call_of(self, arguments: Sequence[str], keys: frozenset[str]) -> tuple[str, str, dict[str, str]] | None:
        values, wrong = read_values(arguments, keys)
        session_id, organization_id = values.get("session", ""), values.get("organization", "")
        if wrong is not None or _SESSION_ID.fullmatch(session_id) is None:
            _log.warning("report of a call is none", reason="its arguments are wrong")
            return None
        if not is_identifier(organization_id):
            organization_id = await self._desk.find_organization(session_id, f"asterisk:{self._name}") or ""
        if not organization_id:
            # An emergency that nobody pays for has none either.
            _log.info("report of a call that nobody pays for", session_id=session_id)
            return None
        return organization_id, session_id, values


class _Question:
    """One call as it is asked for: the side of a switch that waits for the first answer and for nothing else."""

    def __init__(self, desk: ChargingDesk, timers: Timers, request: CallRequest) -> None:
        self.answer: asyncio.Future[Granted | Refused] = asyncio.get_running_loop().create_future()
        self.told = False
        self.call = ControlledCall(
            desk=desk,
            side=self,
            timers=timers,
            session_id=request.session_id,
            over=lambda _call: None,
            terms=TERMS,
            slice_seconds=request.slice_seconds,
        )
        self.call.ask(request)

    def close(self, *, hung_up: bool) -> None:
        """Let go of the call; one whose dial plan cannot have dialled is over, and holds nothing."""
        if hung_up or not self.told:
            self.call.hung_up(0, "not_dialled")
        self.call.forget()

    def admit(self, organization_id: str, granted: Granted | None) -> None:
        """See SwitchSide."""
        del organization_id
        self._settle(EMERGENCY_GRANT if granted is None else granted)

    def refuse(self, refused: Refused) -> None:
        """See SwitchSide."""
        self._settle(refused)

    def limit_to(self, granted_seconds: int) -> None:
        """See SwitchSide: cannot be."""

    def hang_up(self, cause: str) -> None:
        """See SwitchSide: cannot be."""

    def warn(self, seconds_left: int) -> None:
        """See SwitchSide: Dial() warns by itself, where its options say so."""

    def _settle(self, answer: Granted | Refused) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


async def _tell_refusal(dialog: AgiDialog, refused: Refused) -> None:
    await dialog.set_variable("COMMCREDITS_REASON", refused.code.value)
    await dialog.set_variable("COMMCREDITS_CAUSE", REFUSAL_CAUSES[refused.code])
    result = "unavailable" if refused.code in TEMPORARY_REFUSALS else "refused"
    await dialog.set_variable("COMMCREDITS_RESULT", result)
