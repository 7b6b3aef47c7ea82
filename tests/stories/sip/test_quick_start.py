"""From a fresh Debian to a charged SIP call: the page's three commands are enough, and the last shows what it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.stories.sip.story import missing_programs
from tests.stories.sip.switch import DEPLOYED

pytestmark = [
    pytest.mark.alone,
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]

ROOT: Final = Path(__file__).resolve().parents[3]
PAGE: Final = (ROOT / "docs" / "switches" / "kamailio.md").read_text("utf-8")
MODULES: Final = Path("/usr/lib/x86_64-linux-gnu/kamailio/modules")


def _commands() -> list[str]:
    block = re.search(r"## Quick start.*?```console\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    return [line.partition(" ")[2] for line in block[1].replace("\\\n", "").splitlines()]


def test_three_commands_lead_to_the_first_call() -> None:
    install, fetch, call = _commands()
    assert install.startswith("apt-get install ")
    assert fetch.startswith("git clone ")
    assert call == "make call ARGS=--first"
    # As somebody at a terminal types it, also when the tests were started by make.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "ARGS"))}
    planned = subprocess.run(
        [*call.split(), "--dry-run"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert planned.stdout.rstrip().endswith("scripts/place_calls.py --first")


@pytest.mark.skipif(shutil.which("dpkg") is None or not MODULES.is_dir(), reason="not a Debian on x86-64")
def test_the_packages_that_are_named_bring_every_module_and_program() -> None:
    named = set(_commands()[0].split()[2:])
    wanted = re.findall(r'^loadmodule "(\w+\.so)"', (DEPLOYED / "kamailio.cfg").read_text("utf-8"), re.MULTILINE)
    files = [str(MODULES / module) for module in wanted] + ["/usr/sbin/kamailio", "/usr/sbin/kamcmd", "/usr/bin/sipp"]
    owners = subprocess.run(["dpkg", "-S", *files], capture_output=True, text=True, check=True)
    assert {line.partition(":")[0] for line in owners.stdout.splitlines()} <= named


def test_the_first_call_is_charged_and_the_balance_falls_by_what_it_cost() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "place_calls.py"), "--first"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    said = dict(re.findall(r"^ *(\w[\w ]+?) {2,}(.*)$", shown.stdout, re.MULTILINE))
    assert said["the call"] == "+40721000001 to +49311000001 through Kamailio: caller hung up"
    assert said["balance before the call"] == "50.000000 EUR"
    assert (said["charged"], said["balance after the call"]) == ("0.040667 EUR", "49.959333 EUR")
