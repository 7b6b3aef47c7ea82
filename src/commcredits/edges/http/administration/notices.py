"""The paths of notices and of who hears of them by mail.

Knows fields and statuses. Refuses to know what happened and how it is told.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query

from commcredits.core.notices import NoticeKind
from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, telling_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Changed, Listing
from commcredits.edges.http.administration.documenting import ALWAYS, Tag, guarded, guarded_with_json, problems
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier, LanguageCode
from commcredits.edges.http.administration.parameters import CursorQuery, LimitQuery
from commcredits.edges.http.administration.refusing import taken, wrong_field
from commcredits.edges.http.administration.telling_answers import Notice, NoticeAbout, Recipient, Recipients
from commcredits.edges.http.administration.telling_forms import NoticeKindWord
from commcredits.edges.http.administration.telling_requests import RecipientToSave
from commcredits.edges.http.problems import HttpFault
from commcredits.edges.translations import LANGUAGES, load
from commcredits.edges.translations.notice_words import EXPLANATIONS
from commcredits.operations import notices, recipients
from commcredits.operations.notice_kinds import GROUP_OF

_RECIPIENTS: Final = "/v1/organizations/{organization_id}/notice-recipients"


def add_notices(routes: APIRouter) -> None:
    """List what there was to tell, and what can be told."""
    translations = {language: load(language) for language in LANGUAGES}

    @routes.get(
        "/v1/notice-kinds",
        tags=[Tag.NOTICES],
        summary="List the kinds of notices",
        description="What people and programs can choose to hear of, with the group of each kind.",
        # Whoever is somebody may know it: it is about nobody.
        responses=problems(*ALWAYS, HttpFault.UNAUTHORISED, RefusalCode.INVALID_INPUT),
    )
    async def list_notice_kinds(
        language: Annotated[LanguageCode | None, Query(description="Of the explanations: en or ro.")] = None,
    ) -> Listing[NoticeAbout]:
        chosen = language or LANGUAGES[0]
        if chosen not in translations:
            raise wrong_field("language", chosen, " or ".join(LANGUAGES))
        say = translations[chosen].gettext
        kinds = (
            NoticeAbout(kind=kind, group=GROUP_OF[kind], explanation=str(say(EXPLANATIONS[kind])))
            for kind in NoticeKind
        )
        return Listing(items=list(kinds), next_cursor=None)

    @routes.get(
        "/v1/organizations/{organization_id}/notices",
        tags=[Tag.NOTICES],
        summary="List what there was to tell of an organization, and to whom it was told, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_notices(
        services: ActingServices,
        organization_id: Identifier,
        *,
        kind: Annotated[NoticeKindWord | None, Query(description="Those of one kind alone.")] = None,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[Notice]:
        page = await notices.list_notices(
            services, organization_id=organization_id, kind=kind, cursor=cursor, limit=limit
        )
        return answers.listing(taken(page), telling_answers.notice)


def add_recipients(routes: APIRouter) -> None:
    """See and choose who hears of notices by mail."""

    @routes.get(
        _RECIPIENTS,
        tags=[Tag.NOTICES],
        summary="List who hears of notices by mail",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_recipients(services: ActingServices, organization_id: Identifier) -> Recipients:
        found = await recipients.list_recipients(services, organization_id=organization_id)
        return telling_answers.recipients(taken(found))

    @routes.post(
        _RECIPIENTS,
        tags=[Tag.NOTICES],
        summary="Choose who hears of notices by mail",
        description=f"A known address gets the new language and kinds instead of its old ones; the same again changes "
        f"nothing. An organization has at most {recipients.RECIPIENTS_MAX} recipients.",
        response_description="The address hears of these kinds from now on.",
        responses=guarded_with_json(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def save_recipient(services: ActingServices, organization_id: Identifier, body: RecipientToSave) -> Recipient:
        saved = await recipients.save_recipient(
            services,
            organization_id=organization_id,
            address=body.address,
            language=body.language or "",
            kinds=body.kinds or (),
        )
        return telling_answers.recipient(taken(saved))

    @routes.delete(
        f"{_RECIPIENTS}/{{recipient_id}}",
        tags=[Tag.NOTICES],
        summary="Tell somebody nothing more",
        description="Mails that wait for this address are forgotten as well.",
        response_description="The address hears of nothing.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def remove_recipient(
        services: ActingServices, organization_id: Identifier, recipient_id: Identifier
    ) -> Changed:
        done = await recipients.remove_recipient(services, organization_id=organization_id, recipient_id=recipient_id)
        return Changed(changed=taken(done).changed)
