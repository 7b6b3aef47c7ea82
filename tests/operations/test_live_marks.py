"""What tells live pages that something has moved tells nobody of another organization."""

from commcredits.core.access import Role
from commcredits.operations.attention import read_live_marks
from tests.operations.acting import actor_of
from tests.operations.office import Office


async def test_somebody_of_an_organization_is_told_of_their_own_alone(office: Office) -> None:
    own, other = [(await office.organization(name)).organization_id for name in ("Own", "Other")]
    asked = (own, other)
    everybody = await read_live_marks(office.services, organization_ids=asked)
    assert isinstance(everybody, dict)
    assert set(everybody) == {own, other}
    theirs = office.services.acting_as(actor_of(Role.SUPPORT, organization_id=own))
    assert await read_live_marks(theirs, organization_ids=asked) == {own: everybody[own]}
