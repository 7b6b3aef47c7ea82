"""Files of people: taking one in after a look at what it would do, and giving one out.

Knows how a file gets from the preview to the act: packed, in the form itself, so that nothing is kept in between and
nothing is half done. Refuses to know columns (commcredits.operations.people_csv).
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Licence, PartyKind
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.framing import Framed, framed, number_in
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.people import filters
from commcredits.edges.portal.people.links import people_links
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.portal.uploads import FILE_BYTES_MAX, TOO_LARGE, bytes_of
from commcredits.edges.translations import marked
from commcredits.operations.csv_lines import LineError
from commcredits.operations.people_export import export_people
from commcredits.operations.people_import import ImportReport, import_licences, import_people

FILE: Final = "file"
CONTENT: Final = "content"
"""The field that carries a file from its preview to the act: packed by zlib, written as URL-safe Base64."""

DIGEST: Final = "digest"
KIND: Final = "kind"
USERS: Final = "users"
LICENCES: Final = "licences"

CONTENT_BYTES_MAX: Final = FILE_BYTES_MAX * 3 // 2
"""Largest form that carries a file: no file becomes larger than this by packing and writing."""

SAMPLES: Final[Mapping[str, str]] = {
    USERS: (
        "user_principal_name,object_id,display_name,usage_location,department,licences,kind,numbers\r\n"
        "front.desk@example.com,,Front desk,RO,Reception,MCOPSTN5;MCOPSTNC,user,\r\n"
        "call.queue@example.com,,Call queue,RO,,MCOPSTN_PAYG_1,resource_account,\r\n"
    ),
    LICENCES: "user_principal_name,assign,take\r\nfront.desk@example.com,MCOPSTN1;MCOPSTNC,MCOPSTN5\r\n",
}
"""A file of each kind to begin with."""

_ALLOWED: Final[Mapping[str, str]] = {
    "": marked("a header row with the names of columns, then in each line as many fields as in the header, in UTF-8"),
    "user_principal_name": marked(
        "a name such as front.desk@example.com, once in the file; for licences, of a known user"
    ),
    "object_id": marked("a UUID that nobody else has, the one that this user has already, or nothing"),
    "display_name": marked("at most 200 characters on one line"),
    "department": marked("at most 200 characters on one line"),
    "usage_location": marked("a country of two capital letters, such as RO; whoever has a Calling Plan needs one"),
    "licences": marked("codes of licences that go together, each once, with semicolons between them"),
    "assign": marked("codes of licences that go together, each once, with semicolons between them"),
    "take": marked("codes of licences that go together, each once, with semicolons between them"),
    "kind": marked("user or resource_account, as it is already, or nothing"),
    "numbers": marked("user numbers such as +40212345678, each once, with semicolons between them"),
}
"""What may stand in each column; what concerns a whole line under an empty name."""

_MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePages:
    """Each method answers one address."""

    door: Door

    async def form(self, page: Page) -> Response:
        """The page that takes a file."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        if not page.may(Permission.USERS_WRITE):
            return self.door.refused(page, _not_permitted())
        return self._form(frame, {})

    async def take(self, page: Page) -> Response:
        """Show what a file would do, or do what was shown."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        if not page.may(Permission.USERS_WRITE):
            return self.door.refused(page, _not_permitted())
        if TOO_LARGE in page.form:
            largest = page.speech.formats.count(FILE_BYTES_MAX // _MEGABYTE)
            sentence = marked(
                "The file is larger than %(largest)s MB. Split it, or import it over the API or at the terminal."
            )
            return self._form(frame, {FILE: page.speech.say(sentence, largest=largest)}, status=422)
        content = _content(page.form)
        if not content:
            return self._form(frame, {FILE: page.speech.say(marked("Choose a file that is not empty."))}, status=422)
        report = await self._report(page, content)
        if isinstance(report, Refused):
            return self.door.refused(page, report)
        if report.written:
            links = people_links(page)
            query = {"added": str(report.added), "changed": str(report.changed)}
            return self.door.see_other(f"{links.import_file()}?{_query(query)}")
        return self._preview(frame, report, content)

    async def sample(self, page: Page) -> Response:
        """A file to begin with."""
        file = str(page.request.path_params["file"])
        if file not in SAMPLES:
            raise HTTPException(404)
        return Response(SAMPLES[file], headers=_attachment(f"sample-{file}.csv"), media_type="text/csv")

    async def export_users(self, page: Page) -> Response:
        """The users that the address's filter finds, as a file."""
        return await self._export(page, PartyKind.USER)

    async def export_accounts(self, page: Page) -> Response:
        """The resource accounts that the address's filter finds, as a file."""
        return await self._export(page, PartyKind.RESOURCE_ACCOUNT)

    async def _export(self, page: Page, kind: PartyKind) -> Response:
        narrowed = filters.read_filter(page.request.query_params, kind)
        pieces = await export_people(page.services, organization_id=page.organization_id, narrowed=narrowed)
        if isinstance(pieces, Refused):
            return self.door.refused(page, pieces)
        name = "users.csv" if kind is PartyKind.USER else "resource-accounts.csv"
        return StreamingResponse(pieces, headers=_attachment(name), media_type="text/csv")

    async def _report(self, page: Page, content: bytes) -> ImportReport | Refused:
        importing = import_licences if page.form.get(KIND) == LICENCES else import_people
        expected = page.form.get(DIGEST, "")
        return await importing(
            page.services,
            organization_id=page.organization_id,
            source=[content],
            dry_run=not expected,
            expected=expected,
        )

    def _form(self, frame: Framed, errors: Mapping[str, str], *, status: int = 200) -> Response:
        kind = LICENCES if frame.page.form.get(KIND) == LICENCES else USERS
        return self._html(
            "people/import.html",
            frame,
            status=status,
            form=FormView(values={KIND: kind, FILE: ""}, errors=errors, command_id=""),
            added=number_in(frame.page, "added"),
            changed=number_in(frame.page, "changed"),
            largest_mb=FILE_BYTES_MAX // _MEGABYTE,
        )

    def _preview(self, frame: Framed, report: ImportReport, content: bytes) -> Response:
        has_moved = report.refused is not None and report.refused.code is RefusalCode.CONFLICT
        is_wrong = bool(report.error_count)
        speech = frame.page.speech
        packed = base64.urlsafe_b64encode(zlib.compress(content)).decode()
        return self._html(
            "people/import_preview.html",
            frame,
            status=409 if has_moved else 422 if is_wrong or report.refused else 200,
            report=report,
            has_moved=has_moved,
            content="" if is_wrong else packed,
            file_kind=LICENCES if frame.page.form.get(KIND) == LICENCES else USERS,
            allowed=lambda error: _allowed(speech, error),
            problem="" if report.refused is None else roster_words.licence_refusal(speech, report.refused),
        )

    def _html(self, template: str, frame: Framed, *, status: int = 200, **values: object) -> Response:
        return self.door.html(
            template,
            frame.page,
            status=status,
            organization=frame.organization,
            people=people_links(frame.page),
            words=roster_words,
            licence_codes=tuple(Licence),
            **values,
        )


def _allowed(speech: Speech, error: LineError) -> str:
    """What may stand where something else stands, or why that cannot be."""
    if error.code in {RefusalCode.INVALID_INPUT, RefusalCode.LICENCE_CONFLICT} or error.column not in _ALLOWED:
        return speech.say(_ALLOWED.get(error.column, _ALLOWED[""]))
    return speech.refusal(Refused(code=error.code), "")


def _content(fields: Mapping[str, str]) -> bytes:
    """The file as it was sent, or as its preview carried it; nothing for what cannot be one."""
    try:
        if FILE in fields:
            return bytes_of(fields[FILE])
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(base64.urlsafe_b64decode(fields.get(CONTENT, "")), FILE_BYTES_MAX)
    except (UnicodeEncodeError, ValueError, binascii.Error, zlib.error):
        return b""
    return b"" if unpacking.unconsumed_tail else content


def _query(values: Mapping[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in values.items())


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _not_permitted() -> Refused:
    return Refused(code=RefusalCode.NOT_PERMITTED, facts={"permission": Permission.USERS_WRITE.value})
