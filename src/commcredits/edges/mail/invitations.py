"""The letter that brings an invitation, in one language: subject, plain text and HTML.

Knows what stands in it. Refuses to know mail servers. Its link is a secret: the letter is its only place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.access import Role
from commcredits.edges.mail.formatting import Formats
from commcredits.edges.mail.letters import Letter, LetterWriter
from commcredits.edges.translations import marked
from commcredits.operations.invitation_mailing import InvitationLetter

_ROLE_NAMES: Final[Mapping[Role, str]] = {
    Role.GLOBAL_ADMINISTRATOR: marked("Global administrator"),
    Role.BILLING_ADMINISTRATOR: marked("Billing administrator"),
    Role.TELEPHONY_ADMINISTRATOR: marked("Telephony administrator"),
    Role.USER_ADMINISTRATOR: marked("User administrator"),
    Role.REPORTS_READER: marked("Reports reader"),
    Role.SUPPORT: marked("Support"),
    Role.REPORTING_APP: marked("Reporting app"),
    Role.OPERATOR_STAFF: marked("Operator staff"),
    Role.OPERATOR_OWNER: marked("Operator owner"),
}

_SUBJECT: Final = marked("You are invited to administer %(organization)s")
_INVITED: Final = marked("%(inviter)s invites you to administer the communication credits of %(organization)s.")
_STAFF_SUBJECT: Final = marked("You are invited to the operator's console")
_STAFF_INVITED: Final = marked("%(inviter)s invites you to work for the operator of the communication credits.")
_ROLES: Final = marked("Your roles: %(roles)s.")
_LINK: Final = marked("The link works once, until %(expires)s. You set up a passkey there; there is no password.")
_BUTTON: Final = marked("Accept the invitation")
_NOT_EXPECTED: Final = marked("If you did not expect this letter, do nothing: without the link nobody is let in.")
_CONSOLE: Final = marked("Communication credits")


def write_invitation(writer: LetterWriter, letter: InvitationLetter) -> Letter:
    """The letter, in its reader's language and its organization's time zone."""
    formats = Formats(language=letter.language, time_zone=letter.time_zone)

    def say(sentence: str) -> str:
        return writer.say(letter.language, sentence)

    facts = {
        "organization": letter.organization_name,
        "inviter": letter.invited_by,
        "roles": ", ".join(say(_ROLE_NAMES[role]) for role in letter.roles),
        "expires": formats.minute(letter.expires_at),
    }
    subject, invited = (_SUBJECT, _INVITED) if letter.organization_name else (_STAFF_SUBJECT, _STAFF_INVITED)
    return writer.compose(
        letter.language,
        subject=say(subject) % facts,
        heading=letter.organization_name or say(_CONSOLE),
        sentences=[say(sentence) % facts for sentence in (invited, _ROLES, _LINK)],
        button=say(_BUTTON),
        link=letter.link.get_secret_value(),
        footer=[say(_NOT_EXPECTED)],
    )
