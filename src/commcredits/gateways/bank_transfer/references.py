"""References of payers, of ways to pay by hand, and of what was asked for: text that says all there is to know of them.

Refuses to remember: this gateway keeps no books, for the operator's bank does, and the ledger keeps the attempts.
"""

import hashlib
import re
from typing import Final, Literal

Kind = Literal["bank_transfer", "purchase_order"]

NUMBER_LENGTH_MAX: Final = 40

_CUSTOMER: Final = re.compile(r"payer_[0-9a-f]{24}", re.ASCII)
_METHOD: Final = re.compile(r"bank|po:[A-Za-z0-9][A-Za-z0-9 ./_-]{0,39}", re.ASCII)


def customer_reference(idempotency_key: str) -> str:
    """The payer of a key; the same key gives the same."""
    return f"payer_{hashlib.blake2b(idempotency_key.encode(), digest_size=12).hexdigest()}"


def is_customer(reference: str) -> bool:
    """Whether this is a payer that was given out."""
    return _CUSTOMER.fullmatch(reference) is not None


def kind_of(reference: str) -> Kind | None:
    """What a payment method's reference stands for; None: nothing. `bank`, or `po:` and the number of an order."""
    if not _METHOD.fullmatch(reference):
        return None
    return "bank_transfer" if reference == "bank" else "purchase_order"


def order_number(reference: str) -> str:
    """The number of a purchase order; empty for a bank transfer."""
    return reference.partition(":")[2].strip()


def payment_reference(idempotency_key: str) -> str:
    """What the payer writes on the transfer, so that whoever reads the bank's statement finds the attempt again.

    Twelve letters and digits that cannot be mistaken for each other, in groups of four.
    """
    digest = hashlib.blake2b(idempotency_key.encode(), digest_size=8, person=b"bank transfer").digest()
    number, letters = int.from_bytes(digest), []
    for _ in range(12):
        number, remainder = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[remainder])
    text = "".join(letters)
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"


_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
