"""What tshark says of a capture of Diameter.

Knows its fields and its complaints. Refuses to know what they should be.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SECONDS_MAX: Final = 50
OURS: Final = "tcp.srcport == 3868"
THEIRS: Final = "tcp.dstport == 3868"
_WRONG: Final = "_ws.malformed or _ws.unreassembled or diameter.avp.invalid-data or _ws.expert.severity >= 0x600000"
_SEPARATOR: Final = "\t"


def complaints(capture: Path, whose: str) -> list[str]:
    """Packets of one side in which tshark finds something malformed or wrong, or that it does not take for Diameter."""
    return _lines(capture, f"{whose} and ({_WRONG})", ["frame.number", "_ws.expert.message"])


def messages(capture: Path, whose: str) -> int:
    """How many Diameter messages of one side there are; a packet holds several where that side was busy."""
    return sum(len(line.split(",")) for line in _lines(capture, f"{whose} and diameter", ["diameter.cmd.code"]))


def result_codes(capture: Path) -> dict[int, int]:
    """How often each result code stands in our answers to Credit-Control-Requests, groups included."""
    codes: dict[int, int] = {}
    answers = f"{OURS} and diameter.cmd.code == 272"
    for line in _lines(capture, answers, ["diameter.Result-Code"]):
        for code in line.split(","):
            codes[int(code)] = codes.get(int(code), 0) + 1
    return codes


def used_seconds(capture: Path) -> dict[str, int]:
    """What the clients' requests tell as used, by Session-Id: differences, added up."""
    used: dict[str, int] = {}
    for session_id, seconds in _used(capture):
        used[session_id] = used.get(session_id, 0) + seconds
    return used


def _used(capture: Path) -> Iterator[tuple[str, int]]:
    """Of each request; a packet may hold several, so that its tree is read and not its fields."""
    text = _run(capture, f"{THEIRS} and diameter.cmd.code == 272", ["-T", "pdml"])
    session_id = ""
    in_used = False
    for line in text.splitlines():
        name, show = _attribute(line, "name"), _attribute(line, "show")
        if name == "diameter.Session-Id":
            session_id = show
        elif name == "diameter.Used-Service-Unit":
            in_used = True
        elif name == "diameter.CC-Time" and in_used:
            in_used = False
            yield session_id, int(show)
        elif name in ("diameter.Requested-Service-Unit", "diameter.Multiple-Services-Credit-Control"):
            in_used = False


def _attribute(line: str, name: str) -> str:
    _, found, rest = line.partition(f' {name}="')
    return rest.partition('"')[0] if found else ""


def _lines(capture: Path, wanted: str, fields: list[str]) -> list[str]:
    columns = [word for field in fields for word in ("-e", field)]
    text = _run(capture, wanted, ["-T", "fields", "-E", f"separator={_SEPARATOR}", *columns])
    return [line for line in text.splitlines() if line.strip()]


def _run(capture: Path, wanted: str, arguments: list[str]) -> str:
    command = ["tshark", "-n", "-r", str(capture), "-Y", wanted, *arguments]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=SECONDS_MAX
    )
    return done.stdout
