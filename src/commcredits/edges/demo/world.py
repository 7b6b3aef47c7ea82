"""The sample organizations: three of them, each with stories that unfold within the first minute.

Pure data. Everything is invented and says so: the companies carry "Demo" in their names, the users are desks and
rooms, the numbers are the regulators' or the metadata's examples. Refuses to know how any of it reaches the product.
"""

from __future__ import annotations

from typing import Final

from commcredits.core.commands import Service
from commcredits.core.roster import (
    ConferenceDialOut,
    DialOutPolicy,
    Licence,
    NumberPurpose,
    PartyKind,
    UserDialOut,
)
from commcredits.edges.demo.call_plans import Appointment, Route, TrafficShape, example_number
from commcredits.edges.demo.number_ranges import NumberKind
from commcredits.edges.demo.samples import (
    SampleAutoRecharge,
    SampleHistory,
    SampleNumber,
    SampleNumberKind,
    SampleOrganization,
    SampleParty,
    SamplePromotion,
    SampleRules,
)

TIME_COMPRESSION: Final = 30
"""Call-seconds in a second of the demonstration, for which the amounts below are tuned: half an hour a minute."""

START_HOUR: Final = 10
"""Local hour at which the demonstration opens: the busiest one."""

SLICE_SECONDS: Final = 60
"""Slice that each call asks for: short enough that held money visibly becomes charged money."""

SEED: Final = 2026

_YEAR_SECONDS: Final = 365 * 24 * 3600

_CREDITS: Final = Licence.COMMUNICATIONS_CREDITS

_RO_RECEPTION: Final = "+40211234501"
_RO_SALES_1: Final = "+40211234502"
_RO_SALES_2: Final = "+40211234503"
_RO_ROOM: Final = "+40211234504"
_RO_ATTENDANT: Final = "+40211234510"
_RO_BRIDGE: Final = "+40211234511"

# Numbers that the German regulator keeps for films: nobody has them.
_DE_RECEPTION: Final = "+493023125001"
_DE_SALES_1: Final = "+493023125002"
_DE_SALES_2: Final = "+493023125003"
_DE_ROOM: Final = "+493023125004"
_DE_BRIDGE: Final = "+493023125011"

# 555-0100 to 555-0199 belong to nobody in the North American plan; 800 has one such number.
_US_RECEPTION: Final = "+12015550101"
_US_SALES_1: Final = "+12015550102"
_US_SALES_2: Final = "+12015550103"
_US_ROOM: Final = "+12015550104"
_US_ATTENDANT: Final = "+12015550110"
_US_BRIDGE: Final = "+12015550111"


def sample_organizations() -> tuple[SampleOrganization, ...]:
    """The three organizations of the demonstration.

    * Romania: the reception's minutes run out in the middle of a call, which goes on with credits. The balance falls
      below its trigger within the first half minute, so auto-recharge buys funds once.
    * Germany: a desk without the Communications Credits licence uses up its minutes and is refused from then on. There
      is a small welcome credit and no auto-recharge, so what no minutes cover is soon refused for lack of funds.
    * United States: calls abroad are against the policy of everybody but one desk. A promotional lot expires in the
      first minute with most of it unused.
    """
    return (_romania(), _germany(), _united_states())


def _romania() -> SampleOrganization:
    return SampleOrganization(
        name="Demo Carpați SRL",
        country="RO",
        currency="RON",
        time_zone="Europe/Bucharest",
        language="ro",
        parties=(
            _desk("receptie@carpati.example", "Recepție", "Administrativ", Licence.DOMESTIC_120_UNPOOLED, _CREDITS),
            _desk(
                "vanzari1@carpati.example", "Birou vânzări 1", "Vânzări", Licence.DOMESTIC_AND_INTERNATIONAL, _CREDITS
            ),
            _desk("vanzari2@carpati.example", "Birou vânzări 2", "Vânzări", Licence.PAY_AS_YOU_GO_1, _CREDITS),
            _desk("sala@carpati.example", "Sală de conferințe", "Vânzări", Licence.AUDIO_CONFERENCING, _CREDITS),
            _account("intampinare@carpati.example", "Mesaj de întâmpinare"),
            _account("clienti@carpati.example", "Relații cu clienții"),
        ),
        numbers=(
            _user(_RO_RECEPTION, "Recepție", "receptie@carpati.example"),
            _user(_RO_SALES_1, "Birou vânzări 1", "vanzari1@carpati.example"),
            _user(_RO_SALES_2, "Birou vânzări 2", "vanzari2@carpati.example"),
            _user(_RO_ROOM, "Sală de conferințe", "sala@carpati.example"),
            _toll(_RO_ATTENDANT, "Mesaj de întâmpinare", NumberPurpose.AUTO_ATTENDANT, "intampinare@carpati.example"),
            _toll(_RO_BRIDGE, "Punte de conferințe", NumberPurpose.CONFERENCE_BRIDGE),
            _toll_free("+40800123456", "Relații cu clienții", NumberPurpose.CALL_QUEUE, "clienti@carpati.example"),
        ),
        rules=SampleRules(calls_max=60, department_monthly_max_micros={"Vânzări": 2_000_000_000}),
        # Six of the reception's 120 minutes are left.
        history=(SampleHistory(caller=_RO_RECEPTION, callee=example_number("RO", NumberKind.FIXED), minutes=114),),
        top_up_micros=(100_000_000,),
        promotions=(),
        # One recharge outlasts the cool-down of the next at this rate of use, so that the demonstration runs on.
        auto_recharge=SampleAutoRecharge(
            recharge_amount_micros=250_000_000,
            trigger_amount_micros=95_000_000,
            monthly_cap_micros=2_500_000_000,
        ),
        traffic=_romania_traffic(),
        appointments=(
            Appointment(
                at_seconds=90,
                duration_seconds=720,
                caller=_RO_RECEPTION,
                callee=example_number("RO", NumberKind.MOBILE),
            ),
        ),
    )


def _romania_traffic() -> TrafficShape:
    return TrafficShape(
        peak_calls_per_hour=180,
        routes=(
            # The reception's minutes are left to the call that outlives them.
            *_calls((_RO_SALES_1, _RO_SALES_2), 25, ("RO", NumberKind.FIXED), ("RO", NumberKind.MOBILE)),
            *_calls(
                (_RO_RECEPTION, _RO_SALES_1, _RO_SALES_2),
                7,
                ("MD", NumberKind.MOBILE),
                ("IT", NumberKind.MOBILE),
                ("ES", NumberKind.FIXED),
                ("TR", NumberKind.MOBILE),
                ("RS", NumberKind.MOBILE),
            ),
            *_conferences(_RO_BRIDGE, "sala@carpati.example", 3, ("HU", NumberKind.FIXED), ("BG", NumberKind.MOBILE)),
            *_routes(Service.TOLL_FREE_IN, 12, ("RO", NumberKind.MOBILE)),
            *_routes(Service.TOLL_IN, 4, ("RO", NumberKind.FIXED), own_numbers=(_RO_ATTENDANT,)),
        ),
    )


def _germany() -> SampleOrganization:
    home = example_number("DE", NumberKind.FIXED)
    return SampleOrganization(
        name="Demo Spree GmbH",
        country="DE",
        currency="EUR",
        time_zone="Europe/Berlin",
        language="en",
        parties=(
            _desk("reception@spree.example", "Reception", "Office", Licence.DOMESTIC_120, _CREDITS),
            _desk("sales1@spree.example", "Sales desk 1", "Sales", Licence.DOMESTIC_120, _CREDITS),
            _desk("sales2@spree.example", "Sales desk 2", "Sales", Licence.DOMESTIC_120_UNPOOLED),
            _desk("room@spree.example", "Meeting room", "Office", Licence.AUDIO_CONFERENCING, _CREDITS),
            _account("service@spree.example", "Service line"),
        ),
        numbers=(
            _user(_DE_RECEPTION, "Reception", "reception@spree.example"),
            _user(_DE_SALES_1, "Sales desk 1", "sales1@spree.example"),
            _user(_DE_SALES_2, "Sales desk 2", "sales2@spree.example"),
            _user(_DE_ROOM, "Meeting room", "room@spree.example"),
            _toll(_DE_BRIDGE, "Conference bridge", NumberPurpose.CONFERENCE_BRIDGE),
            _toll_free("+498001234567", "Service line", NumberPurpose.AUTO_ATTENDANT, "service@spree.example"),
        ),
        rules=SampleRules(
            dial_out=DialOutPolicy(conference=ConferenceDialOut.ZONE_A),
            user_calls_max=20,
            department_monthly_max_micros={"Sales": 150_000_000},
        ),
        # Three of the second sales desk's 120 minutes are left.
        history=(SampleHistory(caller=_DE_SALES_2, callee=home, minutes=117),),
        top_up_micros=(),
        promotions=(SamplePromotion(amount_micros=4_000_000, expires_after_seconds=_YEAR_SECONDS),),
        auto_recharge=None,
        traffic=_germany_traffic(),
        appointments=(
            Appointment(at_seconds=120, duration_seconds=400, caller=_DE_SALES_2, callee=home),
            Appointment(at_seconds=420, duration_seconds=120, caller=_DE_SALES_2, callee=home),
        ),
    )


def _germany_traffic() -> TrafficShape:
    return TrafficShape(
        peak_calls_per_hour=180,
        routes=(
            *_calls((_DE_RECEPTION, _DE_SALES_1), 18, ("DE", NumberKind.FIXED), ("DE", NumberKind.MOBILE)),
            *_calls((_DE_SALES_2,), 2, ("DE", NumberKind.FIXED), ("DE", NumberKind.MOBILE)),
            *_calls(
                (_DE_RECEPTION, _DE_SALES_1),
                9,
                ("UA", NumberKind.MOBILE),
                ("EG", NumberKind.MOBILE),
                ("ZA", NumberKind.MOBILE),
                ("JP", NumberKind.FIXED),
                ("AU", NumberKind.MOBILE),
            ),
            *_conferences(_DE_BRIDGE, "room@spree.example", 3, ("FR", NumberKind.FIXED), ("PL", NumberKind.MOBILE)),
            *_routes(Service.TOLL_FREE_IN, 9, ("DE", NumberKind.FIXED)),
        ),
    )


def _united_states() -> SampleOrganization:
    return SampleOrganization(
        name="Demo Prairie Inc.",
        country="US",
        currency="USD",
        time_zone="America/New_York",
        language="en",
        parties=(
            _desk("reception@prairie.example", "Reception", "Office", Licence.DOMESTIC, _CREDITS),
            SampleParty(
                user_principal_name="sales1@prairie.example",
                display_name="Sales desk 1",
                department="Sales",
                licences=(
                    Licence.DOMESTIC_AND_INTERNATIONAL,
                    Licence.AUDIO_CONFERENCING,
                    Licence.EXTENDED_DIAL_OUT,
                    _CREDITS,
                ),
                dial_out=DialOutPolicy(),
            ),
            _desk("sales2@prairie.example", "Sales desk 2", "Sales", Licence.PAY_AS_YOU_GO_2, _CREDITS),
            _desk("room@prairie.example", "Meeting room", "Office", Licence.AUDIO_CONFERENCING_PAY_PER_MINUTE),
            _account("welcome@prairie.example", "Welcome message"),
            _account("care@prairie.example", "Customer care"),
        ),
        numbers=(
            _user(_US_RECEPTION, "Reception", "reception@prairie.example"),
            _user(_US_SALES_1, "Sales desk 1", "sales1@prairie.example"),
            _user(_US_SALES_2, "Sales desk 2", "sales2@prairie.example"),
            _user(_US_ROOM, "Meeting room", "room@prairie.example"),
            _toll(_US_ATTENDANT, "Welcome message", NumberPurpose.AUTO_ATTENDANT, "welcome@prairie.example"),
            _toll(_US_BRIDGE, "Conference bridge", NumberPurpose.CONFERENCE_BRIDGE),
            _toll_free("+18005550199", "Customer care", NumberPurpose.CALL_QUEUE, "care@prairie.example"),
        ),
        rules=SampleRules(
            dial_out=DialOutPolicy(conference=ConferenceDialOut.ZONE_A, user=UserDialOut.DOMESTIC),
            calls_max=60,
            user_calls_max=20,
            department_monthly_max_micros={"Sales": 400_000_000, "Office": 200_000_000},
        ),
        history=(),
        top_up_micros=(50_000_000,),
        promotions=(SamplePromotion(amount_micros=25_000_000, expires_after_seconds=35),),
        auto_recharge=SampleAutoRecharge(
            recharge_amount_micros=50_000_000,
            trigger_amount_micros=10_000_000,
            monthly_cap_micros=500_000_000,
        ),
        traffic=_united_states_traffic(),
        appointments=(
            Appointment(
                at_seconds=240,
                duration_seconds=120,
                caller=_US_RECEPTION,
                callee=example_number("MX", NumberKind.MOBILE),
            ),
        ),
    )


def _united_states_traffic() -> TrafficShape:
    return TrafficShape(
        peak_calls_per_hour=150,
        routes=(
            *_calls((_US_RECEPTION, _US_SALES_1, _US_SALES_2), 50, ("US", NumberKind.FIXED_OR_MOBILE)),
            *_calls(
                (_US_SALES_1,),
                6,
                ("CA", NumberKind.FIXED_OR_MOBILE),
                ("MX", NumberKind.MOBILE),
                ("IN", NumberKind.MOBILE),
                ("GB", NumberKind.FIXED),
                ("BR", NumberKind.MOBILE),
            ),
            *_conferences(_US_BRIDGE, "sales1@prairie.example", 3, ("CA", NumberKind.FIXED_OR_MOBILE)),
            *_conferences(_US_BRIDGE, "room@prairie.example", 3, ("GB", NumberKind.MOBILE), ("DE", NumberKind.FIXED)),
            *_routes(Service.TOLL_FREE_IN, 20, ("US", NumberKind.FIXED_OR_MOBILE)),
            *_routes(Service.TOLL_IN, 4, ("US", NumberKind.FIXED_OR_MOBILE), own_numbers=(_US_ATTENDANT,)),
        ),
    )


def _desk(user_principal_name: str, display_name: str, department: str, *licences: Licence) -> SampleParty:
    return SampleParty(
        user_principal_name=user_principal_name,
        display_name=display_name,
        department=department,
        licences=licences,
    )


def _account(user_principal_name: str, display_name: str) -> SampleParty:
    return SampleParty(
        user_principal_name=user_principal_name, display_name=display_name, kind=PartyKind.RESOURCE_ACCOUNT
    )


def _user(number: str, display_name: str, user: str) -> SampleNumber:
    return SampleNumber(
        number=number,
        kind=SampleNumberKind.USER,
        display_name=display_name,
        purpose=NumberPurpose.PERSON,
        user=user,
    )


def _toll(number: str, display_name: str, purpose: NumberPurpose, user: str = "") -> SampleNumber:
    return SampleNumber(
        number=number, kind=SampleNumberKind.TOLL, display_name=display_name, purpose=purpose, user=user
    )


def _toll_free(number: str, display_name: str, purpose: NumberPurpose, user: str) -> SampleNumber:
    return SampleNumber(
        number=number, kind=SampleNumberKind.TOLL_FREE, display_name=display_name, purpose=purpose, user=user
    )


def _calls(own_numbers: tuple[str, ...], weight: int, *far_ends: tuple[str, NumberKind]) -> tuple[Route, ...]:
    return _routes(Service.OUTBOUND, weight, *far_ends, own_numbers=own_numbers)


def _conferences(bridge: str, organizer: str, weight: int, *far_ends: tuple[str, NumberKind]) -> tuple[Route, ...]:
    return _routes(Service.CONFERENCE_DIAL_OUT, weight, *far_ends, own_numbers=(bridge,), user=organizer)


def _routes(
    service: Service,
    weight: int,
    *far_ends: tuple[str, NumberKind],
    own_numbers: tuple[str, ...] = (),
    user: str = "",
) -> tuple[Route, ...]:
    return tuple(
        Route(weight=weight, service=service, country=country, kind=kind, own_numbers=own_numbers, user=user)
        for country, kind in far_ends
    )
