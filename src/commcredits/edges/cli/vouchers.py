"""Commands about vouchers: issue a batch, see what became of it, void, redeem.

Knows where codes are written: once, to a file that nobody else may read or to standard output. Refuses to know which
codes can be redeemed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commcredits.edges.cli.adjustments import CONSOLE, ActingAs
from commcredits.edges.cli.files import STANDARD_INPUT
from commcredits.edges.cli.options import (
    LIMIT_DEFAULT,
    AsJson,
    CommandId,
    Cursor,
    Limit,
    OrganizationId,
    amount_option,
    instant_option,
    whole_option,
)
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import ExitStatus, taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    amount_text,
    complain,
    document_of,
    listing_of,
    moment_text,
    say_more,
    write_facts,
    write_json,
    write_line,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.voucher_batches import Voucher, VoucherBatch
    from commcredits.operations.vouchers import IssuedVouchers, RedeemedVoucher

Code = Annotated[str, typer.Argument(metavar="CODE", help="The voucher's code; - reads it from standard input.")]


def commands(parts: Parts) -> typer.Typer:
    """The group ``vouchers``."""
    group = typer.Typer(help="Issue vouchers, void them, redeem one.", no_args_is_help=True)
    _add_issuing(group, parts)
    _add_batches(group, parts)
    _add_single(group, parts)
    _add_redemption(group, parts)
    return group


def _add_issuing(group: typer.Typer, parts: Parts) -> None:
    @group.command("issue")
    def issue_vouchers(  # noqa: PLR0913, PLR0917 - each argument is an option of the command line
        quantity: Annotated[int, whole_option("How many", 1, 10_000)],
        amount: Annotated[int, amount_option("What each is worth, such as 5.00.")],
        currency: Annotated[str, typer.Option(help="ISO 4217 code of its currency.")],
        redeem_until: Annotated[Any, instant_option("--redeem-until", "Until when they can be redeemed.")],
        lot_days: Annotated[int, whole_option("For how many days their funds last", 1, 3_660)],
        note: Annotated[str, typer.Option(help="What they are for.")] = "",
        output: Annotated[str, typer.Option(help="A new file for the codes, as CSV; - is standard output.")] = "-",
        acting_as: ActingAs = CONSOLE,
        command_id: CommandId = None,
    ) -> None:
        """Issue vouchers. Their codes are written this once, as CSV, and can never be shown again."""
        from commcredits.operations import vouchers

        terms = vouchers.VoucherTerms(
            quantity=quantity,
            amount_micros=amount,
            currency=currency,
            redeem_until=redeem_until,
            lot_days=lot_days,
            note=note,
        )
        # Opened before anything is issued: codes that cannot be written down are lost.
        target = _new_file(output)

        async def work() -> IssuedVouchers:
            async with parts.open_services() as opened:
                return taken(
                    await vouchers.issue_vouchers(
                        opened.services,
                        command_id=command_id or opened.services.new_id(),
                        terms=terms,
                        issued_by=acting_as,
                    )
                )

        try:
            issued = run(work())
        except BaseException:
            if target is not None:
                os.close(target)
                Path(output).unlink(missing_ok=True)
            raise
        rows = ["code,amount,currency,redeem_until"]
        until = issued.terms.redeem_until.isoformat()
        rows += [f"{code},{amount_text(amount)},{currency},{until}" for code in issued.codes]
        text = "\n".join(rows) + "\n"
        if target is None:
            sys.stdout.write(text)
        else:
            with os.fdopen(target, "w", encoding="utf-8") as file:
                file.write(text)
        complain(f"batch {issued.batch_id} of {quantity}; these codes are kept nowhere else")


def _add_batches(group: typer.Typer, parts: Parts) -> None:
    @group.command("batches")
    def list_batches(limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None, as_json: AsJson = False) -> None:
        """List batches, newest first, with how many of each are open, redeemed and voided."""
        from commcredits.operations import voucher_batches
        from commcredits.operations.paging import Page

        async def work() -> Page[VoucherBatch]:
            async with parts.open_services() as opened:
                return taken(await voucher_batches.list_voucher_batches(opened.services, cursor=cursor, limit=limit))

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
            return
        write_table(
            ("batch", "amount ", "currency", "open ", "redeemed ", "voided ", "until", "note"),
            (
                (
                    each.batch_id,
                    amount_text(each.amount_micros),
                    each.currency,
                    str(each.open_count),
                    str(each.redeemed_count),
                    str(each.voided_count),
                    moment_text(each.redeem_until),
                    each.note,
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)

    @group.command("void-batch")
    def void_batch(
        batch: Annotated[str, typer.Argument(metavar="BATCH", help="The batch's id.")],
        acting_as: ActingAs = CONSOLE,
        as_json: AsJson = False,
    ) -> None:
        """Make all open vouchers of a batch worthless; redeemed ones stay so."""
        from commcredits.operations import voucher_batches

        async def work() -> VoucherBatch:
            async with parts.open_services() as opened:
                return taken(
                    await voucher_batches.void_voucher_batch(opened.services, batch_id=batch, voided_by=acting_as)
                )

        voided = run(work())
        if as_json:
            write_json(document_of(voided))
        else:
            write_line(f"batch {batch}: {voided.voided_count} voided, {voided.redeemed_count} were redeemed")


def _add_single(group: typer.Typer, parts: Parts) -> None:
    @group.command("show")
    def show_voucher(code: Code, as_json: AsJson = False) -> None:
        """Show what became of a voucher."""
        from commcredits.operations import voucher_batches

        async def work() -> Voucher:
            async with parts.open_services() as opened:
                return taken(await voucher_batches.find_voucher(opened.services, code=_read(code)))

        _write(run(work()), as_json=as_json)

    @group.command("void")
    def void_voucher(code: Code, acting_as: ActingAs = CONSOLE, as_json: AsJson = False) -> None:
        """Make a voucher worthless."""
        from commcredits.operations import voucher_batches

        async def work() -> Voucher:
            async with parts.open_services() as opened:
                return taken(await voucher_batches.void_voucher(opened.services, code=_read(code), voided_by=acting_as))

        _write(run(work()), as_json=as_json)


def _add_redemption(group: typer.Typer, parts: Parts) -> None:
    @group.command("redeem")
    def redeem_voucher(organization: OrganizationId, code: Code, as_json: AsJson = False) -> None:
        """Turn a voucher into promotional funds of an organization."""
        from commcredits.operations import vouchers

        async def work() -> RedeemedVoucher:
            async with parts.open_services() as opened:
                return taken(
                    await vouchers.redeem_voucher(opened.services, organization_id=organization, code=_read(code))
                )

        redeemed = run(work())
        if as_json:
            write_json(document_of(redeemed))
            return
        write_facts(
            {
                "fund lot": redeemed.lot_id,
                "amount": f"{amount_text(redeemed.amount_micros)} {redeemed.currency}",
                "expires": moment_text(redeemed.expires_at),
            }
        )


def _read(code: str) -> str:
    return sys.stdin.readline(200).strip() if code == STANDARD_INPUT else code


def _new_file(output: str) -> int | None:
    """A new file that its owner alone may read; None for standard output. Ends the command where it cannot be had."""
    if output == "-":
        return None
    try:
        return os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        complain(f"--output: {output!r} cannot be written: {error.strerror or error}")
        raise typer.Exit(ExitStatus.CANNOT_RUN) from None


def _write(voucher: Voucher, *, as_json: bool) -> None:
    if as_json:
        write_json(document_of(voucher))
        return
    write_facts(
        {
            "voucher": voucher.voucher_id,
            "batch": voucher.batch_id,
            "state": voucher.state,
            "amount": f"{amount_text(voucher.amount_micros)} {voucher.currency}",
            "until": moment_text(voucher.redeem_until),
            **({"redeemed by": voucher.redeemed_by} if voucher.redeemed_by else {}),
            **({"voided by": voucher.voided_by} if voucher.voided_by else {}),
        }
    )
