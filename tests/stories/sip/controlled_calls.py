"""Calls between two handsets through a Kamailio with a control endpoint, and what that endpoint is told and says.

Knows what a handset does in which order. Refuses to know what charging makes of a call.
"""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from tests.stories.sip.charging_stand_in import Books, StandInSession
from tests.stories.sip.handset import Handset, Heard

CALLER: Final = "+40721000001"
CALLEE: Final = "+49311000001"


def session_of(books: Books, call_id: str) -> StandInSession:
    """The one session of the call with this Call-ID."""
    (session,) = [session for session in books.sessions.values() if session.session_id.startswith(f"{call_id}~")]
    return session


def ring(caller: Handset, callee: Handset, call_id: str, number: str = CALLER) -> Heard:
    """The INVITE of a new call that rings at the callee's."""
    caller.request("INVITE", number, CALLEE, call_id)
    invite = callee.hear("INVITE")
    assert invite is not None
    callee.answer(invite, "180 Ringing")
    return invite


def answer_call(caller: Handset, callee: Handset, invite: Heard, number: str = CALLER) -> Heard:
    """The 200 OK that the caller got and acknowledged."""
    callee.answer(invite, "200 OK")
    answer = caller.final_answer("1 INVITE")
    assert answer is not None
    assert answer.status_code == 200
    caller.acknowledge(number, CALLEE, answer)
    assert callee.hear("ACK") is not None
    return answer


def connect(caller: Handset, callee: Handset, call_id: str, number: str = CALLER) -> Heard:
    """The same of a new call."""
    return answer_call(caller, callee, ring(caller, callee, call_id, number), number)


def hang_up(caller: Handset, callee: Handset, answer: Heard) -> None:
    """The caller hangs up, and the callee says yes to it."""
    caller.within("BYE", CALLER, CALLEE, answer, cseq=2)
    bye = callee.hear("BYE")
    assert bye is not None
    callee.answer(bye, "200 OK")
    assert caller.final_answer("2 BYE") is not None


def answer_byes(*sides: Handset) -> list[Heard]:
    """The BYE of each side, answered.

    Kamailio sends the second to nobody once the first was answered, which only a telephone beside it is quick enough
    for (https://github.com/kamailio/kamailio/issues/4169); so both are heard first.
    """
    byes = []
    for side in sides:
        bye = side.hear("BYE")
        assert bye is not None
        byes.append(bye)
    for side, bye in zip(sides, byes, strict=True):
        side.answer(bye, "200 OK")
    return byes


def order(control: httpx.Client, *orders: Mapping[str, str]) -> list[str]:
    """What became of each of these orders."""
    answer = control.post("/orders", json={"orders": orders})
    assert answer.status_code == 200
    outcomes: list[str] = answer.json()["outcomes"]
    return outcomes


def listed_calls(control: httpx.Client) -> dict[str, str]:
    """Each call of the list, and whose it is; with the word "ending" after that where it is over."""
    overview = control.post("/calls", json={}).json()
    assert overview["switch"] == "kamailio:proxy"
    calls: list[Mapping[str, Any]] = []
    for page in range(1, overview["pages"] + 1):
        calls += control.post("/calls/page", json={"list": overview["list"], "page": page}).json()["calls"]
    assert len(calls) == overview["calls"]
    return {each["session_id"]: each["organization_id"] + " ending" * each.get("ending", False) for each in calls}
