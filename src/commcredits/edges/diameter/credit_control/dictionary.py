"""The numbers of credit control: AVPs by key, enumerations and result codes (RFC 8506 §8, §9; TS 32.299 §7).

Knows what this application reads and writes. Refuses to know the AVPs of the base.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from commcredits.edges.diameter.avps import key_of
from commcredits.edges.diameter.dictionary import THREE_GPP

CREDIT_CONTROL_APPLICATION: Final = 4
"""The Auth-Application-Id (RFC 8506 §1.3)."""

CREDIT_CONTROL: Final = 272
RE_AUTH: Final = 258
ABORT_SESSION: Final = 274

EVENT_TIMESTAMP: Final = 55
TERMINATION_CAUSE: Final = 295
RE_AUTH_REQUEST_TYPE: Final = 285
AUTHORIZE_ONLY: Final = 0

CC_MONEY: Final = 413
CC_REQUEST_NUMBER: Final = 415
CC_REQUEST_TYPE: Final = 416
CC_SESSION_FAILOVER: Final = 418
CC_SUB_SESSION_ID: Final = 419
CC_TIME: Final = 420
CHECK_BALANCE_RESULT: Final = 422
COST_INFORMATION: Final = 423
CURRENCY_CODE: Final = 425
EXPONENT: Final = 429
FINAL_UNIT_INDICATION: Final = 430
GRANTED_SERVICE_UNIT: Final = 431
RATING_GROUP: Final = 432
REQUESTED_ACTION: Final = 436
REQUESTED_SERVICE_UNIT: Final = 437
SERVICE_IDENTIFIER: Final = 439
SUBSCRIPTION_ID: Final = 443
SUBSCRIPTION_ID_DATA: Final = 444
UNIT_VALUE: Final = 445
USED_SERVICE_UNIT: Final = 446
VALUE_DIGITS: Final = 447
VALIDITY_TIME: Final = 448
FINAL_UNIT_ACTION: Final = 449
SUBSCRIPTION_ID_TYPE: Final = 450
MULTIPLE_SERVICES_CREDIT_CONTROL: Final = 456
SERVICE_CONTEXT_ID: Final = 461

ROLE_OF_NODE: Final = key_of(829, THREE_GPP)
CALLING_PARTY_ADDRESS: Final = key_of(831, THREE_GPP)
CALLED_PARTY_ADDRESS: Final = key_of(832, THREE_GPP)
TIME_STAMPS: Final = key_of(833, THREE_GPP)
SIP_RESPONSE_TIMESTAMP: Final = key_of(835, THREE_GPP)
TIME_QUOTA_THRESHOLD: Final = key_of(868, THREE_GPP)
REPORTING_REASON: Final = key_of(872, THREE_GPP)
SERVICE_INFORMATION: Final = key_of(873, THREE_GPP)
IMS_INFORMATION: Final = key_of(876, THREE_GPP)
REFUND_INFORMATION: Final = key_of(2022, THREE_GPP)

THREE_GPP_CONTEXTS: Final = "@3gpp.org"
"""How the Service-Context-Id ends of whoever reads the AVPs of TS 32.299."""


class RequestType(IntEnum):
    """CC-Request-Type (RFC 8506 §8.3)."""

    INITIAL = 1
    UPDATE = 2
    TERMINATION = 3
    EVENT = 4


class Action(IntEnum):
    """Requested-Action of an event (RFC 8506 §8.41)."""

    DIRECT_DEBITING = 0
    REFUND_ACCOUNT = 1
    CHECK_BALANCE = 2
    PRICE_ENQUIRY = 3


class SubscriptionType(IntEnum):
    """Subscription-Id-Type (RFC 8506 §8.47)."""

    E164 = 0
    IMSI = 1
    SIP_URI = 2
    NAI = 3
    PRIVATE = 4


FAILOVER_SUPPORTED: Final = 1
"""CC-Session-Failover: any process of ours takes up a session, because all of it is in the database."""

TERMINATE: Final = 0
"""Final-Unit-Action: end the service when the units are used up."""

ENOUGH_CREDIT: Final = 0
NO_CREDIT: Final = 1

TERMINATING_ROLE: Final = 1
"""Role-Of-Node of whoever serves the called party (TS 32.299 §7.2.162)."""

FINAL_REPORT: Final = 2
"""Reporting-Reason: the service of this group has ended (TS 32.299 §7.2.160)."""


class CreditResult(IntEnum):
    """The result codes that credit control adds (RFC 8506 §9)."""

    END_USER_SERVICE_DENIED = 4010
    CREDIT_CONTROL_NOT_APPLICABLE = 4011
    CREDIT_LIMIT_REACHED = 4012
    USER_UNKNOWN = 5030
    RATING_FAILED = 5031
