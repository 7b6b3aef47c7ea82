"""Countries that plans speak of: Zone A of conference dial-out, and those that international minutes cover.

Knows ISO 3166-1 codes. Refuses to know numbers (commcredits.core.numbers) and licences (commcredits.core.plans).
"""

from __future__ import annotations

from typing import Final

ZONE_A: Final = frozenset(
    [
        "AU",
        "AT",
        "BE",
        "BR",
        "BG",
        "CA",
        "CN",
        "HR",
        "CZ",
        "DK",
        "EE",
        "FI",
        "FR",
        "DE",
        "GR",
        "HK",
        "HU",
        "IN",
        "IE",
        "IT",
        "JP",
        "LU",
        "MY",
        "MX",
        "NL",
        "NZ",
        "NO",
        "PL",
        "PT",
        "PR",
        "RO",
        "RU",
        "SG",
        "SK",
        "SI",
        "ZA",
        "KR",
        "ES",
        "SE",
        "CH",
        "TW",
        "TH",
        "GB",
        "US",
    ]
)
"""The 44 countries that the conference dial-out pool covers (domain.md §4)."""

_MEMBERS_OF_THE_UNITED_NATIONS: Final = """
    AF AL DZ AD AO AG AR AM AU AT AZ BS BH BD BB BY BE BZ BJ BT BO BA BW BR BN BG BF BI CV KH CM CA CF
    TD CL CN CO KM CG CD CR CI HR CU CY CZ DK DJ DM DO EC EG SV GQ ER EE SZ ET FJ FI FR GA GM GE DE GH
    GR GD GT GN GW GY HT HN HU IS IN ID IR IQ IE IL IT JM JP JO KZ KE KI KP KR KW KG LA LV LB LS LR LY
    LI LT LU MG MW MY MV ML MT MH MR MU MX FM MD MC MN ME MA MZ MM NA NR NP NL NZ NI NE NG MK NO OM PK
    PW PA PG PY PE PH PL PT QA RO RU RW KN LC VC WS SM ST SA SN RS SC SL SG SK SI SB SO ZA SS ES LK SD
    SR SE CH SY TJ TZ TH TL TG TO TT TN TR TM TV UG UA AE GB US UY UZ VU VE VN YE ZM ZW
"""

PLAN_COUNTRIES: Final = frozenset(_MEMBERS_OF_THE_UNITED_NATIONS.split()) | ZONE_A
"""The 196 countries that international minutes cover (domain.md §4); an operator can replace the list.

The rule by which it was cut from the numbering metadata: the 193 member states of the United Nations, each of which has
a numbering plan there, and the three of Zone A that are not among them, HK, PR and TW. Dependent territories have to be
added by name; ranges of no country (+800, +808, +870, +881, +882, +883, +979) never belong to it, and premium numbers
of these countries are not covered either (domain.md §5, row 8).
"""
