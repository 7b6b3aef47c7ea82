"""Gives a sample organization its people, licences, numbers and rules, through the public administration API.

Knows the order: licences are bought before anybody has one, numbers are there before they serve somebody. Refuses to
know what any of it does to a call.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Final

from commcredits.core.calendar import instant_text
from commcredits.core.money import format_micros
from commcredits.core.roster import DialOutPolicy, NumberPurpose
from commcredits.edges.demo.administration import AdministrationClient, AdministrationError, Json
from commcredits.edges.demo.history import past_calls
from commcredits.edges.demo.samples import SampleOrganization, SampleRules

_COLUMNS: Final = (
    "user_principal_name",
    "display_name",
    "usage_location",
    "department",
    "licences",
    "numbers",
    "kind",
)


async def staff(administration: AdministrationClient, path: str, sample: SampleOrganization) -> None:
    """Everybody and everything that calls may belong to; ``path`` is the organization's. Raises AdministrationError."""
    for number in sample.numbers:
        body = {"number": number.number, "kind": number.kind, "display_name": number.display_name}
        await administration.post(f"{path}/numbers", body)
    for licence, count in sample.licences().items():
        await administration.put(f"{path}/licences/{licence}", {"purchased": count, "country": sample.country})
    await administration.post_csv(f"{path}/users/import", people_csv(sample))
    for party in sample.parties:
        if party.dial_out is not None:
            own_policy = {"dial_out": _dial_out(party.dial_out)}
            await administration.patch(f"{path}/users/{party.user_principal_name}", own_policy)
    for number in sample.numbers:
        if number.purpose is not NumberPurpose.PERSON:
            body = {"purpose": number.purpose, **({"user": number.user} if number.user else {})}
            await administration.put(f"{path}/numbers/{number.number}/assignment", body)
    await administration.put(f"{path}/rules", rules_body(sample.rules))


async def record_history(
    administration: AdministrationClient, path: str, sample: SampleOrganization, now: datetime
) -> None:
    """Tell the calls that were made this month before. Raises AdministrationError."""
    records = [
        {
            "record_id": f"before-{number}-{index}",
            "service": "outbound",
            "caller": call.caller,
            "callee": call.callee,
            "started_at": instant_text(call.started_at),
            "duration_seconds": call.duration_seconds,
        }
        for number, history in enumerate(sample.history)
        for index, call in enumerate(past_calls(history, sample.time_zone, now))
    ]
    if not records:
        return
    answer = await administration.post(f"{path}/recorded-calls", {"records": records})
    if answer["rejected"]:
        raise AdministrationError(f"calls of earlier were not recorded: {answer['rejections'][0]}")


def people_csv(sample: SampleOrganization) -> bytes:
    """The people of an organization as a file that the import of users reads."""
    numbers = {each.user: each.number for each in sample.numbers if each.purpose is NumberPurpose.PERSON}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for party in sample.parties:
        name = party.user_principal_name
        licences = ";".join(party.licences)
        writer.writerow(
            (
                name,
                party.display_name,
                sample.country,
                party.department,
                licences,
                numbers.get(name, ""),
                party.kind.value,
            )
        )
    return text.getvalue().encode()


def rules_body(rules: SampleRules) -> Json:
    """The rules as the interface takes them."""
    caps = {department: format_micros(cap) for department, cap in rules.department_monthly_max_micros.items()}
    limits: dict[str, object] = {"department_monthly_max": caps}
    if rules.calls_max is not None:
        limits["calls_max"] = rules.calls_max
    if rules.user_calls_max is not None:
        limits["user_calls_max"] = rules.user_calls_max
    return {"dial_out": _dial_out(rules.dial_out), "limits": limits}


def _dial_out(policy: DialOutPolicy) -> Json:
    return {"conference": policy.conference, "user": policy.user}
