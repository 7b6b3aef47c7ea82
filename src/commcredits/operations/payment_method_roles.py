"""The roles of payment methods, and their end: choosing default and backup, replacing one, removing one.

Knows that a recharge rule pays with the chosen ones, and what stands against a removal. Refuses to charge anything.
All of it happens under a lock on the organization's methods; gateways are told of a removal after it has committed.
"""

from __future__ import annotations

import asyncio
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.commands import ChoosePaymentMethods
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.gateways.protocol import Unavailable
from commcredits.operations.audit_looks import at_payment_methods
from commcredits.operations.inputs import refuse_command_id
from commcredits.operations.organizations import get_organization
from commcredits.operations.payment_methods import (
    find_payment_method,
    live_method,
    not_allowed,
    refuse_off_session,
    unknown_method,
)
from commcredits.operations.permitting import acts
from commcredits.operations.services import Services
from commcredits.storage.identifiers import OPERATOR_ID
from commcredits.storage.payment_methods import (
    OwnedMethod,
    give_roles,
    lock_payment_methods,
    note_detached,
    read_methods_to_detach,
    read_rule_methods,
    read_uses,
    remove_method,
)
from commcredits.storage.payments import PaymentMethodRecord

_DETACHED_AT_ONCE_MAX: Final = 20


@acts(Permission.PAYMENT_METHODS_WRITE, needs_proof=True, look=at_payment_methods)
async def choose_payment_methods(
    services: Services, *, organization_id: str, command_id: str, default_id: str, backup_id: str | None
) -> Done | Refused:
    """Choose the default and the backup; a recharge rule, if there is one, pays with them from now on.

    Where a rule is on, both must be chargeable while nobody is there. An attempt that was sent goes on with its own.
    """
    refused = await _refuse_organization(services, organization_id) or refuse_command_id(command_id)
    if refused is not None:
        return refused
    if default_id == backup_id:
        return not_allowed(default_id, "backup_is_the_first")
    async with services.pool.acquire() as connection, connection.transaction():
        methods = await lock_payment_methods(connection, services.shard_id, organization_id)
        rule = await read_rule_methods(connection, services.shard_id, organization_id)
        for each in (default_id, *([backup_id] if backup_id else [])):
            method = live_method(methods, each)
            if method is None:
                return unknown_method(each)
            refused = refuse_off_session(services, method) if rule is not None and rule.enabled else None
            if refused is not None:
                return refused
        outcome = await _follow(services, organization_id, command_id, default_id, backup_id or "")
        if isinstance(outcome, Refused):
            return outcome
        await give_roles(
            connection, services.shard_id, organization_id, default_id=default_id, backup_id=backup_id or ""
        )
    return Done(changed=outcome.changed or _roles_of(methods) != (default_id, backup_id or ""))


@acts(Permission.PAYMENT_METHODS_WRITE, needs_proof=True, look=at_payment_methods)
async def replace_payment_method(
    services: Services, *, organization_id: str, command_id: str, payment_method_id: str, by: str
) -> PaymentMethodRecord | Refused:
    """Let another method, added before, take the roles of one, also in the recharge rule; then remove that one.

    Refused as in use while an attempt with the old one is open; its roles have moved by then, and the same once more
    ends it.
    """
    refused = await _refuse_organization(services, organization_id) or refuse_command_id(command_id)
    if refused is not None:
        return refused
    if payment_method_id == by:
        return not_allowed(by, "replaces_itself")
    async with services.pool.acquire() as connection, connection.transaction():
        methods = await lock_payment_methods(connection, services.shard_id, organization_id)
        old = next((each for each in methods if each.payment_method_id == payment_method_id), None)
        new = live_method(methods, by)
        if old is None or new is None:
            return unknown_method(payment_method_id if old is None else by)
        rule = await read_rule_methods(connection, services.shard_id, organization_id)
        pays = (rule.payment_method_id, rule.backup_payment_method_id) if rule is not None else ("", "")
        if rule is not None and old.payment_method_id in pays:
            refused = refuse_off_session(services, new) if rule.enabled else None
            if refused is not None:
                return refused
            outcome = await _follow(services, organization_id, command_id, *_with(pays, payment_method_id, by))
            if isinstance(outcome, Refused):
                return outcome
        default_id, backup_id = _with(_roles_of(methods), payment_method_id, by)
        await give_roles(connection, services.shard_id, organization_id, default_id=default_id, backup_id=backup_id)
    removed = await remove_payment_method(
        services, organization_id=organization_id, payment_method_id=payment_method_id
    )
    if isinstance(removed, Refused):
        return removed
    return await find_payment_method(services, organization_id=organization_id, payment_method_id=by)


@acts(Permission.PAYMENT_METHODS_WRITE, needs_proof=True, look=at_payment_methods)
async def remove_payment_method(services: Services, *, organization_id: str, payment_method_id: str) -> Done | Refused:
    """Take a method out of use for good, here at once and at its gateway; its row stays for what it paid.

    Refused while an enabled rule pays with it, as first or as backup, and while an attempt with it is open.
    """
    refused = await _refuse_organization(services, organization_id)
    if refused is not None:
        return refused
    async with services.pool.acquire() as connection, connection.transaction():
        methods = await lock_payment_methods(connection, services.shard_id, organization_id)
        method = next((each for each in methods if each.payment_method_id == payment_method_id), None)
        if method is None:
            return unknown_method(payment_method_id)
        if method.removed_at is not None:
            return Done(changed=False)
        uses = await read_uses(connection, services.shard_id, organization_id, payment_method_id)
        if uses.in_rule or uses.open_top_up_id is not None:
            facts = {"payment_method_id": payment_method_id, "used_by": "auto_recharge"}
            if not uses.in_rule:
                facts |= {"used_by": "top_up", "top_up_id": str(uses.open_top_up_id)}
            return Refused(code=RefusalCode.PAYMENT_METHOD_IN_USE, facts=facts)
        await remove_method(
            connection,
            services.shard_id,
            organization_id,
            payment_method_id,
            at=services.clock(),
            detach_owed=True,
        )
    await _detach(services, OwnedMethod(organization_id=organization_id, method=method))
    return Done(changed=True)


async def detach_removed_methods(services: Services) -> int:
    """Tell gateways of removals that they have not heard of; returns how many have.

    Raises what a gateway's plug-in raised, which means that it is broken, after the others were told.
    """
    told, after = 0, OPERATOR_ID
    failures: list[Exception] = []
    while True:
        owed = await read_methods_to_detach(services.pool, services.shard_id, after=after, limit=_DETACHED_AT_ONCE_MAX)
        for each in owed:
            (done,) = await asyncio.gather(_detach(services, each), return_exceptions=True)
            if isinstance(done, Exception):
                failures.append(done)
            elif isinstance(done, int):
                told += done
        if len(owed) < _DETACHED_AT_ONCE_MAX:
            break
        after = owed[-1].method.payment_method_id
    if failures:
        raise ExceptionGroup("removals that gateways could not be told of", failures)
    return told


async def _detach(services: Services, owned: OwnedMethod) -> int:
    gateway = services.gateways.get(owned.method.gateway)
    if gateway is None:
        return 0
    if isinstance(await gateway.detach_payment_method(owned.method.reference), Unavailable):
        return 0
    await note_detached(services.pool, services.shard_id, owned)
    return 1


async def _follow(
    services: Services, organization_id: str, command_id: str, payment_method: str, backup: str
) -> Done | Refused:
    """Let the recharge rule pay with these."""
    command = ChoosePaymentMethods(
        organization_id=organization_id,
        command_id=command_id,
        payment_method=payment_method,
        backup_payment_method=backup,
    )
    outcome = await services.executor.execute(command)
    assert isinstance(outcome, Done | Refused)
    return outcome


def _with(pair: tuple[str, str], old: str, new: str) -> tuple[str, str]:
    """First and backup with a new method in the place of an old one; nobody backs itself up."""
    first, backup = (new if each == old else each for each in pair)
    return first, "" if backup == first else backup


async def _refuse_organization(services: Services, organization_id: str) -> Refused | None:
    organization = await get_organization(services, organization_id=organization_id)
    return organization if isinstance(organization, Refused) else None


def _roles_of(methods: tuple[PaymentMethodRecord, ...]) -> tuple[str, str]:
    """The ids of the default and of the backup; empty for none."""
    first = next((each.payment_method_id for each in methods if each.is_default), "")
    return first, next((each.payment_method_id for each in methods if each.is_backup), "")
