"""An organization with people, rules and money, for tests of what limits its calls.

Knows the shortest way to a user who can call. Refuses to know what is tested.
"""

from dataclasses import dataclass
from typing import Any

from commcredits.core.commands import Authorise, Service
from commcredits.core.outcomes import Granted, RefusalCode, Refused
from commcredits.core.roster import Licence, Limits, PartyKind
from commcredits.operations.people import PartyInfo
from commcredits.operations.rules import Rules, RulesRecord, save_rules
from commcredits.operations.tariffs import assign_rate_deck
from commcredits.storage.rosters import changing_roster
from tests.operations.colleagues import add, hold
from tests.operations.office import HEADER, Office, new_id

CREDITS = Licence.COMMUNICATIONS_CREDITS
BRITISH = "+442079460000"
ROMANIAN = "+40316300000"
RATES = f"""{HEADER}
40,Romania,outbound,0.06,0,60,60,2020-01-01,
44,United Kingdom,outbound,0.60,0,1,1,2020-01-01,
49,Germany,outbound,0.12,0,1,1,2020-01-01,
44,United Kingdom,conference_dial_out,0.30,0,1,1,2020-01-01,
40800,Romania toll-free,toll_free_in,0.60,0,1,1,2020-01-01,
""".encode()


@dataclass(kw_only=True)
class Firm:
    """An organization of an office, and short ways to ask it for calls. ``numbers`` are those that it has."""

    office: Office
    organization_id: str
    numbers: tuple[str, ...] = ()

    async def hire(self, name: str, *licences: Licence, **fields: Any) -> PartyInfo:
        """A user, who may draw on credits unless other licences are named."""
        hired = await add(self.office, self.organization_id, name, **fields)
        await hold(self.office, self.organization_id, hired, *(licences or (CREDITS,)))
        await self.recount()
        return hired

    async def recount(self) -> None:
        """Count licences that were given by the rows alone, and have everybody look again at what has changed."""
        services = self.office.services
        async with changing_roster(services.pool, services.shard_id, self.organization_id):
            pass

    async def queue(self, name: str) -> PartyInfo:
        """A resource account."""
        return await add(self.office, self.organization_id, name, kind=PartyKind.RESOURCE_ACCOUNT)

    async def rule(self, limits: Limits, **rules: Any) -> None:
        """Put these limits and rules in force, and no others."""
        saved = await save_rules(
            self.office.services, organization_id=self.organization_id, rules=Rules(limits=limits, **rules)
        )
        assert isinstance(saved, RulesRecord), saved

    async def ask(self, session_id: str, user: PartyInfo | None = None, **fields: Any) -> Granted | Refused:
        """What a call gets: of this user, to Britain, unless said otherwise."""
        name = "" if user is None else user.party.user_principal_name
        call = {"service": Service.OUTBOUND, "caller": "+40211230001", "callee": BRITISH, "user": name, **fields}
        outcome = await self.office.execute(
            Authorise(organization_id=self.organization_id, session_id=session_id, **call)
        )
        assert isinstance(outcome, Granted | Refused), outcome
        return outcome

    async def call(self, session_id: str, seconds: int, user: PartyInfo | None = None, **fields: Any) -> int:
        """What a whole call of so many seconds cost, in millionths."""
        granted = await self.ask(session_id, user, answered=True, **fields)
        assert isinstance(granted, Granted), granted
        return (await self.office.end(self.organization_id, session_id, seconds)).charged_micros


async def open_firm(office: Office, *, funds_micros: int = 50_000_000) -> Firm:
    """A firm in Romania with funds and rates for a few countries."""
    organization = await office.organization()
    firm = Firm(office=office, organization_id=organization.organization_id)
    if funds_micros:
        await office.grant(firm.organization_id, funds_micros)
    deck = await office.deck(content=RATES)
    await assign_rate_deck(
        office.services,
        organization_id=firm.organization_id,
        command_id=new_id(),
        rate_deck_id=deck.rate_deck_id,
    )
    return firm


def code(outcome: object) -> RefusalCode | None:
    """Why a call was refused; None when it was not."""
    return outcome.code if isinstance(outcome, Refused) else None
