"""A sheet as PDF/A, through typst.

Knows the template and the standards of archives. Refuses to build markup: texts travel as data beside the template. An
extra: nothing else needs typst, which is loaded by whoever renders.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from typing import Literal

from commcredits.edges.receipts.sheet import Sheet

Standard = Literal["a-3b", "1.7"]
"""For archives (ISO 19005-3), or any PDF."""


def can_write_pdf() -> bool:
    """Whether typst is installed here: ``commcredits[invoices]``."""
    return find_spec("typst") is not None


def pdf_of(sheet: Sheet, made_at: datetime) -> bytes:
    """The document as PDF/A-3b; the same sheet gives the same bytes. Takes tens of milliseconds of a processor.

    A text in a script that no font here has would break that standard; such a sheet becomes plain PDF, which shows an
    empty box for each missing letter.
    """
    import typst  # noqa: PLC0415 - an extra, loaded by whoever renders

    texts = {"sheet": json.dumps(asdict(sheet), ensure_ascii=False)}
    try:
        return _compiled(texts, "a-3b", made_at)
    except typst.TypstError:
        return _compiled(texts, "1.7", made_at)


def _compiled(texts: dict[str, str], standard: Standard, made_at: datetime) -> bytes:
    import typst  # noqa: PLC0415 - an extra, loaded by whoever renders

    compiler = typst.Compiler(input=_template(), sys_inputs=texts)
    made = compiler.compile(format="pdf", pdf_standards=[standard], timestamp=int(made_at.timestamp()))
    assert isinstance(made, bytes), "a PDF is one file"
    return made


@cache
def _template() -> bytes:
    return files(__package__).joinpath("templates", "receipt.typ").read_bytes()
