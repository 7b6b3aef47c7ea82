"""The words of the hosted pages, in English and Romanian.

The pages stand for another company's, so they share no catalogue with the product; twenty sentences need no machinery.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DEFAULT_LANGUAGE: Final = "en"

WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "en": MappingProxyType(
            {
                "gateway": "Simulated gateway",
                "no_money": "This is a simulation. No real money moves here.",
                "approve_title": "Approve a payment",
                "approve_ask": "A merchant asks to charge your card.",
                "amount": "Amount",
                "card": "Card",
                "for": "For",
                "approve": "Approve",
                "refuse": "Refuse",
                "succeeded": "The payment was approved.",
                "declined": "The payment was not made.",
                "processing": "The payment is being processed.",
                "setup_title": "Add a payment method",
                "setup_ask": "Choose a test card. Each behaves as its line says.",
                "setup_save": "Add the card",
                "setup_done": "The card was added.",
                "setup_missing": "Choose one of the cards.",
                "back": "Go back to the merchant",
                "not_found": "There is no such page, or it is no longer valid.",
                "language": "Language",
                "thousands": ",",
                "point": ".",
            }
        ),
        "ro": MappingProxyType(
            {
                "gateway": "Procesator de plăți simulat",
                "no_money": "Aceasta este o simulare. Aici nu circulă bani reali.",
                "approve_title": "Aprobați o plată",
                "approve_ask": "Un comerciant cere să debiteze cardul dvs.",
                "amount": "Sumă",
                "card": "Card",
                "for": "Pentru",
                "approve": "Aprobați",
                "refuse": "Refuzați",
                "succeeded": "Plata a fost aprobată.",
                "declined": "Plata nu a fost efectuată.",
                "processing": "Plata este în curs de procesare.",
                "setup_title": "Adăugați o metodă de plată",
                "setup_ask": "Alegeți un card de test. Fiecare se comportă așa cum spune rândul său.",
                "setup_save": "Adăugați cardul",
                "setup_done": "Cardul a fost adăugat.",
                "setup_missing": "Alegeți unul dintre carduri.",
                "back": "Înapoi la comerciant",
                "not_found": "Pagina nu există sau nu mai este valabilă.",
                "language": "Limbă",
                "thousands": ".",
                "point": ",",
            }
        ),
    }
)


def language_of(asked: str | None) -> str:
    """Choose the language that was asked for, or English."""
    return asked if asked is not None and asked in WORDS else DEFAULT_LANGUAGE
