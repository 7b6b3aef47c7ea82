"""Commands on receipts and billing details: list receipts, show one, save it as a file, say who buys.

Knows arguments, files and what is shown. Refuses to know what stands on a receipt, and to write over a file.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from commcredits.core.money import format_micros
from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, Cursor, Limit, OrganizationId
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import ExitStatus, taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    amount_text,
    complain,
    document_of,
    listing_of,
    say_more,
    write_facts,
    write_json,
    write_line,
    write_table,
)

if TYPE_CHECKING:
    from commcredits.core.parties import Party
    from commcredits.core.receipts import ReceiptDocument
    from commcredits.edges.receipts.rendering import RenderedDocument
    from commcredits.operations.paging import Page

_PERCENT: Final = 100
_STANDARD_OUTPUT: Final = "-"

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The receipt's number, such as CC-000001.")]


def commands(parts: Parts) -> typer.Typer:
    """The group ``receipts``."""
    group = typer.Typer(help="Receipts and credit notes that were issued.", no_args_is_help=True)
    _add_list(group, parts)
    _add_show(group, parts)
    _add_save(group, parts)
    return group


def billing_commands(parts: Parts) -> typer.Typer:
    """The group ``billing-details``."""
    group = typer.Typer(help="Who buys, as receipts say it.", no_args_is_help=True)
    _add_details_show(group, parts)
    _add_details_set(group, parts)
    return group


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_receipts(
        organization: OrganizationId, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None, as_json: AsJson = False
    ) -> None:
        """List an organization's receipts and credit notes, newest first."""
        from commcredits.operations import receipts

        async def work() -> Page[ReceiptDocument]:
            async with parts.open_services() as opened:
                return taken(
                    await receipts.list_receipts(
                        opened.services, organization_id=organization, cursor=cursor, limit=limit
                    )
                )

        page = run(work())
        if as_json:
            write_json(listing_of(map(_document, page.items), page.next_cursor))
            return
        write_table(
            ("number", "issued", "paid", "for", "net ", "tax ", "gross ", "currency"),
            (
                (
                    each.number,
                    each.issued_on,
                    each.supplied_on,
                    each.cause,
                    amount_text(each.net_micros),
                    amount_text(each.tax_micros),
                    amount_text(each.gross_micros),
                    each.currency,
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)


def _add_show(group: typer.Typer, parts: Parts) -> None:
    @group.command("show")
    def show_receipt(organization: OrganizationId, number: Number, as_json: AsJson = False) -> None:
        """Show a receipt or credit note."""
        from commcredits.operations import receipts

        async def work() -> ReceiptDocument:
            async with parts.open_services() as opened:
                found = await receipts.get_receipt(opened.services, organization_id=organization, number=number)
                return taken(found)

        found = run(work())
        if as_json:
            write_json(_document(found))
            return
        own = found.tax_in_own_currency
        write_facts(
            {
                found.kind.replace("_", " "): found.number,
                "issued": found.issued_on,
                "paid": found.supplied_on,
                **({"corrects": found.corrects.number} if found.corrects else {}),
                "seller": found.seller.legal_name,
                "buyer": f"{found.buyer.legal_name} {found.buyer.tax_id}".rstrip(),
                "net": f"{amount_text(found.net_micros)} {found.currency}",
                "tax": f"{amount_text(found.tax_micros)} {found.currency} ({found.tax_treatment})",
                "gross": f"{amount_text(found.gross_micros)} {found.currency}",
                **({"tax in own currency": f"{amount_text(own.micros)} {own.currency}"} if own else {}),
                "paid with": f"{found.paid_with.brand or found.paid_with.kind} {found.paid_with.last4}".strip(),
                "top-up": found.top_up_id,
            }
        )


def _add_save(group: typer.Typer, parts: Parts) -> None:
    @group.command("save")
    def save_receipt(
        organization: OrganizationId,
        number: Number,
        file_format: Annotated[
            str, typer.Option("--format", help="html, pdf, or xml for an e-invoice (EN 16931, UBL 2.1).")
        ] = "pdf",
        language: Annotated[str | None, typer.Option(help="en or ro. Default: the organization's.")] = None,
        file: Annotated[
            str | None, typer.Option("--output", help="The new file; - for standard output. Default: NUMBER.FORMAT.")
        ] = None,
    ) -> None:
        """Save a receipt or credit note as a file. No file that is there is written over."""
        from commcredits.edges.receipts.rendering import render_receipt

        async def work() -> RenderedDocument:
            async with parts.open_services() as opened:
                return taken(await render_receipt(opened.services, organization, number, file_format, language))

        document = run(work())
        if file == _STANDARD_OUTPUT:
            sys.stdout.buffer.write(document.content)
            return
        path = Path(file or document.filename)
        try:
            with path.open("xb") as target:
                target.write(document.content)
        except OSError as error:
            complain(f"{path} cannot be written: {error.strerror}")
            raise typer.Exit(ExitStatus.WRONG_INPUT) from None
        write_line(str(path))


def _add_details_show(group: typer.Typer, parts: Parts) -> None:
    @group.command("show")
    def show_billing_details(organization: OrganizationId, as_json: AsJson = False) -> None:
        """Show who buys."""
        from commcredits.operations import billing_details

        async def work() -> Party:
            async with parts.open_services() as opened:
                found = await billing_details.get_billing_details(opened.services, organization_id=organization)
                return taken(found)

        _write_party(run(work()), as_json=as_json)


def _add_details_set(group: typer.Typer, parts: Parts) -> None:
    @group.command("set")
    def save_billing_details(  # noqa: PLR0913, PLR0917 - each argument is an option of the command line
        organization: OrganizationId,
        legal_name: Annotated[str, typer.Option(help="The buyer's name, as registered.")],
        address_line: Annotated[list[str], typer.Option(help="Street and number; up to three times.")],
        city: Annotated[str, typer.Option(help="In Bucharest the sector: SECTOR1 to SECTOR6.")],
        postal_code: str = "",
        county: Annotated[str, typer.Option(help="In Romania its code, such as RO-CJ.")] = "",
        tax_id: Annotated[str, typer.Option(help="Checked by the rules of the organization's country.")] = "",
        registration_number: str = "",
        mail: Annotated[str, typer.Option(help="Where receipts go.")] = "",
        reference: Annotated[str, typer.Option(help="Stands on each receipt, such as a purchase order.")] = "",
        as_json: AsJson = False,
    ) -> None:
        """Say who buys, as receipts from now on shall say it; options that are left out are emptied."""
        from commcredits.core.parties import Party
        from commcredits.operations import billing_details

        details = Party(
            legal_name=legal_name,
            country="",
            address_lines=tuple(address_line),
            city=city,
            postal_code=postal_code,
            county=county,
            tax_id=tax_id,
            registration_number=registration_number,
            mail=mail,
            reference=reference,
        )

        async def work() -> Party:
            async with parts.open_services() as opened:
                return taken(
                    await billing_details.save_billing_details(
                        opened.services, organization_id=organization, details=details
                    )
                )

        _write_party(run(work()), as_json=as_json)


def _write_party(party: Party, *, as_json: bool) -> None:
    if as_json:
        write_json(_party(party))
        return
    place = " ".join(part for part in (party.postal_code, party.city, party.county, party.country) if part)
    checked = "checked" if party.tax_id_checked else "not checked"
    write_facts(
        {
            "name": party.legal_name,
            "address": ", ".join((*party.address_lines, place)),
            "tax id": f"{party.tax_id} ({checked})" if party.tax_id else "",
            "registration number": party.registration_number,
            "mail": party.mail,
            "reference": party.reference,
        }
    )


def _party(party: Party) -> dict[str, object]:
    return document_of(party, without=("iban",))


def _document(document: ReceiptDocument) -> dict[str, object]:
    """A receipt as JSON, with the fields of the administration API."""
    own = document.tax_in_own_currency
    return document_of(
        document,
        without=("minor_digits", "tax_rate_micros"),
        tax_rate=format_micros(document.tax_rate_micros * _PERCENT),
        seller=_party(document.seller),
        buyer=_party(document.buyer),
        refund_id=document.refund_id or None,
        tax_in_own_currency=None
        if own is None
        else {"currency": own.currency, "amount": format_micros(own.micros), "rate": format_micros(own.rate_micros)},
    )
