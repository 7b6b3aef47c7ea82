"""Writes requirements.lock, and says whether it still matches pyproject.toml.

Knows the two files and `uv`, which resolves. Refuses to know where packages come from: the lock carries exact versions
and hashes, never an address, so that each machine uses the index that its own pip is set up with (decision record
0007). The check reads the two files only; it needs no network.

    python scripts/lock.py write              keep the pinned versions, resolve what is new
    python scripts/lock.py write --upgrade    take the newest versions that pyproject.toml allows
    python scripts/lock.py check              exit 1 and say what is wrong, one line each
"""

import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "requirements.lock"
GROUP = "dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One package of the lock: its exact version, how many hashes guard it, and whether anything asked for it."""

    name: str
    version: str
    hash_count: int
    wanted_by: bool


def declared_requirements(pyproject: dict[str, object]) -> list[Requirement]:
    """Every requirement that pyproject.toml states for a developer's machine, its groups unfolded."""
    project = _table(pyproject["project"])
    groups = _table(pyproject["dependency-groups"])
    lines = [*_list(project["dependencies"]), *_unfolded(groups, GROUP)]
    return [Requirement(str(line)) for line in lines]


def pins(lock_text: str) -> list[Pin]:
    """The packages of a lock in pip's requirements format, in the order of the file."""
    blocks = re.split(r"\n(?=[a-z0-9A-Z])", lock_text.strip())
    return [_pin(block) for block in blocks if block and not block.startswith("#")]


def problems(pyproject: dict[str, object], lock_text: str) -> list[str]:
    """What is wrong with the lock, a sentence each; empty when it is fresh."""
    found = [f"requirements.lock names an address: {line}" for line in lock_text.splitlines() if "://" in line]
    try:
        locked = {canonicalize_name(pin.name): pin for pin in pins(lock_text)}
    except InvalidRequirement as error:
        return [*found, f"requirements.lock cannot be read: {error}"]
    wanted = {canonicalize_name(requirement.name): requirement for requirement in declared_requirements(pyproject)}
    for name, requirement in wanted.items():
        if name not in locked:
            found.append(f"{requirement} is declared but not locked")
        elif not requirement.specifier.contains(locked[name].version, prereleases=True):
            found.append(f"{requirement} is declared but {locked[name].version} is locked")
    for name, pin in locked.items():
        if pin.hash_count == 0:
            found.append(f"{name} is locked without a hash")
        if name not in wanted and not pin.wanted_by:
            found.append(f"{name} is locked but nothing asks for it")
    return found


def write(*, upgrade: bool) -> int:
    """Resolve with uv into requirements.lock; the exit code is uv's."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        print("uv is not installed; `make lock` installs it with the rest of the tools", file=sys.stderr)
        return 1
    command = [uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header"]
    command += ["--python-version", "3.11", "--group", f"pyproject.toml:{GROUP}", "pyproject.toml"]
    command += ["--output-file", LOCK.name, *(["--upgrade"] if upgrade else [])]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def check() -> int:
    """Print what is wrong with the lock; 0 when nothing is."""
    found = problems(tomllib.loads(PYPROJECT.read_text("utf-8")), LOCK.read_text("utf-8"))
    for problem in found:
        print(f"{problem} (run `make lock`)", file=sys.stderr)
    return 1 if found else 0


def _unfolded(groups: dict[str, object], name: str) -> list[object]:
    entries: list[object] = []
    for entry in _list(groups[name]):
        included = entry.get("include-group") if isinstance(entry, dict) else None
        entries += [entry] if included is None else _unfolded(groups, str(included))
    return entries


def _pin(block: str) -> Pin:
    requirement = Requirement(re.split(r"\s+\\|\n", block, maxsplit=1)[0])
    version = str(requirement.specifier).removeprefix("==")
    return Pin(name=requirement.name, version=version, hash_count=block.count("--hash="), wanted_by="# via" in block)


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"expected a table in pyproject.toml, found {value!r}")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(f"expected an array in pyproject.toml, found {value!r}")
    return value


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write"]:
            sys.exit(write(upgrade=False))
        case ["write", "--upgrade"]:
            sys.exit(write(upgrade=True))
        case ["check"]:
            sys.exit(check())
        case _:
            sys.exit(__doc__)
