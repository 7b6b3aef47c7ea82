"""docs/roles.md says what the code says, and the code says what the domain does."""

from commcredits.core.access import ROLE_PERMISSIONS, Permission, Role
from scripts import write_roles


def test_the_page_is_what_the_code_says() -> None:
    page = write_roles.PAGE.read_text("utf-8")
    assert page == write_roles.written(page)


def test_nobody_of_an_organization_has_a_permission_of_the_operator() -> None:
    for role, permissions in ROLE_PERMISSIONS.items():
        assert role.is_operators or not any(each.is_operators for each in permissions), role


def test_support_touches_no_money_and_a_reports_reader_reads_reports_only() -> None:
    money = {each for each in Permission if each.split(".")[0] in {"funds", "payment_methods", "receipts"}}
    assert not ROLE_PERMISSIONS[Role.SUPPORT] & money
    assert {each.split(".")[1] for each in ROLE_PERMISSIONS[Role.REPORTS_READER]} == {"read"}
    assert not ROLE_PERMISSIONS[Role.REPORTS_READER] & money


def test_no_person_can_charge_as_a_switch_does() -> None:
    holders = {role for role, permissions in ROLE_PERMISSIONS.items() if Permission.CHARGING in permissions}
    assert holders == {Role.OPERATOR_OWNER}
