"""The routes of users, resource accounts and licences.

Knows which page answers which address, and how large its forms may be. Refuses to know what the pages show.
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from commcredits.core.roster import PartyKind
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.people import links
from commcredits.edges.portal.people.bulk_pages import BulkPages
from commcredits.edges.portal.people.file_pages import CONTENT_BYTES_MAX, FilePages
from commcredits.edges.portal.people.licence_pages import LicencePages
from commcredits.edges.portal.people.pages import PeoplePages
from commcredits.edges.portal.uploads import many_fields, read_upload

_PICKS = many_fields(bytes_max=65_536, fields_max=256)


def people_routes(door: Door) -> list[BaseRoute]:
    """Files and licences first: their addresses would otherwise be taken for somebody's."""
    files, licences = FilePages(door=door), LicencePages(door=door)
    guarded = door.guarded
    carried = many_fields(bytes_max=CONTENT_BYTES_MAX, fields_max=8)
    users, accounts = links.PLACES[PartyKind.USER], links.PLACES[PartyKind.RESOURCE_ACCOUNT]
    return [
        Route(links.IMPORT, guarded(files.form)),
        Route(links.IMPORT, guarded(files.take, reads=read_upload), methods=["POST"]),
        Route(f"{links.IMPORT}/confirm", guarded(files.form)),
        Route(f"{links.IMPORT}/confirm", guarded(files.take, reads=carried), methods=["POST"]),
        Route(links.SAMPLE, guarded(files.sample)),
        Route(f"{users}{links.EXPORT}", guarded(files.export_users)),
        Route(f"{accounts}{links.EXPORT}", guarded(files.export_accounts)),
        Route(links.LICENCES, guarded(licences.licences)),
        Route(links.LICENCES, guarded(licences.set_purchased), methods=["POST"]),
        *_routes_of(door, PartyKind.USER),
        *_routes_of(door, PartyKind.RESOURCE_ACCOUNT),
    ]


def _routes_of(door: Door, kind: PartyKind) -> list[BaseRoute]:
    pages, bulk, place = PeoplePages(door=door, kind=kind), BulkPages(door=door, kind=kind), links.PLACES[kind]
    guarded = door.guarded
    return [
        Route(place, guarded(pages.people)),
        Route(f"{place}{links.ADD}", guarded(pages.add_form)),
        Route(f"{place}{links.ADD}", guarded(pages.add), methods=["POST"]),
        *(Route(f"{place}{step}", guarded(bulk.to_list)) for step in (links.CHOOSE, links.PREVIEW, links.APPLY)),
        Route(f"{place}{links.CHOOSE}", guarded(bulk.choose, reads=_PICKS), methods=["POST"]),
        Route(f"{place}{links.PREVIEW}", guarded(bulk.preview, reads=_PICKS), methods=["POST"]),
        Route(f"{place}{links.APPLY}", guarded(bulk.apply, reads=_PICKS), methods=["POST"]),
        Route(f"{place}{links.ONE}", guarded(pages.one)),
        Route(f"{place}{links.CHANGE}", guarded(pages.change_form)),
        Route(f"{place}{links.CHANGE}", guarded(pages.change), methods=["POST"]),
        Route(f"{place}{links.REMOVE}", guarded(pages.remove_form)),
        Route(f"{place}{links.REMOVE}", guarded(pages.remove), methods=["POST"]),
    ]
