"""What every page of the console shares: who may open it, how it is shown, how its forms are read.

Knows that nobody of an organization gets past it, whatever an operation would say. Refuses to know any page.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.console.links import console_links
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.formatting import AmountProblem
from commcredits.edges.portal.forms import COMMAND_ID, FieldsReader, FormView, new_command_id, read_fields
from commcredits.edges.portal.page import Page
from commcredits.edges.translations import marked
from commcredits.operations.inputs import is_identifier
from commcredits.operations.organizations import Organization, get_organization

PER_PAGE: Final = 50
"""How many rows a list of the console shows at once."""

REASON: Final = "reason"
_NOT_A_SIGN: Final = re.compile(r"[^a-z0-9._-]+")
_OPERATOR_CHARACTERS_MAX: Final = 64

Answer = Callable[[Page], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Shows pages of the console, and lets only the operator's people see them."""

    door: Door

    def opened(
        self, answer: Answer, *, needs_proof: bool = False, reads: FieldsReader = read_fields
    ) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint for the operator's people; anybody else is told that they may not.

        ``needs_proof`` is for what moves money: whoever signed in too long ago proves again who they are.
        """

        async def for_operators(page: Page) -> Response:
            if not page.actor.may(Permission.OPERATOR_READ):
                return self.door.refused(page, Refused(code=RefusalCode.NOT_PERMITTED))
            return await answer(page)

        return self.door.guarded(for_operators, needs_proof=needs_proof, reads=reads)

    def show(self, page: Page, template: str, *, status: int = 200, **values: object) -> Response:
        """A page of the console."""
        return self.door.html(
            f"console/{template}",
            page,
            status=status,
            console=console_links(page),
            done=page.request.query_params.get("done", ""),
            is_first="cursor" not in page.request.query_params,
            **values,
        )

    def refused(self, page: Page, refused: Refused) -> Response:
        """The page that says why not."""
        return self.door.refused(page, refused)

    def done(self, address: str) -> Response:
        """Lead on after a form was done."""
        return self.door.see_other(address)


@dataclass(slots=True)
class Fields:
    """Reads the fields of a form one by one; ``errors`` are sentences by field."""

    page: Page
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, *, required: bool = False) -> str:
        """What stands in a field, without the spaces around it."""
        value = self.page.form.get(name, "").strip()
        if required and not value:
            self.wrong(name, marked("This must be filled in."))
        return value

    def identifier(self, name: str) -> str:
        """An id that a form carries along; empty where it is none."""
        value = self.page.form.get(name, "")
        return value if is_identifier(value) else ""

    def amount(self, name: str, currency: str, *, signed: bool = False) -> int:
        """The millionths in a field, above zero; below zero too where it is ``signed``. 0 after an error."""
        text = self.text(name)
        minus = signed and text[:1] in {"-", "−"}
        read = self.page.speech.formats.parse_amount(text[1:] if minus else text, currency)
        if isinstance(read, AmountProblem) or read <= 0:
            example = self.page.speech.formats.amount(1_234_500_000, currency)
            self.wrong(name, marked("Enter an amount in digits only, such as %(example)s."), example=example)
            return 0
        return -read if minus else read

    def instant(self, name: str, *, required: bool = False) -> datetime | None:
        """Day and time (UTC) in a field, None where it is empty or wrong."""
        text = self.text(name, required=required)
        if not text:
            return None
        try:
            read = datetime.fromisoformat(text)
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        except (ValueError, OverflowError):
            self.wrong(name, marked("Enter a day and a time, such as 2027-01-31 08:00."))
            return None

    def day(self, name: str) -> date | None:
        """A day in a field, None where it is none."""
        text = self.text(name)
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.wrong(name, marked("Enter a day, such as 2027-01-31."))
            return None

    def wrong(self, name: str, sentence: str, **facts: str) -> None:
        """A field is wrong."""
        self.errors.setdefault(name, self.page.speech.say(sentence, **facts))

    @property
    def command_id(self) -> str:
        """The form's one-time key, a fresh one where it carries none."""
        return self.identifier(COMMAND_ID) or new_command_id()

    def view(self, names: tuple[str, ...], problem: str = "") -> FormView:
        """The form as it was sent, with what is wrong in it, to be sent again as a new one."""
        values = {name: self.page.form.get(name, "") for name in names}
        return FormView(values=values, command_id=new_command_id(), errors=self.errors, problem=problem)

    def refused(self, names: tuple[str, ...], refused: Refused, currency: str = "") -> FormView:
        """The form after an operation refused it; where it names a field, the sentence stands there."""
        named = str(refused.facts.get("field", "")) if refused.code is RefusalCode.INVALID_INPUT else ""
        if named in names:
            allowed = str(refused.facts.get("allowed", ""))
            self.wrong(named, marked("This is not possible here. What is allowed: %(allowed)s."), allowed=allowed)
            return self.view(names)
        return self.view(names, self.page.speech.refusal(refused, currency))


def blank(names: tuple[str, ...], values: Mapping[str, str] | None = None) -> FormView:
    """A form as it is first shown."""
    return FormView(values={**dict.fromkeys(names, ""), **(values or {})}, command_id=new_command_id())


def start_of(day: date) -> datetime:
    """The instant at which a day begins (UTC)."""
    return datetime.combine(day, time(), tzinfo=UTC)


def end_of(day: date) -> datetime:
    """The instant at which a day is over (UTC)."""
    return start_of(day) + timedelta(days=1)


def about_id(page: Page) -> str:
    """The organization that an address of the console is about."""
    return str(page.request.path_params.get("about_id", ""))


async def organization_about(page: Page) -> Organization | Refused:
    """That organization, or why there is none."""
    return await get_organization(page.services, organization_id=about_id(page))


def who(page: Page) -> str:
    """Whoever acts, by name."""
    return page.actor.name or page.actor.actor_id


def operator_name(page: Page) -> str:
    """Whoever acts, as operations want an operator's name: small letters, digits, points, underscores, hyphens."""
    return _NOT_A_SIGN.sub(".", who(page).lower()).strip(".")[:_OPERATOR_CHARACTERS_MAX] or "operator"


def cursor_of(page: Page) -> str | None:
    """Where a list goes on."""
    return page.request.query_params.get("cursor")
