"""Writes the lock files, and says whether they still match pyproject.toml.

Knows these files and `uv`, which resolves. requirements.lock sets up a developer's machine; requirements-cluster.lock
adds the cluster engine that one test runs on and that is too large for everybody. Refuses to know where packages come
from: a lock carries exact versions and hashes, never an address, so that each machine uses the index that its own pip
is set up with (decision record 0007). The check reads files only; it needs no network.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock file, and what of pyproject.toml it locks: the project with these extras, or a group alone."""

    name: str
    group: str
    with_project: bool = True
    extras: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    """Other locks that are installed into the same environment, so that a package they share has one version."""


MAIN = Lock(name="requirements.lock", group="dev", extras=("columnar", "invoices", "stripe"))
CLUSTER = Lock(name="requirements-cluster.lock", group="cluster", with_project=False, beside=(MAIN.name,))
LOCKS = (MAIN, CLUSTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One package of the lock: its exact version, how many hashes guard it, and whether anything asked for it."""

    name: str
    version: str
    hash_count: int
    wanted_by: bool


def declared_requirements(pyproject: dict[str, object], lock: Lock = MAIN) -> list[Requirement]:
    """Every requirement that pyproject.toml states for what is locked there, its groups unfolded."""
    project = _table(pyproject["project"])
    lines = _unfolded(_table(pyproject["dependency-groups"]), lock.group)
    if lock.with_project:
        lines += _list(project["dependencies"])
    for extra in lock.extras:
        lines += _list(_table(project.get("optional-dependencies", {})).get(extra, []))
    return [Requirement(str(line)) for line in lines]


def pins(lock_text: str) -> list[Pin]:
    """The packages of a lock in pip's requirements format, in the order of the file."""
    blocks = re.split(r"\n(?=[a-z0-9A-Z])", lock_text.strip())
    return [_pin(block) for block in blocks if block and not block.startswith("#")]


def problems(pyproject: dict[str, object], lock_text: str, lock: Lock = MAIN) -> list[str]:
    """What is wrong with the lock, a sentence each; empty when it is fresh."""
    found = [f"{lock.name} names an address: {line}" for line in lock_text.splitlines() if "://" in line]
    try:
        locked = {canonicalize_name(pin.name): pin for pin in pins(lock_text)}
    except InvalidRequirement as error:
        return [*found, f"{lock.name} cannot be read: {error}"]
    wanted = {
        canonicalize_name(requirement.name): requirement for requirement in declared_requirements(pyproject, lock)
    }
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
    """Resolve with uv into the lock files; the exit code is uv's."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        print("uv is not installed; `make lock` installs it with the rest of the tools", file=sys.stderr)
        return 1
    for lock in LOCKS:
        command = [uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header"]
        command += ["--python-version", "3.11", "--group", f"pyproject.toml:{lock.group}"]
        command += [f"--extra={extra}" for extra in lock.extras] + [f"--constraint={other}" for other in lock.beside]
        command += ["pyproject.toml"] if lock.with_project else []
        command += ["--output-file", lock.name, *(["--upgrade"] if upgrade else [])]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if code:
            return code
    return 0


def check() -> int:
    """Print what is wrong with the locks; 0 when nothing is."""
    pyproject = tomllib.loads(PYPROJECT.read_text("utf-8"))
    found = [problem for lock in LOCKS for problem in problems(pyproject, (ROOT / lock.name).read_text("utf-8"), lock)]
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
