"""An Asterisk that runs AGI(): the client's side of FastAGI, as res_agi speaks it.

Knows the environment it sends, the one command that our scripts use, and how channels die. Refuses to know dial plans.
What it does is what Asterisk's own sources and documentation say (res_agi of Asterisk 22): variables of the
environment in that order, an empty line, a reply per command, ``HANGUP`` as soon as the channel is gone, SET VARIABLE
also on a dead channel, 510 for other words.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

WAIT_SECONDS_MAX: Final = 30
_SET: Final = re.compile(r'SET VARIABLE ([A-Z_]+) "([^"]*)"')


@dataclass(kw_only=True)
class AgiChannel:
    """A channel that runs scripts: its id, and its variables, which live as long as it does."""

    port: int
    unique_id: str
    variables: dict[str, str] = field(default_factory=dict)
    hangs_up_after: int | None = None
    """After so many commands the caller is gone."""

    def environment(self, script: str, arguments: Sequence[str]) -> list[str]:
        """What is sent before the empty line."""
        return [
            "agi_network: yes",
            f"agi_network_script: {script}",
            f"agi_request: agi://127.0.0.1:{self.port}/{script}",
            "agi_channel: PJSIP/trunk-00000001",
            "agi_language: en",
            "agi_type: PJSIP",
            f"agi_uniqueid: {self.unique_id}",
            "agi_version: 22.5.0",
            "agi_callerid: 40212300001",
            "agi_calleridname: unknown",
            "agi_callingpres: 0",
            "agi_callingani2: 0",
            "agi_callington: 0",
            "agi_callingtns: 0",
            "agi_dnid: 442079460000",
            "agi_rdnis: unknown",
            "agi_context: outgoing",
            "agi_extension: +442079460000",
            "agi_priority: 4",
            "agi_enhanced: 0.0",
            "agi_accountcode: ",
            "agi_threadid: 139800000000000",
            *(f"agi_arg_{number}: {argument}" for number, argument in enumerate(arguments, start=1)),
        ]

    async def run(self, script: str, *arguments: str) -> list[str]:
        """Run a script to its end; the names of the variables that it set, in order."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                lines = "".join(f"{line}\n" for line in self.environment(script, arguments))
                writer.write(f"{lines}\n".encode())
                return await self._serve(reader, writer)
            finally:
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> list[str]:
        named: list[str] = []
        while line := (await reader.readline()).decode("ascii").rstrip("\n"):
            command = _SET.fullmatch(line)
            if command is None:
                writer.write(b"510 Invalid or unknown command\n")
                continue
            named.append(command[1])
            self.variables[command[1]] = command[2]
            if len(named) == self.hangs_up_after:
                writer.write(b"HANGUP\n")
            writer.write(b"200 result=1\n")
        return named
