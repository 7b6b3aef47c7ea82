"""What was told long ago is forgotten, addresses and all; what happened, and what still waits, is kept."""

from __future__ import annotations

from commcredits.operations.forgetting import forget_what_was_told
from commcredits.operations.handing_on import hand_on_notices
from tests.operations.office import Office
from tests.operations.telling import mailed, notice, recipient, that_tells, told


async def test_mails_are_forgotten_90_days_after_they_were_settled(office: Office) -> None:
    services = that_tells(office, late_days=60)
    organization = (await office.organization()).organization_id
    await recipient(services, organization, "ana@example.com")
    await notice(services, organization)
    await hand_on_notices(services)
    office.clock.advance(days=200)
    assert await forget_what_was_told(services) == 0
    settle = "update mails set state = 'sent', settled_at = $1"
    await services.pool.execute(settle, office.clock.now)
    office.clock.advance(days=90)
    assert await forget_what_was_told(services) == 0
    office.clock.advance(microseconds=1)
    assert await forget_what_was_told(services) == 1
    assert await mailed(services, organization) == []
    assert len(await told(services, organization)) == 1
