"""The form of settings about operators by name and about the chart of accounts.

Knows what a name, a token and an account's number may be. Refuses to show a token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pydantic import SecretStr

from commcredits.core.ledger import LedgerAccount

OPERATOR_TOKEN_LENGTH_MIN: Final = 16
"""Fewest characters of a token that opens everything."""

OPERATORS_MAX: Final = 100

SHARED_OPERATOR: Final = "operator"
"""Who uses the one token of the setting ``operator_token``."""

CONSOLE: Final = "console"
"""Whoever works at the command line and does not say who."""

BANK: Final = "bank"
"""Where gateways pay out to: an account of exports alone, for the ledger ends at the gateway."""

_NAME: Final = re.compile(r"[a-z0-9._-]{1,64}", re.ASCII)
_CODE: Final = re.compile(r"[0-9A-Za-z._:-]{1,32}", re.ASCII)


def check_token(token: SecretStr) -> SecretStr:
    """The token. Raises ValueError for one that is too short."""
    if len(token.get_secret_value().strip()) < OPERATOR_TOKEN_LENGTH_MIN:
        raise ValueError(f"needs at least {OPERATOR_TOKEN_LENGTH_MIN} characters")
    return token


def check_operators(operators: Mapping[str, SecretStr]) -> None:
    """Raise ValueError for a name that is none, or is taken, and for a token that is too short or that two share."""
    if len(operators) > OPERATORS_MAX:
        raise ValueError(f"names at most {OPERATORS_MAX} operators")
    known: set[str] = set()
    for name, token in operators.items():
        if not _NAME.fullmatch(name) or name in {SHARED_OPERATOR, CONSOLE}:
            raise ValueError(
                f"{name[:64]!r} is not a name of 1 to 64 small letters, digits, points, underscores and hyphens "
                f"other than {SHARED_OPERATOR} and {CONSOLE}"
            )
        secret = token.get_secret_value().strip()
        if len(secret) < OPERATOR_TOKEN_LENGTH_MIN:
            raise ValueError(f"the token of {name} needs at least {OPERATOR_TOKEN_LENGTH_MIN} characters")
        if secret in known:
            raise ValueError(f"{name} has the same token as somebody else")
        known.add(secret)


def check_account_codes(codes: Mapping[str, str]) -> None:
    """Raise ValueError for an account that exports do not have, and for a number that is none."""
    known = {BANK, *(account.value for account in LedgerAccount)}
    for account, code in codes.items():
        if account not in known:
            raise ValueError(f"{account[:64]!r} is none of the accounts {', '.join(sorted(known))}")
        if not _CODE.fullmatch(code):
            raise ValueError(f"{code[:64]!r} is not an account number of 1 to 32 letters, digits, points or hyphens")
