"""A dissector by others finds nothing wrong in what the loader of ``bench`` says: its figures are of real Diameter."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from commcredits.edges.diameter.dictionary import CAPABILITIES_EXCHANGE, ResultCode
from commcredits.edges.diameter.messages import HEADER_OCTETS, Message, read_message, write_answer, write_result
from tests.edges.diameter.base.harness import CCR, WAIT_SECONDS
from tests.edges.diameter.base.test_codec_dissected import dissect, write_capture

ROOT = Path(__file__).parents[4]
WARNED = '_ws.malformed || _ws.expert.severity >= "Warning"'
ASKED_FOR_NO_AMOUNT = "Data is empty"
"""The one thing that the dissector remarks: a Requested-Service-Unit may be empty (RFC 8506 §8.18), and here is."""
CALLERS = ("+40212000001", "+40212000002")
CONNECTIONS = 2
CALLS_EACH = 3
TOLD_OF_A_CALL = (("1", "0"), ("2", "1"), ("3", "2"))
"""CC-Request-Type and CC-Request-Number: initial, update, termination."""


async def said_by_the_loader(directory: Path) -> tuple[list[Message], list[str]]:
    """All that the loader sends to somebody who answers everything with success, and the figures that it prints."""
    said: list[Message] = []

    async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while header := await reader.read(HEADER_OCTETS):
            header += await reader.readexactly(HEADER_OCTETS - len(header))
            rest = await reader.readexactly(int.from_bytes(header[1:4]) - HEADER_OCTETS)
            said.append(read_message(header + rest))
            writer.write(write_answer(said[-1], write_result(ResultCode.SUCCESS)))
        writer.close()

    listing = directory / "callers"
    listing.write_text("\n".join(CALLERS), "utf-8")
    server = await asyncio.start_server(answer_all, "127.0.0.1", 0)
    async with server, asyncio.timeout(WAIT_SECONDS):
        port = server.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.diameter_load", str(port), str(listing), "run"),
            *(str(CONNECTIONS), str(CALLS_EACH), "0", "0"),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await process.communicate()
    assert process.returncode == 0
    return said, printed.decode().split()


def warnings_about(capture: Path) -> set[str]:
    """What the dissector warns of in any of these messages."""
    shown = dissect(capture, "-Y", WARNED, "-T", "fields", "-E", "aggregator=|", "-e", "_ws.expert.message")
    return {warning for line in shown.splitlines() for warning in line.split("|")}


@pytest.mark.switch
@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_a_dissector_by_others_finds_nothing_wrong_in_what_the_loader_says(tmp_path: Path) -> None:
    said, figures = asyncio.run(said_by_the_loader(tmp_path))
    operations = CONNECTIONS * CALLS_EACH * len(TOLD_OF_A_CALL)
    assert (figures[0], figures[-1]) == (str(operations), "0")
    capture = tmp_path / "loader.pcap"
    write_capture(capture, said)
    shown = dissect(
        capture,
        *("-T", "fields", "-e", "diameter.cmd.code", "-e", "diameter.CC-Request-Type"),
        *("-e", "diameter.CC-Request-Number", "-e", "diameter.Subscription-Id-Data"),
        *("-e", "diameter.Calling-Party-Address", "-e", "diameter.Called-Party-Address"),
    )
    told = [line.split("\t") for line in shown.splitlines()]
    assert Counter(line[0] for line in told) == {str(CAPABILITIES_EXCHANGE): CONNECTIONS, str(CCR): operations}
    requests = [line[1:] for line in told if line[0] == str(CCR)]
    assert Counter((kind, number) for kind, number, *_ in requests) == dict.fromkeys(
        TOLD_OF_A_CALL, CONNECTIONS * CALLS_EACH
    )
    assert {(caller, calling) for _, _, caller, calling, _ in requests} == {
        (caller.removeprefix("+"), f"tel:{caller}") for caller in CALLERS
    }
    assert {called for *_, called in requests} == {"tel:+40722123456"}
    assert warnings_about(capture) == {ASKED_FOR_NO_AMOUNT}


@pytest.mark.switch
@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_the_dissector_would_find_a_message_of_the_loader_that_is_wrong(tmp_path: Path) -> None:
    said, _ = asyncio.run(said_by_the_loader(tmp_path))
    whole = said[-1].octets
    # The length of the first AVP, which is the Session-Id: one octet more than what was filled in.
    broken = whole[:25] + (int.from_bytes(whole[25:28]) + 1).to_bytes(3) + whole[28:]
    capture = tmp_path / "broken.pcap"
    write_capture(capture, [read_message(broken)])
    assert warnings_about(capture) - {ASKED_FOR_NO_AMOUNT}
