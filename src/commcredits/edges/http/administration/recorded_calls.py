"""The paths of calls told after the fact, of the mappings of their files, and of pricing a period anew.

Knows how a file arrives, and that it is never held whole here. Refuses to know what a record must be like, and prices.
"""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import call_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Listing, whole_listing
from commcredits.edges.http.administration.bodies import CALL_RECORDS_BYTES_MAX
from commcredits.edges.http.administration.call_answers import CallMapping, CallsRecorded, Correction, Simulation
from commcredits.edges.http.administration.call_forms import MappingName
from commcredits.edges.http.administration.call_requests import CallMappingToSave, CallsToRecord, PeriodToRate
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.files import file_body, file_of
from commcredits.edges.http.administration.forms import Identifier, QueryFlag, TimeZoneName
from commcredits.edges.http.administration.parameters import KeyHeader
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.administration.routes import LongJsonRoute
from commcredits.edges.http.problems import HttpFault
from commcredits.operations import call_mapping_store, recorded_calls, rerating
from commcredits.operations.call_mappings import SHIPPED, shipped_mapping
from commcredits.operations.period_rating import Period
from commcredits.operations.recorded_calls_json import JsonCalls

_SAMPLE: Final = (
    "record_id,service,call_type,caller,callee,started_at,duration_seconds,user,conference_id\n"
    "1f6c7f4e-2a5f-4c1d-9f3e-0a1b2c3d4e5f,outbound,,+40212345678,+442079460000,2026-11-20T09:00:00Z,90,,\n"
)
_RATING_REFUSALS: Final = (
    RefusalCode.UNKNOWN_ORGANIZATION,
    RefusalCode.UNKNOWN_RATE_DECK,
    RefusalCode.CURRENCY_MISMATCH,
)


def add_recorded_calls(routes: APIRouter) -> None:
    """Record calls that are over, from JSON and from files."""
    _add_records(routes)
    _add_files(routes)


def _add_records(routes: APIRouter) -> None:
    async def record_calls(services: ActingServices, organization_id: Identifier, body: CallsToRecord) -> CallsRecorded:
        recorded = await recorded_calls.import_calls(
            services,
            organization_id=organization_id,
            source=JsonCalls(value=body.records),
            mapping=shipped_mapping(SHIPPED[0]),
            ignore_users=body.ignore_users,
        )
        return call_answers.calls_recorded(taken(recorded))

    routes.add_api_route(
        "/v1/organizations/{organization_id}/recorded-calls",
        record_calls,
        methods=["POST"],
        route_class_override=LongJsonRoute,
        tags=[Tag.RECORDED_CALLS],
        summary="Record calls after the fact",
        description="Each is rated by the rate in force when it began and charged, whatever the balance: minutes of "
        "its month first, then funds, and what these do not cover is owed. The same record again is not charged again. "
        "One that cannot be taken is named by its number in the array, counted from 1, and the others are recorded.",
        response_description="What became of the records.",
        responses=guarded_with_json(RefusalCode.UNKNOWN_ORGANIZATION),
    )


def _add_files(routes: APIRouter) -> None:
    @routes.post(
        "/v1/organizations/{organization_id}/recorded-calls/import",
        tags=[Tag.RECORDED_CALLS],
        summary="Record the calls of a file",
        description="A CSV file or a ZIP that holds one: the body, or its part named file. A line that cannot be taken "
        "is named with its column, and the others are recorded. When the request is cut short, send the file again: "
        "what is recorded is not charged again.",
        response_description="What became of the file's records.",
        responses=guarded_with_json(HttpFault.MALFORMED_REQUEST, RefusalCode.UNKNOWN_ORGANIZATION),
        openapi_extra={
            "requestBody": file_body("Call records", _SAMPLE, bytes_max=CALL_RECORDS_BYTES_MAX, may_be_zip=True)
        },
    )
    async def import_calls(
        services: ActingServices,
        organization_id: Identifier,
        request: Request,
        *,
        mapping: Annotated[
            MappingName, Query(description=f"How the file's columns are read: {', '.join(SHIPPED)}, or a saved one.")
        ] = SHIPPED[0],
        time_zone: Annotated[
            TimeZoneName | None, Query(description="The zone of instants without an offset, not the mapping's.")
        ] = None,
        ignore_users: Annotated[
            QueryFlag, Query(description="Leave out whose calls they were; the organization's numbers say it.")
        ] = False,
    ) -> CallsRecorded:
        found = taken(await call_mapping_store.find_mapping(services, name=mapping))
        async with aclosing(file_of(request, bytes_max=CALL_RECORDS_BYTES_MAX, may_be_zip=True)) as pieces:
            recorded = await recorded_calls.import_calls(
                services,
                organization_id=organization_id,
                source=pieces,
                mapping=found,
                time_zone=time_zone,
                ignore_users=ignore_users,
            )
        return call_answers.calls_recorded(taken(recorded))


def add_call_mappings(routes: APIRouter) -> None:
    """Keep mappings of files of call records."""

    @routes.get(
        "/v1/call-mappings",
        tags=[Tag.RECORDED_CALLS],
        summary="List the mappings of files of call records",
        responses=guarded(),
    )
    async def list_call_mappings(services: ActingServices) -> Listing[CallMapping]:
        return whole_listing(taken(await call_mapping_store.list_mappings(services)), call_answers.call_mapping)

    @routes.get(
        "/v1/call-mappings/{mapping}",
        tags=[Tag.RECORDED_CALLS],
        summary="Show a mapping of files of call records",
        responses=guarded(),
    )
    async def get_call_mapping(services: ActingServices, mapping: MappingName) -> CallMapping:
        return call_answers.call_mapping(taken(await call_mapping_store.get_mapping(services, name=mapping)))

    @routes.put(
        "/v1/call-mappings/{mapping}",
        tags=[Tag.RECORDED_CALLS],
        summary="Save a mapping of files of call records",
        description="In the place of the one by this name, if any. Those that come with the product stay as they are.",
        response_description="Imports can name it.",
        responses=guarded_with_json(),
    )
    async def save_call_mapping(services: ActingServices, mapping: MappingName, body: CallMappingToSave) -> CallMapping:
        # A number that JSON writes with a point is a text of a kind of its own here, which this takes for a text.
        document = json.dumps(body.document).encode()
        return call_answers.call_mapping(
            taken(await call_mapping_store.save_mapping(services, name=mapping, document=document))
        )

    @routes.delete(
        "/v1/call-mappings/{mapping}",
        tags=[Tag.RECORDED_CALLS],
        summary="Remove a mapping of files of call records",
        response_description="It is gone; this is what it said.",
        responses=guarded(),
    )
    async def remove_call_mapping(services: ActingServices, mapping: MappingName) -> CallMapping:
        return call_answers.call_mapping(taken(await call_mapping_store.remove_mapping(services, name=mapping)))


def add_rerating(routes: APIRouter) -> None:
    """Price a period by another deck: what it would have cost, or what it shall cost."""

    @routes.post(
        "/v1/organizations/{organization_id}/rerating/simulations",
        tags=[Tag.RECORDED_CALLS],
        summary="Say what a period would have cost under a rate deck",
        description="The deck may be a draft. Nothing is changed.",
        response_description="Totals, and what differs by destination, service, user and call.",
        responses=guarded_with_json(*_RATING_REFUSALS),
    )
    async def simulate(services: ActingServices, organization_id: Identifier, body: PeriodToRate) -> Simulation:
        simulated = await rerating.simulate(
            services, organization_id=organization_id, period=_period(body), rate_deck_id=body.rate_deck_id
        )
        return call_answers.simulation(taken(simulated))

    @routes.post(
        "/v1/organizations/{organization_id}/rerating/corrections",
        tags=[Tag.RECORDED_CALLS],
        summary="Charge a period by a rate deck",
        description="Each call that costs another amount is given back the difference, or charged it, by a transfer of "
        "its own; nothing that was posted is changed. Calls that run, that were refused, or that the deck has no rate "
        "for are left as they are. The key names the correction: the same again does nothing twice, and goes on where "
        "one was cut short.",
        response_description="What became of the calls.",
        responses=guarded_with_json(*_RATING_REFUSALS, RefusalCode.RATE_DECK_NOT_PUBLISHED),
    )
    async def correct(
        services: ActingServices, organization_id: Identifier, body: PeriodToRate, key: KeyHeader
    ) -> Correction:
        corrected = await rerating.correct_calls(
            services,
            organization_id=organization_id,
            correction_id=key,
            period=_period(body),
            rate_deck_id=body.rate_deck_id,
        )
        return call_answers.correction(taken(corrected))


def _period(body: PeriodToRate) -> Period:
    return Period(begins_at=body.begins_at, ends_at=body.ends_at)
