"""What each round of the worker is for, in a few words.

Knows the rounds by name. Refuses to know languages, and to be complete: a round without words is shown by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.edges.translations import marked

JOBS: Final[Mapping[str, str]] = {
    "run_due_recharges": marked("Sends recharges that are due to their gateways"),
    "check_recharges": marked("Finds rules that are due though nothing moves"),
    "resolve_open_top_ups": marked("Asks gateways about purchases that are open"),
    "resolve_open_refunds": marked("Asks gateways about refunds that are open"),
    "deal_with_gateway_events": marked("Deals with what gateways have told of"),
    "sweep_gateway_events": marked("Reads what gateways may have told of unheard"),
    "read_gateway_payouts": marked("Reads what gateways have paid out"),
    "detach_removed_methods": marked("Tells gateways of payment methods that were removed"),
    "issue_receipts": marked("Issues receipts and credit notes"),
    "expire_lots": marked("Books funds that have expired"),
    "reap_silent_sessions": marked("Closes calls whose switch is silent"),
    "prune_batches": marked("Forgets ids of old commits"),
    "announce_blocks": marked("Tells the log of blocks"),
    "announce_flags": marked("Tells the log of flags"),
    "learn_usual_spend": marked("Learns what calls to each country usually cost"),
    "complete_adjustments": marked("Applies adjustments that were agreed to"),
    "complete_refunds": marked("Carries out refunds that were agreed to"),
    "complete_vouchers": marked("Redeems vouchers that were claimed"),
    "finish_closings": marked("Closes organizations"),
    "prune_meters": marked("Forgets meters of old months"),
    "hand_on_notices": marked("Makes mails and webhooks from notices"),
    "tell_of_expiring_lots": marked("Tells of funds that expire soon"),
    "tell_of_expiring_cards": marked("Tells of cards that expire soon"),
    "tell_of_used_pools": marked("Tells of minute pools that are nearly used"),
    "forget_what_was_told": marked("Forgets old mails and deliveries"),
    "forget_gateway_messages": marked("Forgets old messages of gateways"),
    "run_asked_verifications": marked("Verifies the books where somebody asked for it"),
    "ask_nightly_verification": marked("Asks for the verification of each night"),
    "watch_spend": marked("Measures what every organization has spent in a day"),
    "make_margin_reports": marked("Makes reports on margins"),
    "note_rounds": marked("Notes when rounds last ran"),
}
