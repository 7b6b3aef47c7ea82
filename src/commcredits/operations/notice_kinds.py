"""Groups of notices, and what of both somebody has chosen to hear of.

Knows which kind is in which group. Refuses to know who chose, and what a notice says. A group that is chosen takes in
the kinds that are added to it later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Final

from commcredits.core.notices import NoticeKind
from commcredits.core.outcomes import Refused
from commcredits.operations.inputs import invalid_input


class NoticeGroup(StrEnum):
    """Kinds that the same people care for. Stable, like the kinds."""

    ALL = "all"
    PAYMENTS = "payments"
    AUTO_RECHARGE = "auto_recharge"
    BALANCE = "balance"
    MINUTES = "minutes"
    DISPUTES = "disputes"
    WEBHOOKS = "webhooks"


_GROUPS: Final[Mapping[NoticeGroup, tuple[NoticeKind, ...]]] = {
    NoticeGroup.PAYMENTS: (
        NoticeKind.TOP_UP_SUCCEEDED,
        NoticeKind.TOP_UP_FAILED,
        NoticeKind.AUTHENTICATION_NEEDED,
        NoticeKind.CARD_EXPIRING,
        NoticeKind.REFUND_SUCCEEDED,
        NoticeKind.REFUND_REFUSED,
    ),
    NoticeGroup.AUTO_RECHARGE: (
        NoticeKind.RECHARGE_SUCCEEDED,
        NoticeKind.RECHARGE_FAILED,
        NoticeKind.RECHARGE_SUSPENDED,
        NoticeKind.RECHARGE_PAUSED,
        NoticeKind.RECHARGE_SWITCHED_OFF,
        NoticeKind.CAP_NEARLY_REACHED,
        NoticeKind.CAP_REACHED,
    ),
    NoticeGroup.BALANCE: (NoticeKind.BALANCE_LOW, NoticeKind.BALANCE_ZERO, NoticeKind.LOT_EXPIRING),
    NoticeGroup.MINUTES: (NoticeKind.POOL_NEARLY_USED, NoticeKind.POOL_USED),
    NoticeGroup.DISPUTES: (NoticeKind.DISPUTE_OPENED, NoticeKind.DISPUTE_WON, NoticeKind.DISPUTE_LOST),
    NoticeGroup.WEBHOOKS: (NoticeKind.WEBHOOK_DISABLED,),
}

GROUP_OF: Final[Mapping[NoticeKind, NoticeGroup]] = {kind: group for group, kinds in _GROUPS.items() for kind in kinds}
"""Each kind is in one group, beside the one of all."""

CHOICES: Final = (*(group.value for group in NoticeGroup), *(kind.value for kind in NoticeKind))
"""What may be chosen."""


def check_kinds(kinds: Sequence[str]) -> tuple[str, ...] | Refused:
    """The chosen kinds and groups, each once and in the order of the lists, or the refusal of the first unknown."""
    unknown = next((kind for kind in kinds if kind not in CHOICES), None)
    if unknown is not None or not kinds or len(kinds) > len(CHOICES):
        return invalid_input("kinds", unknown or "", "one or more of " + ", ".join(CHOICES))
    return tuple(choice for choice in CHOICES if choice in kinds)


def is_chosen(kinds: Collection[str], kind: str) -> bool:
    """Whether who chose these kinds and groups hears of a notice of that kind."""
    if kind in kinds or NoticeGroup.ALL.value in kinds:
        return True
    return kind in tuple(NoticeKind) and GROUP_OF[NoticeKind(kind)].value in kinds
