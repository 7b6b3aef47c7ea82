"""Whether the payment gateways are set up: each looks at itself, and what they find is put into one list.

Knows how long to wait. Refuses to move money, and to repeat anything of a gateway's settings.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.gateways.protocol import Finding, Gateway
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services

DIAGNOSIS_SECONDS_MAX: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What one gateway found when it looked at itself."""

    gateway: str
    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        """Whether nothing is left to do."""
        return all(finding.well for finding in self.findings)


@reads(Permission.OPERATOR_GATEWAYS)
async def diagnose_gateways(services: Services, *, gateway: str | None = None) -> tuple[Diagnosis, ...] | Refused:
    """Let one gateway, or each that is set, look at its keys, its clock and its webhooks."""
    if gateway is not None and gateway not in services.gateways:
        facts = {"field": "gateway", "value": gateway[:64], "allowed": ", ".join(sorted(services.gateways))}
        return Refused(code=RefusalCode.INVALID_INPUT, facts=facts)
    names = sorted(services.gateways) if gateway is None else [gateway]
    return tuple(await asyncio.gather(*(_diagnose(name, services.gateways[name]) for name in names)))


async def _diagnose(name: str, gateway: Gateway) -> Diagnosis:
    try:
        async with asyncio.timeout(DIAGNOSIS_SECONDS_MAX):
            return Diagnosis(gateway=name, findings=await gateway.diagnose())
    except TimeoutError:
        late = Finding(check="answers", well=False, detail=f"no diagnosis within {DIAGNOSIS_SECONDS_MAX} seconds")
        return Diagnosis(gateway=name, findings=(late,))
