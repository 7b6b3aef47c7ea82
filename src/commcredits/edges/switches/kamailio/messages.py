"""What is said over the link to Kamailio, as records: JSON objects, told apart by ``say`` one way and ``do`` the other.

Knows the words of the wire, which ``deploy/kamailio/kamailio-evapi.cfg`` writes and reads. Refuses to know what they
lead to.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from commcredits.core.commands import CallType, Service

_UINT32: Final = 2**32 - 1
USED_SECONDS_MAX: Final = 315_360_000
"""Ten years of 365 days: no call is longer, and nothing computed from it overflows."""

TransactionNumber = Annotated[int, Meta(ge=0, le=_UINT32)]
UsedSeconds = Annotated[int, Meta(ge=0, le=USED_SECONDS_MAX)]
RequestNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]
ReportKey = Annotated[str, Meta(pattern=r"\A[!-~]{1,200}\Z")]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]


# ---- what Kamailio says ----------------------------------------------------------------------------------------


class Asked(Struct, frozen=True, gc=False):
    """What is told of a call that wants to be made: the fields of ``CallRequest``, but for the link."""

    session_id: str
    caller: str
    callee: str
    organization_id: str = ""
    service: Service | None = None
    call_type: CallType | None = None
    user: str = ""
    conference_id: str = ""
    slice_seconds: int | None = None


class SaysAuthorise(Struct, frozen=True, gc=False, tag_field="say", tag="authorise"):
    """A call wants to be made; its INVITE waits in the transaction that ``tindex`` and ``tlabel`` name."""

    tindex: TransactionNumber
    tlabel: TransactionNumber
    session_id: str
    caller: str
    callee: str
    organization_id: str = ""
    service: Service | None = None
    call_type: CallType | None = None
    user: str = ""
    conference_id: str = ""
    slice_seconds: int | None = None


class SaysStart(Struct, frozen=True, gc=False, tag_field="say", tag="start"):
    """The call was answered; told until the report is taken.

    A call that nobody was asked about carries ``authorise`` in the place of its ids.
    """

    report: ReportKey
    session_id: str = ""
    organization_id: str = ""
    authorise: Asked | None = None


class SaysUpdate(Struct, frozen=True, gc=False, tag_field="say", tag="update"):
    """So much was used, and more is asked for."""

    session_id: str
    organization_id: str
    request_number: RequestNumber
    used_seconds: UsedSeconds
    slice_seconds: int | None = None


class SaysEnd(Struct, frozen=True, gc=False, tag_field="say", tag="end"):
    """The call is over; told until the report is taken."""

    report: ReportKey
    used_seconds: UsedSeconds
    session_id: str = ""
    organization_id: str = ""
    cause: str = ""
    authorise: Asked | None = None


class SaysCut(Struct, frozen=True, gc=False, tag_field="say", tag="cut"):
    """An order to cut this call was taken."""

    session_id: str


class SaysCalls(Struct, frozen=True, gc=False, tag_field="say", tag="calls"):
    """A part of a list: ``session id=organization id`` of each call, with ``=ending`` where it is over, and a space."""

    list: Count
    calls: str


class SaysListed(Struct, frozen=True, gc=False, tag_field="say", tag="listed"):
    """A list has ended; it had so many calls."""

    list: Count
    count: Count


class SaysPong(Struct, frozen=True, gc=False, tag_field="say", tag="pong"):
    """We are heard; ``active`` is 1 when this is the link that calls are told over, 0 while another one is."""

    active: int


Said = SaysAuthorise | SaysStart | SaysUpdate | SaysEnd | SaysCut | SaysCalls | SaysListed | SaysPong

decode_said: Final = msgspec.json.Decoder(Said).decode
"""What a message says. Raises msgspec.DecodeError (ValidationError where it is JSON of another shape)."""


# ---- what we tell it to do -------------------------------------------------------------------------------------


class DoHello(Struct, frozen=True, gc=False, tag_field="do", tag="hello"):
    """Who we are: the secret of the link."""

    secret: str


class DoPing(Struct, frozen=True, gc=False, tag_field="do", tag="ping"):
    """We are here."""


class DoGrant(Struct, frozen=True, gc=False, tag_field="do", tag="answer"):
    """The call may be made and last so long; ``organization_id`` is whose it is.

    The session id says which call to end should nobody wait for this any more.
    """

    tindex: int
    tlabel: int
    session_id: str
    granted_seconds: int
    organization_id: str
    status: int = 200


class DoRefuse(Struct, frozen=True, gc=False, tag_field="do", tag="answer"):
    """The call may not be made: the SIP status for its caller, and the code of the refusal."""

    tindex: int
    tlabel: int
    status: int
    code: str


class DoExtend(Struct, frozen=True, gc=False, tag_field="do", tag="extend"):
    """The call may last so long in all, counted from its answer."""

    session_id: str
    granted_seconds: int


class DoStay(Struct, frozen=True, gc=False, tag_field="do", tag="stay"):
    """The call may not last longer than it may already; ``code`` is why."""

    session_id: str
    code: str


class DoTold(Struct, frozen=True, gc=False, tag_field="do", tag="told"):
    """The report is taken, and need not come again."""

    report: str


class DoRenew(Struct, frozen=True, gc=False, tag_field="do", tag="renew"):
    """Ask for more now."""

    session_id: str


class DoCut(Struct, frozen=True, gc=False, tag_field="do", tag="cut"):
    """End the call; ``reason`` is the one word that both sides are told."""

    session_id: str
    reason: str


class DoList(Struct, frozen=True, gc=False, tag_field="do", tag="list"):
    """Say which calls run."""

    list: int


Done = DoHello | DoPing | DoGrant | DoRefuse | DoExtend | DoStay | DoTold | DoRenew | DoCut | DoList

encode_done: Final = msgspec.json.Encoder().encode
