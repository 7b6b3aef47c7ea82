"""One call inside the fake FreeSWITCH: its variables, its times, and how both are written in an event.

Knows the names and the encoding that the real server uses. Refuses to know connections.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

Headers = list[tuple[str, str]]

_SAFE = "!$'()*,-./_~"


def encoded(value: str) -> str:
    """A value as events carry it: SWITCH_URL_UNSAFE of switch_utils.h is escaped, and what is not printable."""
    return quote(value, safe=_SAFE)


def serialized(headers: Headers) -> str:
    """Header lines with encoded values, and the empty line after them (switch_event_serialize)."""
    return "".join(f"{name}: {encoded(value)}\n" for name, value in headers) + "\n"


@dataclass(kw_only=True)
class FakeChannel:
    """One leg: the one that pays. Times in microseconds since 1970; 0 for not yet."""

    uuid: str
    caller: str
    destination: str
    created_at: int
    context: str = "public"
    answered_at: int = 0
    hung_up_at: int = 0
    hangup_cause: str = ""
    parked: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    extensions: list[tuple[str, str]] = field(default_factory=list)
    """Where it was transferred to: extension and context."""
    played: list[str] = field(default_factory=list)
    sip_status: str = ""
    """What ``respond`` told the caller."""

    @property
    def is_up(self) -> bool:
        """Whether it can be found by its id: a call that was hung up cannot, although its last events are to come."""
        return self.hung_up_at == 0

    def headers(self) -> Headers:
        """Its part of every event."""
        state = "hangup" if self.hung_up_at else "answered" if self.answered_at else "ringing"
        headers = [
            ("Channel-State", "CS_REPORTING" if self.hung_up_at else "CS_EXECUTE"),
            ("Channel-Name", f"sofia/internal/{self.caller}@192.0.2.10"),
            ("Unique-ID", self.uuid),
            ("Call-Direction", "inbound"),
            ("Answer-State", state),
            ("Caller-Direction", "inbound"),
            ("Caller-Dialplan", "XML"),
            ("Caller-Caller-ID-Number", self.caller),
            ("Caller-Destination-Number", self.destination),
            ("Caller-Unique-ID", self.uuid),
            ("Caller-Context", self.context),
            ("Caller-Channel-Created-Time", str(self.created_at)),
            ("Caller-Channel-Answered-Time", str(self.answered_at)),
            ("Caller-Channel-Hangup-Time", str(self.hung_up_at)),
        ]
        if self.hangup_cause:
            headers.insert(0, ("Hangup-Cause", self.hangup_cause))
        variables = dict(self.variables)
        if self.hung_up_at:
            billed = self.hung_up_at - self.answered_at if self.answered_at else 0
            seconds = self.hung_up_at // 1_000_000 - self.answered_at // 1_000_000 if self.answered_at else 0
            variables |= {
                "billsec": str(seconds),
                "billmsec": str(billed // 1_000),
                "billusec": str(billed),
                "answer_uepoch": str(self.answered_at),
                "end_uepoch": str(self.hung_up_at),
            }
        return headers + [(f"variable_{name}", value) for name, value in variables.items()]
