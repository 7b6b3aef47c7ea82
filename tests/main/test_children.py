"""A child process that does not say where it can be called counts as one that did not start."""

import os
from pathlib import Path

import pytest

from commcredits.main.children import Child, ChildFailedError


async def test_a_child_that_says_anything_else_first_has_not_started(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text('print("a library greets", flush=True)\n', "utf-8")
    child = Child("worker", {**os.environ, "PYTHONPATH": str(tmp_path)}, complaints=os.open(os.devnull, os.O_WRONLY))
    with pytest.raises(ChildFailedError):
        await child.start()
    await child.stop()
