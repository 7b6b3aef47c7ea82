"""The README's session, run as it stands there, against the whole system."""

import asyncio
import os
import re
from pathlib import Path
from typing import Final

import msgspec
import pytest

from commcredits.main.supervisor import running_system
from commcredits.settings import Settings

ROOT: Final = Path(__file__).parents[2]
TOKEN: Final = "the-token-of-the-readme-test"


def _session() -> str:
    found = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert len(found) == 2, "the README has a session to run, in two parts"
    return "".join(found)


@pytest.mark.timeout(120)
async def test_the_readme_charges_a_call_to_the_millionth_and_lets_minutes_pay_for_another(tmp_path: Path) -> None:
    settings = Settings(data_directory=tmp_path, operator_token=TOKEN, web_port=0, charging_port=0, simulator_port=0)
    async with running_system(settings) as running:
        shell = await asyncio.create_subprocess_exec(
            "bash",
            "-euo",
            "pipefail",
            "-c",
            _session(),
            env={
                **os.environ,
                "URL": running.web_url,
                "SIMULATOR": running.simulator_url or "",
                "COMMCREDITS_OPERATOR_TOKEN": TOKEN,
            },
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await shell.communicate()
    answers = [msgspec.json.decode(each) for each in re.findall(r"\{.*?\}(?=\{|\s*$)", said.decode(), re.DOTALL)]
    assert shell.returncode == 0
    assigned, top_up, authorised, started, updated, ended, balance, *rest = answers
    assert top_up["state"] == "succeeded"
    assert (authorised["outcome"], authorised["granted_seconds"], authorised["held"]) == ("granted", 180, "1.800000")
    assert started["outcome"] == "started"
    assert (updated["granted_seconds"], updated["charged"]) == (1250, "1.700000")
    assert (ended["outcome"], ended["duration_seconds"], ended["charged"]) == ("ended", 1230, "12.300000")
    assert (balance["posted"], balance["held"], balance["available"]) == ("47.700000", "0.000000", "47.700000")
    assert assigned
    _bought, _added, given, granted, over = rest
    assert given["written"]
    assert (granted["included_seconds"], granted["held"]) == (300, "0.000000")
    assert (over["pool_minutes"], over["charged"]) == (2, "0.000000")
