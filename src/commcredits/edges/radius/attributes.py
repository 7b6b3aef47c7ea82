"""The numbers of the wire that charging a call needs: codes of packets, attributes, values.

Knows what the assigned numbers are called. Refuses to know what is done with them. All are from the registry "Radius
Types"; the RFC of each group stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class Code(IntEnum):
    """What a packet is (RFC 2865 §4, RFC 2866 §4, RFC 5176 §2.3, RFC 5997 §2.1)."""

    ACCESS_REQUEST = 1
    ACCESS_ACCEPT = 2
    ACCESS_REJECT = 3
    ACCOUNTING_REQUEST = 4
    ACCOUNTING_RESPONSE = 5
    STATUS_SERVER = 12
    DISCONNECT_REQUEST = 40
    DISCONNECT_ACK = 41
    DISCONNECT_NAK = 42
    COA_REQUEST = 43
    COA_ACK = 44
    COA_NAK = 45


class Attribute(IntEnum):
    """The attributes that are read or written (RFC 2865 §5, RFC 2866 §5, RFC 2869 §5, RFC 3162 §2, RFC 5176 §3.5)."""

    USER_NAME = 1
    NAS_IP_ADDRESS = 4
    REPLY_MESSAGE = 18
    CLASS = 25
    SESSION_TIMEOUT = 27
    CALLED_STATION_ID = 30
    CALLING_STATION_ID = 31
    NAS_IDENTIFIER = 32
    PROXY_STATE = 33
    ACCT_STATUS_TYPE = 40
    ACCT_DELAY_TIME = 41
    ACCT_SESSION_ID = 44
    ACCT_SESSION_TIME = 46
    ACCT_TERMINATE_CAUSE = 49
    EVENT_TIMESTAMP = 55
    MESSAGE_AUTHENTICATOR = 80
    ACCT_INTERIM_INTERVAL = 85
    NAS_IPV6_ADDRESS = 95
    ERROR_CAUSE = 101


class Status(IntEnum):
    """What an Accounting-Request tells (RFC 2866 §5.1)."""

    START = 1
    STOP = 2
    INTERIM_UPDATE = 3
    ACCOUNTING_ON = 7
    ACCOUNTING_OFF = 8


SESSION_CONTEXT_NOT_FOUND: Final = 503
"""The Error-Cause of an access server that has no such call (RFC 5176 §3.5)."""

TERMINATE_CAUSES: Final[Mapping[int, str]] = {
    1: "user_request",
    2: "lost_carrier",
    3: "lost_service",
    4: "idle_timeout",
    5: "session_timeout",
    6: "admin_reset",
    7: "admin_reboot",
    8: "port_error",
    9: "nas_error",
    10: "nas_request",
    11: "nas_reboot",
    12: "port_unneeded",
    13: "port_preempted",
    14: "port_suspended",
    15: "service_unavailable",
    16: "callback",
    17: "user_error",
    18: "host_request",
}
"""Acct-Terminate-Cause in words (RFC 2866 §5.10)."""
