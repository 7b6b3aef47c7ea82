"""What a webhook says, and the header fields that prove who says it.

Knows the form of Standard Webhooks: id, timestamp and signatures in the header, type, timestamp and data in the body.
Refuses to know endpoints. Amounts are decimals in strings, as in the administration API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

from commcredits.operations.notices import NoticeToTell, shown_facts


def payload_of(notice: NoticeToTell) -> bytes:
    """The body: the same bytes at every try, for the signature covers them."""
    document = {
        "type": notice.kind,
        "timestamp": notice.noticed_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {"organization_id": notice.organization_id, **shown_facts(notice.facts)},
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def signed_headers(notice: NoticeToTell, body: bytes, *, secrets: Sequence[str], now: datetime) -> Mapping[str, str]:
    """Header fields with a signature for each secret. The id is the notice's: by it a receiver knows it again."""
    signatures = (Webhook(secret).sign(notice.notice_id, now, body.decode()) for secret in secrets)
    return {
        "webhook-id": notice.notice_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
