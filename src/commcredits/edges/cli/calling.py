"""Commands that say whether a call may be made and what its minutes have left: ``may-call`` and ``pools``.

Knows arguments. Refuses to change anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commcredits.edges.cli.options import AsJson, OrganizationId
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.policy_writing import write_call_answer, write_pools
from commcredits.edges.cli.refusing import ExitStatus, taken
from commcredits.edges.cli.running import run

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.may_call import CallAnswer
    from commcredits.operations.pools import PoolsReport

Callee = Annotated[
    str, typer.Argument(metavar="NUMBER", help="Who is called: E.164, such as +442079460000, or an emergency number.")
]
User = Annotated[str, typer.Option(help="Object id or user principal name: who calls, or organizes the conference.")]
Caller = Annotated[str, typer.Option(help="The calling number. Default: the user's first.")]
Service = Annotated[str, typer.Option(help="Such as outbound or conference_dial_out. Default: as the call type says.")]
CallType = Annotated[str, typer.Option(help="Such as user_out or conf_in. Default: as service and numbers say.")]
ConferenceId = Annotated[str, typer.Option(help="The id of the conference.")]


def add_commands(app: typer.Typer, parts: Parts) -> None:
    """Add the commands to the application."""
    _add_may_call(app, parts)
    _add_pools(app, parts)


def _add_may_call(app: typer.Typer, parts: Parts) -> None:
    @app.command("may-call")
    def ask_whether_may_call(
        organization: OrganizationId,
        callee: Callee,
        user: User = "",
        caller: Caller = "",
        service: Service = "",
        call_type: CallType = "",
        conference_id: ConferenceId = "",
        as_json: AsJson = False,
    ) -> None:
        """Say whether a call may be made now, what pays for it, or why not and what would change it."""
        from commcredits.operations import may_call

        async def work() -> CallAnswer:
            async with parts.open_services() as opened:
                return taken(
                    await may_call.may_call(
                        opened.services,
                        organization_id=organization,
                        callee=callee,
                        caller=caller,
                        user=user,
                        service=service,
                        call_type=call_type,
                        conference_id=conference_id,
                    )
                )

        answered = run(work())
        write_call_answer(answered, as_json=as_json)
        if not answered.answer.allowed:
            raise typer.Exit(ExitStatus.REFUSED)


def _add_pools(app: typer.Typer, parts: Parts) -> None:
    @app.command("pools")
    def report_pools(
        organization: OrganizationId,
        month: Annotated[
            str, typer.Option(metavar="MONTH", help="Such as 2026-11. Default: the one that is now.")
        ] = "",
        as_json: AsJson = False,
    ) -> None:
        """Report minute pools: used, held and left, what calls cost beyond them, and the credits for those."""
        from commcredits.operations import pools

        async def work() -> PoolsReport:
            async with parts.open_services() as opened:
                return taken(await pools.report_pools(opened.services, organization_id=organization, month=month))

        write_pools(run(work()), as_json=as_json)
