"""The addresses of the pages for programs.

Knows which page answers which. Refuses to let anybody make a key without a fresh proof of who they are.
"""

from __future__ import annotations

from typing import Final

from starlette.routing import BaseRoute, Route

from commcredits.edges.portal.door import Door
from commcredits.edges.portal.programs.key_pages import KeyPages
from commcredits.edges.portal.programs.links import KEYS, SANDBOX, WEBHOOKS
from commcredits.edges.portal.programs.webhook_pages import WebhookPages
from commcredits.edges.portal.uploads import many_fields

_BOXES: Final = many_fields(bytes_max=16_384, fields_max=80)
_POST: Final = ["POST"]


def program_routes(door: Door) -> list[BaseRoute]:
    """The routes. ``door`` has services."""
    keys, webhooks = KeyPages(door=door), WebhookPages(door=door)
    guarded = door.guarded
    key, endpoint = f"{KEYS}/{{key_id}}", f"{WEBHOOKS}/{{endpoint_id}}"
    return [
        Route(KEYS, guarded(keys.keys)),
        Route(f"{KEYS}/new", guarded(keys.new_form, needs_proof=True)),
        Route(f"{KEYS}/new", guarded(keys.create, needs_proof=True, reads=_BOXES), methods=_POST),
        Route(f"{key}/rotate", guarded(keys.rotate_form, needs_proof=True)),
        Route(f"{key}/rotate", guarded(keys.rotate, needs_proof=True), methods=_POST),
        Route(f"{key}/revoke", guarded(keys.revoke_form)),
        Route(f"{key}/revoke", guarded(keys.revoke), methods=_POST),
        Route(f"{SANDBOX}/open", guarded(keys.open_sandbox), methods=_POST),
        Route(f"{SANDBOX}/funds", guarded(keys.grant_play_money), methods=_POST),
        Route(WEBHOOKS, guarded(webhooks.webhooks)),
        Route(f"{WEBHOOKS}/new", guarded(webhooks.new_form)),
        Route(f"{WEBHOOKS}/new", guarded(webhooks.add, reads=_BOXES), methods=_POST),
        Route(endpoint, guarded(webhooks.one)),
        Route(f"{endpoint}/change", guarded(webhooks.change_form)),
        Route(f"{endpoint}/change", guarded(webhooks.change, reads=_BOXES), methods=_POST),
        Route(f"{endpoint}/rotate", guarded(webhooks.rotate), methods=_POST),
        Route(f"{endpoint}/enable", guarded(webhooks.enable), methods=_POST),
        Route(f"{endpoint}/disable", guarded(webhooks.disable), methods=_POST),
        Route(f"{endpoint}/remove", guarded(webhooks.remove_form)),
        Route(f"{endpoint}/remove", guarded(webhooks.remove), methods=_POST),
        Route(f"{endpoint}/deliveries/{{delivery_id}}/resend", guarded(webhooks.resend), methods=_POST),
    ]
