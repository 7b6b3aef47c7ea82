"""The addresses of signing in, and of who may.

Knows which page answers which. Refuses to let anybody change who may sign in without a fresh proof of who they are.
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from commcredits.edges.portal.access.administrator_pages import AdministratorPages, organization_desk, staff_desk
from commcredits.edges.portal.access.invitation_pages import InvitationPages
from commcredits.edges.portal.access.oidc import ProviderClient
from commcredits.edges.portal.access.security_pages import SecurityPages
from commcredits.edges.portal.access.sign_in_pages import SignInPages
from commcredits.edges.portal.access_pages import AccessPages
from commcredits.edges.portal.door import Door


def access_routes(door: Door, access: AccessPages) -> list[BaseRoute]:
    """The routes. ``door`` has services."""
    clients = {each.name: ProviderClient(each, door.now) for each in door.settings.providers}
    sign_in = SignInPages(door=door, access=access, clients=clients)
    invitation = InvitationPages(door=door, sign_in=sign_in)
    guarded = door.guarded
    post = ["POST"]
    return [
        Route("/sign-in/passkey", guarded(sign_in.by_passkey, signed_in=False), methods=post),
        Route("/sign-in/choose", guarded(sign_in.choose, signed_in=False), methods=post),
        Route("/sign-in/operator", guarded(sign_in.password_form, signed_in=False)),
        Route("/sign-in/operator", guarded(sign_in.by_password, signed_in=False), methods=post),
        Route("/sign-in/with/{provider}", guarded(sign_in.to_provider, signed_in=False)),
        Route("/sign-in/back/{provider}", guarded(sign_in.back, signed_in=False)),
        Route("/prove/password", guarded(sign_in.prove_by_password), methods=post),
        Route("/prove/passkey", guarded(sign_in.prove_by_passkey), methods=post),
        Route("/invitation/{token}", guarded(invitation.show, signed_in=False)),
        Route("/invitation/{token}", guarded(invitation.accept, signed_in=False), methods=post),
        Route("/invitation/{token}/with/{provider}", guarded(invitation.to_provider, signed_in=False)),
        *_security_routes(door),
        *_administrator_routes(door),
    ]


def _security_routes(door: Door) -> list[BaseRoute]:
    """One's own visits and passkeys."""
    security = SecurityPages(door=door)
    guarded = door.guarded
    post = ["POST"]
    return [
        Route("/security", guarded(security.show)),
        Route("/security/visits/end-others", guarded(security.end_others), methods=post),
        Route("/security/visits/{visit_id}/end", guarded(security.end_one), methods=post),
        Route("/security/passkeys/add", guarded(security.add_form, needs_proof=True)),
        Route("/security/passkeys/add", guarded(security.add, needs_proof=True), methods=post),
        Route("/security/passkeys/{passkey_id}/remove", guarded(security.remove, needs_proof=True), methods=post),
    ]


def _administrator_routes(door: Door) -> list[BaseRoute]:
    """The administrators of an organization, and the operator's staff."""
    routes: list[BaseRoute] = []
    for root, desk in (
        ("/organizations/{organization_id:uuid}/administrators", organization_desk),
        ("/console/staff", staff_desk),
    ):
        pages = AdministratorPages(door=door, desk_of=desk)
        one = f"{root}/{{administrator_id}}"
        routes += [
            Route(root, door.guarded(pages.show)),
            Route(f"{root}/invite", door.guarded(pages.invite_form, needs_proof=True)),
            Route(f"{root}/invite", door.guarded(pages.invite, needs_proof=True), methods=["POST"]),
            Route(one, door.guarded(pages.one)),
            Route(f"{one}/roles", door.guarded(pages.change_roles, needs_proof=True), methods=["POST"]),
            Route(f"{one}/invite-again", door.guarded(pages.invite_again, needs_proof=True), methods=["POST"]),
            Route(f"{one}/withdraw", door.guarded(pages.withdraw, needs_proof=True), methods=["POST"]),
            Route(f"{one}/disable", door.guarded(pages.disable, needs_proof=True), methods=["POST"]),
            Route(f"{one}/enable", door.guarded(pages.enable, needs_proof=True), methods=["POST"]),
        ]
    return routes
