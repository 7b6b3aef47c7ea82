"""Lines as AGI frames them: the environment that Asterisk sends first, our commands, and its replies.

Knows sizes, forms and quoting. Refuses to know sockets and what is said. Facts are those of Asterisk's res_agi: each
variable of the environment is ``name: value`` and an empty line ends it; a reply is ``200 result=…``, 510 for a command
that is none, 511 on a dead channel, 520 for bad syntax, which with a hyphen runs over several lines; and ``HANGUP`` may
stand between any two lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

LINE_BYTES_MAX: Final = 1_024
LINES_MAX: Final = 96
ENVIRONMENT_BYTES_MAX: Final = 16_384
_NAME: Final = re.compile(r"agi_[a-z0-9_]{1,40}", re.ASCII)
_REPLY: Final = re.compile(r"([1-5][0-9]{2})([ -]).*", re.ASCII | re.DOTALL)
_RESULT: Final = re.compile(r"200 result=(-?[0-9]{1,9})(?: .*)?", re.ASCII | re.DOTALL)
_UNFIT_VALUE: Final = re.compile(r"[^ !#-\[\]-~]", re.ASCII)


class AgiFramingError(Exception):
    """What came is no AGI; the text says what is wrong with it, and nothing of its content."""


class Sign(Enum):
    """What a line between commands is."""

    DONE = auto()
    """The command did what it should."""
    FAILED = auto()
    """The command was not done."""
    HANGUP = auto()
    """The channel was hung up; the reply to a command still follows."""


class LineSplitter:
    """Whole lines out of whatever pieces the network makes of them."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that are complete now, without their ends. Raises AgiFramingError for one that is too long."""
        whole = self._rest + data
        *lines, self._rest = whole.split(b"\n")
        if len(self._rest) > LINE_BYTES_MAX or any(len(line) > LINE_BYTES_MAX for line in lines):
            raise AgiFramingError("a line is too long")
        return [line.rstrip(b"\r").decode("utf-8", "replace") for line in lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgiEnvironment:
    """What Asterisk says before it waits for commands: ``variables`` by name, ``arguments`` in their order."""

    variables: Mapping[str, str]
    arguments: tuple[str, ...]

    @property
    def script(self) -> str:
        """What stands behind the host in ``agi://host/script``."""
        return self.variables.get("agi_network_script", "")

    @property
    def unique_id(self) -> str:
        """Asterisk's id of the channel."""
        return self.variables.get("agi_uniqueid", "")


class EnvironmentReader:
    """Collects the environment line by line."""

    __slots__ = ("_arguments", "_bytes", "_lines", "_variables")

    def __init__(self) -> None:
        self._variables: dict[str, str] = {}
        self._arguments: dict[int, str] = {}
        self._lines = 0
        self._bytes = 0

    def take(self, line: str) -> AgiEnvironment | None:
        """Take one line; the environment once it is whole. Raises AgiFramingError for what is none."""
        self._lines += 1
        self._bytes += len(line) + 1
        if self._lines > LINES_MAX or self._bytes > ENVIRONMENT_BYTES_MAX:
            raise AgiFramingError("the environment is too long")
        if not line:
            arguments = tuple(self._arguments[number] for number in sorted(self._arguments))
            return AgiEnvironment(variables=self._variables, arguments=arguments)
        name, separator, value = line.partition(":")
        if not separator or _NAME.fullmatch(name) is None:
            raise AgiFramingError("a line of the environment is none")
        if name in self._variables:
            raise AgiFramingError("a variable of the environment is given twice")
        value = value.strip()
        self._variables[name] = value
        number = name.removeprefix("agi_arg_")
        if number != name and number.isdecimal():
            self._arguments[int(number)] = value
        return None


def set_variable(name: str, value: str | int) -> bytes:
    """The command that sets a channel variable. Letters that would end its quotes are left out."""
    return f'SET VARIABLE {name} "{_UNFIT_VALUE.sub("", str(value))}"\n'.encode("ascii")


class ReplyReader:
    """Makes signs of the lines that come after the environment."""

    __slots__ = ("_inside",)

    def __init__(self) -> None:
        self._inside = 0

    def take(self, line: str) -> Sign | None:
        """What the line means; None inside of a text of several lines. Raises AgiFramingError for what is no reply."""
        if line == "HANGUP":
            return Sign.HANGUP
        reply = _REPLY.fullmatch(line)
        if self._inside and (reply is None or reply[2] == "-"):
            self._inside += 1
            if self._inside > LINES_MAX:
                raise AgiFramingError("a reply is too long")
            return None
        if reply is None:
            raise AgiFramingError("a reply is none")
        if reply[2] == "-":
            self._inside = 1
            return None
        self._inside = 0
        result = _RESULT.fullmatch(line)
        return Sign.DONE if result is not None and int(result[1]) >= 0 else Sign.FAILED
