"""The numbers of the Diameter base protocol (RFC 6733): AVPs, commands, result codes.

Knows what the base itself reads and writes. Refuses to know the AVPs of applications, which bring their own.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

THREE_GPP: Final = 10_415
"""The vendor whose AVPs charging of calls uses (TS 32.299)."""

RELAY: Final = 0xFFFF_FFFF
"""The application id by which a relay says that it carries every application (RFC 6733 §2.4)."""

BASE_APPLICATION: Final = 0
CAPABILITIES_EXCHANGE: Final = 257
DEVICE_WATCHDOG: Final = 280
DISCONNECT_PEER: Final = 282

# AVPs by key (see avps.key_of): those of the base have no vendor, so that their key is their code (§4.5).
PROXY_STATE: Final = 33
HOST_IP_ADDRESS: Final = 257
AUTH_APPLICATION_ID: Final = 258
ACCT_APPLICATION_ID: Final = 259
VENDOR_SPECIFIC_APPLICATION_ID: Final = 260
SESSION_ID: Final = 263
ORIGIN_HOST: Final = 264
SUPPORTED_VENDOR_ID: Final = 265
VENDOR_ID: Final = 266
FIRMWARE_REVISION: Final = 267
RESULT_CODE: Final = 268
PRODUCT_NAME: Final = 269
DISCONNECT_CAUSE: Final = 273
ORIGIN_STATE_ID: Final = 278
FAILED_AVP: Final = 279
PROXY_HOST: Final = 280
ERROR_MESSAGE: Final = 281
ROUTE_RECORD: Final = 282
DESTINATION_REALM: Final = 283
PROXY_INFO: Final = 284
DESTINATION_HOST: Final = 293
ORIGIN_REALM: Final = 296
INBAND_SECURITY_ID: Final = 299

BASE_AVPS: Final = frozenset({
    1, 25, 27, 33, 44, 50, 55, 85,
    *range(257, 275), *range(276, 286), 287, *range(291, 300),
    480, 483, 485,
})  # fmt: skip
"""Every AVP that the base protocol knows (§4.5), whether we use it or not."""


class ResultCode(IntEnum):
    """Result-Code (§7.1): 2xxx success, 3xxx protocol errors (with the E bit), 4xxx for now, 5xxx for good."""

    SUCCESS = 2001
    LIMITED_SUCCESS = 2002
    COMMAND_UNSUPPORTED = 3001
    UNABLE_TO_DELIVER = 3002
    REALM_NOT_SERVED = 3003
    TOO_BUSY = 3004
    LOOP_DETECTED = 3005
    APPLICATION_UNSUPPORTED = 3007
    INVALID_HEADER_BITS = 3008
    INVALID_AVP_BITS = 3009
    UNKNOWN_PEER = 3010
    AUTHENTICATION_REJECTED = 4001
    OUT_OF_SPACE = 4002
    ELECTION_LOST = 4003
    AVP_UNSUPPORTED = 5001
    UNKNOWN_SESSION_ID = 5002
    AUTHORIZATION_REJECTED = 5003
    INVALID_AVP_VALUE = 5004
    MISSING_AVP = 5005
    RESOURCES_EXCEEDED = 5006
    CONTRADICTING_AVPS = 5007
    AVP_NOT_ALLOWED = 5008
    AVP_OCCURS_TOO_MANY_TIMES = 5009
    NO_COMMON_APPLICATION = 5010
    UNSUPPORTED_VERSION = 5011
    UNABLE_TO_COMPLY = 5012
    INVALID_BIT_IN_HEADER = 5013
    INVALID_AVP_LENGTH = 5014
    INVALID_MESSAGE_LENGTH = 5015
    INVALID_AVP_BIT_COMBO = 5016
    NO_COMMON_SECURITY = 5017


PROTOCOL_ERRORS: Final = range(3000, 4000)
"""The result codes, of the base and of applications, whose answers carry the E bit (§7.1.3)."""


class DisconnectCause(IntEnum):
    """Why a connection is given up (§5.4.3)."""

    REBOOTING = 0
    BUSY = 1
    DO_NOT_WANT_TO_TALK_TO_YOU = 2
