"""The certified provider of the tests, as a process of its own on a free port of this machine.

Knows how it is started and stopped. Refuses to run where it is not installed: `make identity-provider` does that.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import SecretStr

from commcredits.core.access import Role
from commcredits.operations.sign_in_providers import Provider

FOLDER: Final = Path(__file__).resolve().parents[2] / "identity_provider"
CLIENT: Final = "commcredits"
SECRET: Final = "a secret of a test, which no other provider has"
STOPS_WITHIN_SECONDS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningProvider:
    """Where it is."""

    issuer: str

    def provider(self, name: str, **terms: Any) -> Provider:
        """It as the portal knows it, under this name and on these terms."""
        given: dict[str, Any] = {
            "name": name,
            "title": "Exemplu Conturi",
            "issuer": self.issuer,
            "client_id": CLIENT,
            "client_secret": SecretStr(SECRET),
            "organization_id": None,
            "organization_claim": "tid",
            "organizations": {},
            "role_claim": "roles",
            "roles": {
                "Credits.Global": Role.GLOBAL_ADMINISTRATOR,
                "Credits.Billing": Role.BILLING_ADMINISTRATOR,
                "Credits.Owner": Role.OPERATOR_OWNER,
            },
            "scopes": ("openid", "profile", "email"),
        }
        return Provider(**{**given, **terms})


@contextmanager
def running_provider(port: int, redirect_uris: list[str], accounts: Mapping[str, Any]) -> Iterator[RunningProvider]:
    """The provider with these accounts, while the block lasts."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("the provider of the tests is not installed (make identity-provider; needs Node.js and npm)")
    settings = {
        "port": port,
        "clientId": CLIENT,
        "clientSecret": SECRET,
        "redirectUris": redirect_uris,
        "accounts": accounts,
    }
    process = subprocess.Popen(
        [node, "server.mjs"],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(settings))
        process.stdin.close()
        assert process.stdout.readline().strip() == "ready"
        yield RunningProvider(issuer=f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(STOPS_WITHIN_SECONDS)
        assert process.stdout is not None
        process.stdout.close()
