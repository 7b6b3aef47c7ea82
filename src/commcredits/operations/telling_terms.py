"""What telling people and machines rests on: the operator's choices, and who resolves the names of hosts.

Knows their types and what holds where nobody chose. Refuses to know who reads them from settings.
"""

from __future__ import annotations

from dataclasses import dataclass

from commcredits.operations.webhook_addresses import Resolver, resolve_host


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingTerms:
    """Whether there is a mail server; after how many days nothing is mailed any more; where webhooks may go.

    ``loopback_allowed`` lets webhooks go to this machine, also over plain http: for trying out.
    """

    mails: bool = False
    late_days: int = 3
    loopback_allowed: bool = False
    resolve: Resolver = resolve_host
