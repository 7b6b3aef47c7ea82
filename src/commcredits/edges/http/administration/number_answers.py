"""What the JSON bodies of answers about the stock of numbers hold, made from the records of the operations.

Knows how instants and ids are written. Refuses to leave a field out: what is not there is empty.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from commcredits.core.numbers import DialledKind
from commcredits.core.roster import NumberKind
from commcredits.edges.http.administration.answers import Identity, Time, time
from commcredits.operations.number_stock import Quotas as QuotasRecord
from commcredits.operations.number_stock import Reservation as ReservationRecord
from commcredits.operations.number_stock import StockNumber as StockNumberRecord

Count = Annotated[int, Field(ge=0)]


class StockNumber(BaseModel):
    """A number that can be reserved. ``dialled_kind`` is what the numbering plans say of its range."""

    number: str
    kind: NumberKind
    country: str
    place: str
    dialled_kind: DialledKind


class StockImported(BaseModel):
    """So many numbers of the file are in stock now; some may have been there before."""

    number_count: Count


class NumberReservation(BaseModel):
    """Until ``reserved_until`` only this organization can acquire the number."""

    number: str
    organization_id: Identity
    reserved_until: Time


class NumberQuotas(BaseModel):
    """How many numbers an organization has and may have.

    ``licences`` are the Calling Plan and Audio Conferencing licences that its users have. Service numbers are toll and
    toll-free ones; the latter can be acquired once ``credits_set_up``.
    """

    licences: Count
    user_numbers: Count
    user_number_quota: Count
    service_numbers: Count
    service_number_quota: Count
    credits_set_up: bool


def stock_number(record: StockNumberRecord) -> StockNumber:
    """A number in stock as it is answered."""
    return StockNumber(
        number=record.number,
        kind=record.kind,
        country=record.country,
        place=record.place,
        dialled_kind=record.dialled_kind,
    )


def reservation(record: ReservationRecord) -> NumberReservation:
    """A reservation as it is answered."""
    return NumberReservation(
        number=record.number, organization_id=record.organization_id, reserved_until=time(record.reserved_until)
    )


def quotas(record: QuotasRecord) -> NumberQuotas:
    """Quotas as they are answered."""
    return NumberQuotas(
        licences=record.licences,
        user_numbers=record.user_numbers,
        user_number_quota=record.user_number_quota,
        service_numbers=record.service_numbers,
        service_number_quota=record.service_number_quota,
        credits_set_up=record.credits_set_up,
    )
