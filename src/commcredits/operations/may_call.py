"""May this user call that number now, and why not? Answered without placing a call and without changing anything.

Knows what has to be read for the question. Refuses to answer it itself: commcredits.core.explaining asks the functions
that charging asks, on what charging would read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from commcredits.core.access import Permission
from commcredits.core.account import NOTHING_AROUND, Account, Context, Surroundings
from commcredits.core.call_types import agree, service_of
from commcredits.core.commands import Authorise, CallType, Service
from commcredits.core.explaining import Answer, explain
from commcredits.core.numbers import EMERGENCY_NUMBERS, is_e164
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.tariffs import RateDeck, index_deck
from commcredits.operations.inputs import invalid_input, is_identifier, refuse_name, refuse_visible_ascii
from commcredits.operations.organizations import get_organization
from commcredits.operations.people import USER_PRINCIPAL_NAME_CHARACTERS_MAX
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.decks import RateReader, decode_terms
from commcredits.storage.loading import load_accounts
from commcredits.storage.surrounding import Touched, Vicinity, load_meters, load_people

CONFERENCE_ID_CHARACTERS_MAX: Final = 64
"""Longest id of a conference."""

_INBOUND: Final = frozenset({Service.TOLL_IN, Service.TOLL_FREE_IN})
_NUMBER_ALLOWED: Final = "a number in international form: a plus sign and 5 to 15 digits"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswer:
    """Whether a call may be made now, with all that the answer rests on; amounts are in ``currency``."""

    answer: Answer
    currency: str


@reads(Permission.CALLS_READ)
async def may_call(
    services: Services,
    *,
    organization_id: str,
    callee: str,
    caller: str = "",
    user: str = "",
    service: str = "",
    call_type: str = "",
    conference_id: str = "",
) -> CallAnswer | Refused:
    """What authorise would answer to this call now. ``Refused`` is the answer to a question that makes no sense.

    ``user`` is an object id or a user principal name: who calls, the organizer of a conference, or a resource account;
    ``caller`` is the calling number. An outbound call may leave out either: the caller is the user's first number then.
    An empty ``service`` or ``call_type`` follows from the other, and both from the numbers.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    asked = _check(organization_id, callee, caller, user, service, call_type, conference_id)
    if isinstance(asked, Refused):
        return asked
    # At one instant of the database, as charging reads it: an account with what was around it then.
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        call = await _with_caller(connection, services, asked)
        loaded = (await load_accounts(connection, services.shard_id, [organization_id])).get(organization_id)
        if loaded is None:
            return Refused(code=RefusalCode.UNKNOWN_ORGANIZATION, facts={"organization_id": organization_id})
        account, now = loaded.account, services.clock()
        rate_deck_id = account.rate_deck_at(now)
        decks = {}
        if rate_deck_id is not None:
            decks[rate_deck_id] = await _deck_for(connection, services.shard_id, rate_deck_id, call.callee)
        context = Context(
            now=now, new_id=services.new_id, decks=decks, charging=services.charging, funding=services.funding
        )
        around = await _around(connection, services.shard_id, account, call, context)
    return CallAnswer(answer=explain(account, call, context, around), currency=account.currency)


def _check(
    organization_id: str, callee: str, caller: str, user: str, service: str, call_type: str, conference_id: str
) -> Authorise | Refused:
    """The call that is asked about, or the first field that is wrong."""
    if service and service not in tuple(Service):
        return invalid_input("service", service, f"{', '.join(Service)}; or empty")
    if call_type and call_type not in tuple(CallType):
        return invalid_input("call_type", call_type, f"{', '.join(CallType)}; or empty")
    kind = CallType(call_type) if call_type else None
    of = Service(service) if service else Service.OUTBOUND if kind is None else service_of(kind)
    if kind is not None and not agree(kind, of):
        return invalid_input("service", service, f"left out, or what a call of type {kind} can be")
    if callee.removeprefix("+") in EMERGENCY_NUMBERS or kind is CallType.EMERGENCY_OUT:
        kind, of = None, Service.EMERGENCY
    emergency = of is Service.EMERGENCY
    if not is_e164(callee) and not (emergency and callee.removeprefix("+") in EMERGENCY_NUMBERS):
        return invalid_input("callee", callee, f"{_NUMBER_ALLOWED}, or a short number of an emergency service")
    if caller and not is_e164(caller):
        return invalid_input("caller", caller, f"{_NUMBER_ALLOWED}; or empty")
    refused = refuse_name("user", user, USER_PRINCIPAL_NAME_CHARACTERS_MAX, may_be_empty=True)
    if refused is None and conference_id:
        refused = refuse_visible_ascii("conference_id", conference_id, CONFERENCE_ID_CHARACTERS_MAX)
    if refused is None and not (user or caller or emergency or of in _INBOUND):
        refused = invalid_input("user", user, "given where the caller's number is not")
    return refused or Authorise(
        organization_id=organization_id,
        session_id="",
        service=of,
        caller=caller,
        callee=callee,
        call_type=kind,
        user=user,
        conference_id=conference_id,
    )


async def _with_caller(connection: Connection, services: Services, call: Authorise) -> Authorise:
    """The call from the user's first number, where only the user was told."""
    if call.caller or not call.user or call.service in _INBOUND:
        return call
    row = await connection.fetchrow(
        load_statement("get_party"),
        services.shard_id,
        call.organization_id,
        call.user if is_identifier(call.user) else None,
        call.user,
    )
    numbers = [] if row is None else row["numbers"]
    return replace(call, caller=min(numbers)) if numbers else call


async def _deck_for(connection: Connection, shard_id: int, rate_deck_id: str, callee: str) -> RateDeck:
    """As much of the deck as can price a call to this number: looking a rate up there is as in the whole."""
    deck = await connection.fetchrow(load_statement("load_rate_deck"), shard_id, rate_deck_id)
    assert deck is not None, "an account names only decks that were published"
    digits = callee.removeprefix("+")
    rows = await connection.fetch(
        load_statement("find_rates_of_number"),
        shard_id,
        rate_deck_id,
        [service.value for service in Service],
        [digits[:length] for length in range(1, len(digits) + 1)],
    )
    reader = RateReader(decode_terms(deck["terms"]))
    return index_deck(rate_deck_id, deck["currency"], [reader.rate_of(row) for row in rows])


async def _around(
    connection: Connection, shard_id: int, account: Account, call: Authorise, context: Context
) -> Surroundings:
    """The people, numbers and meters that the call touches; nothing for a plain wallet."""
    if account.roster is None:
        return NOTHING_AROUND
    touched = {account.organization_id: Touched(account, Vicinity(), {}, [call])}
    await load_people(connection, shard_id, touched)
    await load_meters(connection, shard_id, touched, context)
    return touched[account.organization_id].vicinity.view()
