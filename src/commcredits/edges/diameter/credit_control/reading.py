"""A Credit-Control-Request as it is read: what it asks for, group by group (RFC 8506 §3.1; TS 32.299 §6.4.2).

Knows which AVPs matter and what each may hold. Refuses to know sessions and answers. AVPs that nobody here needs are
passed over whatever they hold: clients send many, and some of them wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from commcredits.edges.diameter.avps import Avp, FaultError, missing_avp, read_avps
from commcredits.edges.diameter.credit_control import dictionary as cc
from commcredits.edges.diameter.credit_control.dictionary import Action, RequestType, SubscriptionType
from commcredits.edges.diameter.dictionary import ORIGIN_HOST, PROXY_INFO, SESSION_ID

SESSION_ID_OCTETS_MAX: Final = 512
GROUPS_MAX: Final = 32
"""More groups than any session of calls has; every one of them holds money of its own."""

SUBSCRIPTIONS_MAX: Final = 8
_IDENTITY: Final = re.compile(rb"[A-Za-z0-9._-]{1,255}")
"""A host's name (RFC 6733 §4.3.1, DiameterIdentity), and the underscores that some have."""

_SHORT_OCTETS_MAX: Final = 128
"""Clients say the same few things again and again: what is as short as this is taken apart once, and remembered."""
_REMEMBERED: Final = 2_048
"""So many of each kind are remembered, 256 KiB of what clients wrote at most."""

_KINDS: Final = {kind.to_bytes(4, "big"): kind for kind in RequestType}


class Group(Struct, frozen=True, kw_only=True, gc=False):
    """What is asked and told of one Multiple-Services-Credit-Control, or of a request that has none.

    ``label`` is empty for the latter. ``targets`` are Rating-Group and Service-Identifier AVPs as they came, for the
    answer. ``requested`` is None where no units are asked for, 0 where as many as the server likes. ``used`` is None
    where none are told. ``untimed``: units are asked for or told that are no seconds.
    """

    label: str = ""
    targets: bytes = b""
    requested: int | None = None
    used: int | None = None
    final: bool = False
    untimed: bool = False
    refund: bytes = b""


class Parties(Struct, frozen=True, kw_only=True, gc=False):
    """Who calls whom, as addresses; empty where nothing is said.

    ``terminating``: the client serves the called party. ``answered``: it tells when the call was answered.
    """

    calling: str = ""
    called: str = ""
    terminating: bool = False
    answered: bool = False


class CreditControlRequest(Struct, frozen=True, kw_only=True, gc=False):
    """One request. ``subscriptions`` are pairs of type and data; ``proxy_infos`` goes back as it came.

    Whose call it is matters where a call begins: of other requests it is ``unread``, until ``with_parties`` is asked.
    """

    session_id: str
    session_avp: bytes
    origin_host: str
    type: RequestType
    number: int
    action: Action | None
    context: str
    groups: tuple[Group, ...]
    parties: Parties | None
    subscriptions: tuple[tuple[int, str], ...]
    unread: tuple[Avp, ...]
    event_at: datetime | None
    termination_cause: int | None
    proxy_infos: bytes

    @property
    def content(self) -> tuple[object, ...]:
        """All of it that makes another request of it: the same number with the same content is a retransmission."""
        return (self.type, self.action, self.groups, self.parties, self.subscriptions, self.unread)

    def with_parties(self) -> CreditControlRequest:
        """The request with its parties, as far as they can be read: a call that runs does not end because of them."""
        if not self.unread:
            return self
        try:
            parties, subscriptions = _whose(self.unread)
        except FaultError:
            parties, subscriptions = None, ()
        return replace(self, parties=parties, subscriptions=subscriptions, unread=())

    @property
    def is_three_gpp(self) -> bool:
        """Whether the client reads the AVPs of TS 32.299."""
        return self.context.lower().endswith(cc.THREE_GPP_CONTEXTS)


class _Reading:
    """What was found so far."""

    __slots__ = ("avps", "common", "groups", "infos", "subscriptions")

    def __init__(self) -> None:
        self.avps: dict[int, Avp] = {}
        self.groups: list[Avp] = []
        self.infos: list[Avp] = []
        self.subscriptions: list[Avp] = []
        self.common: list[Avp] = []


_SINGLE: Final = frozenset(
    {
        SESSION_ID,
        ORIGIN_HOST,
        cc.CC_REQUEST_TYPE,
        cc.CC_REQUEST_NUMBER,
        cc.REQUESTED_ACTION,
        cc.SERVICE_CONTEXT_ID,
        cc.SERVICE_INFORMATION,
        cc.EVENT_TIMESTAMP,
        cc.TERMINATION_CAUSE,
        cc.CC_SUB_SESSION_ID,
    }
)
_OF_A_GROUP: Final = frozenset(
    {
        cc.REQUESTED_SERVICE_UNIT,
        cc.USED_SERVICE_UNIT,
        cc.RATING_GROUP,
        cc.SERVICE_IDENTIFIER,
        cc.REPORTING_REASON,
        cc.REFUND_INFORMATION,
    }
)


def read_request(avps: Sequence[Avp]) -> CreditControlRequest:
    """The request that these AVPs make. Raises FaultError for what is missing, twice there, or cannot be."""
    found = _sort(avps)
    single = found.avps
    session, host = _needed(single, SESSION_ID, 1), _needed(single, ORIGIN_HOST, 1)
    type_avp = _needed(single, cc.CC_REQUEST_TYPE, 4)
    if cc.CC_SUB_SESSION_ID in single:
        # Sub-sessions would be sessions of their own; groups do what they are for (RFC 8506 §5.1.2).
        raise single[cc.CC_SUB_SESSION_ID].unsupported()
    if not 0 < len(session.data) <= SESSION_ID_OCTETS_MAX:
        raise session.wrong_value("a Session-Id of that length")
    origin_host = _host_name(host.data) if len(host.data) <= _SHORT_OCTETS_MAX else _read_host_name(host.data)
    if not origin_host:
        # A call keeps its client's name; what is no host's name could not be kept.
        raise host.wrong_value("an Origin-Host that is no host's name")
    kind = _KINDS.get(type_avp.data) or _kind_of(type_avp)
    action = None
    if kind is RequestType.EVENT:
        action = _action_of(_needed(single, cc.REQUESTED_ACTION, 4))
    context = _needed(single, cc.SERVICE_CONTEXT_ID, 1).utf8()
    information = single.get(cc.SERVICE_INFORMATION)
    whose = tuple(found.subscriptions[:SUBSCRIPTIONS_MAX])
    if information is not None:
        whose = (information, *whose)
    parties: Parties | None = None
    subscriptions: tuple[tuple[int, str], ...] = ()
    if kind is RequestType.INITIAL or kind is RequestType.EVENT:
        parties, subscriptions = _whose(whose)
        whose = ()
    timestamp, cause = single.get(cc.EVENT_TIMESTAMP), single.get(cc.TERMINATION_CAUSE)
    return CreditControlRequest(
        session_id=session.utf8(),
        session_avp=session.encoded(),
        origin_host=origin_host,
        type=kind,
        number=_needed(single, cc.CC_REQUEST_NUMBER, 4).unsigned32(),
        action=action,
        context=context,
        groups=_groups_of(found),
        parties=parties,
        subscriptions=subscriptions,
        unread=whose,
        event_at=None if timestamp is None else timestamp.time(),
        termination_cause=None if cause is None else cause.integer32(),
        proxy_infos=b"".join([avp.encoded() for avp in found.infos]),
    )


def _sort(avps: Sequence[Avp]) -> _Reading:
    found = _Reading()
    single = found.avps
    for avp in avps:
        key = avp.key
        if key in _SINGLE:
            if single.setdefault(key, avp).data != avp.data:
                # The same said twice does no harm: Kamailio writes its Origin-Host twice.
                raise avp.occurs_too_often()
        elif key == cc.MULTIPLE_SERVICES_CREDIT_CONTROL:
            if len(found.groups) == GROUPS_MAX:
                raise avp.occurs_too_often()
            found.groups.append(avp)
        elif key == cc.SUBSCRIPTION_ID:
            found.subscriptions.append(avp)
        elif key == PROXY_INFO:
            found.infos.append(avp)
        elif key in _OF_A_GROUP:
            found.common.append(avp)
    return found


def _needed(single: dict[int, Avp], key: int, octets_min: int) -> Avp:
    avp = single.get(key)
    if avp is None:
        raise missing_avp(key, octets_min)
    return avp


def _read_host_name(data: bytes) -> str:
    """The name in lower case; empty where it is none."""
    return "" if _IDENTITY.fullmatch(data) is None else data.decode("ascii").lower()


_host_name: Final = lru_cache(_REMEMBERED)(_read_host_name)


def _kind_of(avp: Avp) -> RequestType:
    try:
        return RequestType(avp.integer32())
    except ValueError:
        raise avp.wrong_value("no such CC-Request-Type") from None


def _action_of(avp: Avp) -> Action:
    try:
        return Action(avp.integer32())
    except ValueError:
        raise avp.wrong_value("no such Requested-Action") from None


def _groups_of(found: _Reading) -> tuple[Group, ...]:
    if not found.groups:
        return (_group_of(found.common, labelled=False),)
    groups = []
    labels = set()
    for avp in found.groups:
        data = avp.data
        group = _short_group(data) if len(data) <= _SHORT_OCTETS_MAX else _group_of(read_avps(data), labelled=True)
        if group.label in labels:
            # Two quotas for one target would be two answers to one question.
            raise avp.occurs_too_often()
        labels.add(group.label)
        groups.append(group)
    return tuple(groups)


def _group_of(avps: Sequence[Avp], *, labelled: bool) -> Group:
    """One group. Its target are its services, within the rating group where one is named (RFC 8506 §8.16)."""
    requested: int | None = None
    used: int | None = None
    rating_group, services, targets, refund = "", [], [], b""
    final = untimed = False
    for avp in avps:
        key = avp.key
        if key == cc.REQUESTED_SERVICE_UNIT:
            units = _units_of(avp)
            untimed = untimed or (units.others and units.seconds is None)
            requested = (requested or 0) + (units.seconds or 0)
        elif key == cc.USED_SERVICE_UNIT:
            units = _units_of(avp)
            untimed = untimed or (units.others and units.seconds is None)
            used = (used or 0) + (units.seconds or 0)
            final = final or units.final
        elif key == cc.RATING_GROUP:
            rating_group = f"rg{avp.unsigned32()}"
            targets.append(avp)
        elif key == cc.SERVICE_IDENTIFIER:
            services.append(avp.unsigned32())
            targets.append(avp)
        elif key == cc.REPORTING_REASON:
            final = final or avp.integer32() == cc.FINAL_REPORT
        elif key == cc.REFUND_INFORMATION:
            refund = avp.data
    label = ""
    if labelled:
        label = "".join([rating_group, *(f"si{number}" for number in sorted(services))]) or "rg"
    return Group(
        label=label,
        targets=b"".join([avp.encoded() for avp in targets]) if labelled else b"",
        requested=requested,
        used=used,
        final=final,
        untimed=untimed,
        refund=refund,
    )


@lru_cache(_REMEMBERED)
def _short_group(data: bytes) -> Group:
    """The group of a Multiple-Services-Credit-Control that is short. What raises is not remembered."""
    return _group_of(read_avps(data), labelled=True)


class _Units(Struct, frozen=True, gc=False):
    """Units of one kind: seconds, None where there are none; whether there are others; whether they are the last."""

    seconds: int | None
    others: bool
    final: bool


_ONE_TIME: Final = b"\x00\x00\x01\xa4"
_ONE_TIME_OCTETS: Final = 12
_OTHER_UNITS: Final = frozenset({412, cc.CC_MONEY, 414, 417, 421})
"""Octets in, money, octets out, service-specific units, octets in all."""


def _units_of(avp: Avp) -> _Units:
    """Requested or used units. Nearly all are one CC-Time and nothing else."""
    data = avp.data
    if len(data) == _ONE_TIME_OCTETS and data[:4] == _ONE_TIME and data[5:8] == b"\x00\x00\x0c" and not data[4] & 0xA0:
        return _Units(int.from_bytes(data[8:], "big"), others=False, final=False)
    seconds: int | None = None
    others = final = False
    for unit in avp.group():
        if unit.key == cc.CC_TIME:
            seconds = (seconds or 0) + unit.unsigned32()
        elif unit.key in _OTHER_UNITS:
            others = True
        elif unit.key == cc.REPORTING_REASON:
            final = final or unit.integer32() == cc.FINAL_REPORT
    return _Units(seconds, others, final)


def _whose(avps: Sequence[Avp]) -> tuple[Parties | None, tuple[tuple[int, str], ...]]:
    """The parties and subscriptions that these AVPs tell."""
    parties = None
    subscriptions = []
    for avp in avps:
        if avp.key == cc.SERVICE_INFORMATION:
            parties = _parties_of(avp)
        else:
            subscriptions.append(_subscription_of(avp))
    return parties, tuple(subscriptions)


def _parties_of(information: Avp) -> Parties:
    """The parties of a Service-Information; of several calling addresses, the first that a number can be read from."""
    ims = next((avp for avp in information.group() if avp.key == cc.IMS_INFORMATION), None)
    if ims is None:
        return Parties()
    calling, called = [], ""
    terminating = answered = False
    for avp in ims.group():
        key = avp.key
        if key == cc.CALLING_PARTY_ADDRESS:
            calling.append(avp.utf8())
        elif key == cc.CALLED_PARTY_ADDRESS:
            called = avp.utf8()
        elif key == cc.ROLE_OF_NODE:
            terminating = avp.integer32() == cc.TERMINATING_ROLE
        elif key == cc.TIME_STAMPS:
            answered = any(each.key == cc.SIP_RESPONSE_TIMESTAMP and any(each.data) for each in avp.group())
    # Two identities at most: one as a SIP URI, one as a tel URI (TS 32.299 §7.2.33). The latter is a number for sure.
    first = next((address for address in calling if address[:4].lower() == "tel:"), calling[0] if calling else "")
    return Parties(calling=first, called=called, terminating=terminating, answered=answered)


def _subscription_of(avp: Avp) -> tuple[int, str]:
    kind, data = -1, ""
    for each in avp.group():
        if each.key == cc.SUBSCRIPTION_ID_TYPE:
            kind = each.integer32()
        elif each.key == cc.SUBSCRIPTION_ID_DATA:
            data = each.utf8()
    return kind, data


def is_named(kind: int) -> bool:
    """Whether a Subscription-Id of this type may name a user instead of a number."""
    return kind in (SubscriptionType.SIP_URI, SubscriptionType.NAI, SubscriptionType.PRIVATE)
