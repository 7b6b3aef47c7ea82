"""The codes of vouchers: random bits that people can read out, type and mistype.

Knows the alphabet and the check character. Refuses to know which codes were issued, and to make randomness: 95 bits are
handed in. The 32 signs are digits and capital letters without I, L, O and U; I and L are read as 1 and O as 0, so that
nobody has to tell them apart. The last sign is a check: the code as a polynomial over the field of 32 elements has the
value 0 at a generator of the field, so one wrong sign, and any two signs in each other's place, are always noticed.
"""

from __future__ import annotations

from typing import Final

CODE_BITS: Final = 95
"""Randomness of a code: nobody finds one by trying, were every voucher ever issued still open."""

CODE_CHARACTERS_MAX: Final = 64
"""Longest text that is looked at as a code, blanks and hyphens included."""

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {sign: value for value, sign in enumerate(_ALPHABET)} | {"I": 1, "L": 1, "O": 0}
_SIGNS: Final = 20
_GROUP: Final = 5
_BITS_PER_SIGN: Final = 5
_FIELD: Final = 0b10_0101
"""The primitive polynomial x⁵ + x² + 1 over two elements."""


def write_code(bits: int) -> str:
    """The code that carries these bits, in groups: ``7K2QF-…``. ValueError for more than CODE_BITS: a bug."""
    if not 0 <= bits < 2**CODE_BITS:
        raise ValueError(f"a code carries {CODE_BITS} bits")
    values = [bits >> shift & 31 for shift in range(CODE_BITS - _BITS_PER_SIGN, -1, -_BITS_PER_SIGN)]
    values.append(_times_generator(_remainder(values)))
    signs = "".join(_ALPHABET[value] for value in values)
    return "-".join(signs[start : start + _GROUP] for start in range(0, _SIGNS, _GROUP))


def read_code(text: str) -> str | None:
    """The code as it was written, whatever its case, blanks and hyphens; None for a text that is none."""
    if len(text) > CODE_CHARACTERS_MAX or not text.isascii():
        return None
    signs = text.upper().replace("-", "").replace(" ", "")
    if len(signs) != _SIGNS or any(sign not in _VALUES for sign in signs):
        return None
    values = [_VALUES[sign] for sign in signs]
    if _remainder(values):
        return None
    plain = "".join(_ALPHABET[value] for value in values)
    return "-".join(plain[start : start + _GROUP] for start in range(0, _SIGNS, _GROUP))


def _remainder(values: list[int]) -> int:
    """The value of the polynomial with these coefficients at the generator."""
    value = 0
    for each in values:
        value = _times_generator(value) ^ each
    return value


def _times_generator(value: int) -> int:
    doubled = value << 1
    return doubled ^ _FIELD if doubled & 0b10_0000 else doubled
