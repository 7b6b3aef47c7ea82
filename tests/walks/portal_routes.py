"""The permissions that each address of the portal asks for, one line an address: one without a line fails."""

from __future__ import annotations

from typing import Final

Asked = tuple[str, ...] | None
"""All of these; none for whoever is signed in; None where strangers are welcome."""

PORTAL_ROUTES: Final[dict[str, Asked]] = {
    "GET /": (),
    "GET /sign-in": None,
    "POST /sign-in": None,
    "POST /sign-out": (),
    "GET /prove": (),
    "POST /prove": (),
    "GET /prove/go-on/{form_id}": (),
    "POST /language": None,
    "POST /theme": None,
    "GET /organizations/{organization_id:uuid}/billing/products-and-services": (
        "organization.read",
        "funds.read",
        "payment_methods.read",
    ),
    "GET /organizations/{organization_id:uuid}/billing/communications-credits": (
        "organization.read",
        "funds.read",
        "payment_methods.read",
    ),
    "GET /organizations/{organization_id:uuid}/billing/communications-credits/live": (
        "organization.read",
        "funds.read",
        "payment_methods.read",
    ),
    "GET /organizations/{organization_id:uuid}/billing/communications-credits/add-funds": (
        "organization.read",
        "funds.read",
        "payment_methods.read",
    ),
    "POST /organizations/{organization_id:uuid}/billing/communications-credits/add-funds": (
        "organization.read",
        "funds.read",
        "payment_methods.read",
    ),
    "GET /organizations/{organization_id:uuid}/billing/communications-credits/auto-recharge": (),
    "POST /organizations/{organization_id:uuid}/billing/communications-credits/auto-recharge": (
        "organization.read",
        "funds.read",
        "payment_methods.read",
        "funds.write",
    ),
    "GET /organizations/{organization_id:uuid}/billing/communications-credits/balance-alerts": (),
    "POST /organizations/{organization_id:uuid}/billing/communications-credits/balance-alerts": (
        "organization.read",
        "funds.read",
        "payment_methods.read",
        "funds.write",
    ),
    "GET /organizations/{organization_id:uuid}/billing/communications-credits/recharge-attempts": (
        "organization.read",
        "funds.read",
    ),
    "GET /organizations/{organization_id:uuid}/billing/communications-credits/transfers/{top_up_id}": (
        "organization.read",
        "payment_methods.read",
    ),
    "GET /organizations/{organization_id:uuid}/billing/payment-methods": (
        "organization.read",
        "payment_methods.read",
    ),
    "GET /organizations/{organization_id:uuid}/billing/payment-methods/add": (
        "organization.read",
        "payment_methods.read",
    ),
    "POST /organizations/{organization_id:uuid}/billing/payment-methods/add": (
        "organization.read",
        "payment_methods.read",
    ),
    "GET /organizations/{organization_id:uuid}/billing/payment-methods/added": (
        "organization.read",
        "payment_methods.read",
    ),
    "POST /organizations/{organization_id:uuid}/billing/payment-methods/roles": (
        "organization.read",
        "payment_methods.read",
    ),
    "GET /organizations/{organization_id:uuid}/billing/payment-methods/{payment_method}/replace": (
        "organization.read",
        "payment_methods.read",
    ),
    "POST /organizations/{organization_id:uuid}/billing/payment-methods/{payment_method}/replace": (
        "organization.read",
        "payment_methods.read",
    ),
    "GET /organizations/{organization_id:uuid}/billing/payment-methods/{payment_method}/remove": (
        "organization.read",
        "payment_methods.read",
    ),
    "POST /organizations/{organization_id:uuid}/billing/payment-methods/{payment_method}/remove": (
        "organization.read",
        "payment_methods.read",
    ),
    "GET /billing/approve/{top_up_id}": None,
    "POST /billing/approve/{top_up_id}": None,
    "GET /billing/approve/{top_up_id}/done": None,
    "GET /organizations/{organization_id:uuid}/billing/receipts": (
        "organization.read",
        "receipts.read",
    ),
    "GET /organizations/{organization_id:uuid}/billing/receipts/{number}.{file_format}": (
        "organization.read",
        "receipts.read",
    ),
    "GET /organizations/{organization_id:uuid}/billing/receipts/{number}": (
        "organization.read",
        "receipts.read",
    ),
    "GET /organizations/{organization_id:uuid}/billing/billing-details": (
        "organization.read",
        "receipts.read",
    ),
    "POST /organizations/{organization_id:uuid}/billing/billing-details": ("organization.read",),
    "POST /sign-in/passkey": None,
    "POST /sign-in/choose": None,
    "GET /sign-in/operator": None,
    "POST /sign-in/operator": None,
    "GET /sign-in/with/{provider}": None,
    "GET /sign-in/back/{provider}": None,
    "POST /prove/password": (),
    "POST /prove/passkey": (),
    "GET /invitation/{token}": None,
    "POST /invitation/{token}": None,
    "GET /invitation/{token}/with/{provider}": None,
    "GET /security": (),
    "POST /security/visits/end-others": (),
    "POST /security/visits/{visit_id}/end": (),
    "GET /security/passkeys/add": (),
    "POST /security/passkeys/add": (),
    "POST /security/passkeys/{passkey_id}/remove": (),
    "GET /organizations/{organization_id:uuid}/administrators": (
        "organization.read",
        "administrators.write",
        "administrators.read",
    ),
    "GET /organizations/{organization_id:uuid}/administrators/invite": (
        "organization.read",
        "administrators.write",
    ),
    "POST /organizations/{organization_id:uuid}/administrators/invite": (
        "organization.read",
        "administrators.write",
    ),
    "GET /organizations/{organization_id:uuid}/administrators/{administrator_id}": (
        "organization.read",
        "administrators.write",
        "administrators.read",
    ),
    "POST /organizations/{organization_id:uuid}/administrators/{administrator_id}/roles": (
        "organization.read",
        "administrators.write",
        "administrators.read",
    ),
    "POST /organizations/{organization_id:uuid}/administrators/{administrator_id}/invite-again": (
        "organization.read",
        "administrators.write",
    ),
    "POST /organizations/{organization_id:uuid}/administrators/{administrator_id}/withdraw": (
        "organization.read",
        "administrators.write",
    ),
    "POST /organizations/{organization_id:uuid}/administrators/{administrator_id}/disable": (
        "organization.read",
        "administrators.write",
    ),
    "POST /organizations/{organization_id:uuid}/administrators/{administrator_id}/enable": (
        "organization.read",
        "administrators.write",
    ),
    "GET /console/staff": ("operator.staff",),
    "GET /console/staff/invite": ("operator.staff",),
    "POST /console/staff/invite": ("operator.staff",),
    "GET /console/staff/{administrator_id}": ("operator.staff",),
    "POST /console/staff/{administrator_id}/roles": ("operator.staff",),
    "POST /console/staff/{administrator_id}/invite-again": ("operator.staff",),
    "POST /console/staff/{administrator_id}/withdraw": ("operator.staff",),
    "POST /console/staff/{administrator_id}/disable": ("operator.staff",),
    "POST /console/staff/{administrator_id}/enable": ("operator.staff",),
    "GET /organizations/{organization_id:uuid}/users/import": (
        "organization.read",
        "users.write",
    ),
    "POST /organizations/{organization_id:uuid}/users/import": (),
    "GET /organizations/{organization_id:uuid}/users/import/confirm": (
        "organization.read",
        "users.write",
    ),
    "POST /organizations/{organization_id:uuid}/users/import/confirm": (
        "organization.read",
        "users.write",
    ),
    "GET /organizations/{organization_id:uuid}/users/import/sample-{file}.csv": (),
    "GET /organizations/{organization_id:uuid}/users/export.csv": ("users.read",),
    "GET /organizations/{organization_id:uuid}/resource-accounts/export.csv": ("users.read",),
    "GET /organizations/{organization_id:uuid}/licences": (
        "organization.read",
        "users.read",
    ),
    "POST /organizations/{organization_id:uuid}/licences": (
        "organization.read",
        "users.read",
    ),
    "GET /organizations/{organization_id:uuid}/users": (
        "organization.read",
        "users.read",
    ),
    "GET /organizations/{organization_id:uuid}/users/add": (
        "organization.read",
        "users.write",
    ),
    "POST /organizations/{organization_id:uuid}/users/add": (
        "organization.read",
        "users.write",
    ),
    "GET /organizations/{organization_id:uuid}/users/licences": (),
    "GET /organizations/{organization_id:uuid}/users/licences/preview": (),
    "GET /organizations/{organization_id:uuid}/users/licences/apply": (),
    "POST /organizations/{organization_id:uuid}/users/licences": (
        "organization.read",
        "users.write",
        "users.read",
    ),
    "POST /organizations/{organization_id:uuid}/users/licences/preview": (
        "organization.read",
        "users.write",
        "users.read",
    ),
    "POST /organizations/{organization_id:uuid}/users/licences/apply": (
        "organization.read",
        "users.write",
        "users.read",
    ),
    "GET /organizations/{organization_id:uuid}/users/{party_id:uuid}": (
        "organization.read",
        "users.read",
    ),
    "GET /organizations/{organization_id:uuid}/users/{party_id:uuid}/change": (
        "organization.read",
        "users.read",
    ),
    "POST /organizations/{organization_id:uuid}/users/{party_id:uuid}/change": (
        "organization.read",
        "users.read",
    ),
    "GET /organizations/{organization_id:uuid}/users/{party_id:uuid}/remove": (
        "organization.read",
        "users.read",
    ),
    "POST /organizations/{organization_id:uuid}/users/{party_id:uuid}/remove": (
        "organization.read",
        "users.read",
    ),
    "GET /organizations/{organization_id:uuid}/resource-accounts": (
        "organization.read",
        "users.read",
    ),
    "GET /organizations/{organization_id:uuid}/resource-accounts/add": (
        "organization.read",
        "users.write",
    ),
    "POST /organizations/{organization_id:uuid}/resource-accounts/add": (
        "organization.read",
        "users.write",
    ),
    "GET /organizations/{organization_id:uuid}/resource-accounts/licences": (),
    "GET /organizations/{organization_id:uuid}/resource-accounts/licences/preview": (),
    "GET /organizations/{organization_id:uuid}/resource-accounts/licences/apply": (),
    "POST /organizations/{organization_id:uuid}/resource-accounts/licences": (
        "organization.read",
        "users.write",
        "users.read",
    ),
    "POST /organizations/{organization_id:uuid}/resource-accounts/licences/preview": (
        "organization.read",
        "users.write",
        "users.read",
    ),
    "POST /organizations/{organization_id:uuid}/resource-accounts/licences/apply": (
        "organization.read",
        "users.write",
        "users.read",
    ),
    "GET /organizations/{organization_id:uuid}/resource-accounts/{party_id:uuid}": (
        "organization.read",
        "users.read",
    ),
    "GET /organizations/{organization_id:uuid}/resource-accounts/{party_id:uuid}/change": (
        "organization.read",
        "users.read",
    ),
    "POST /organizations/{organization_id:uuid}/resource-accounts/{party_id:uuid}/change": (
        "organization.read",
        "users.read",
    ),
    "GET /organizations/{organization_id:uuid}/resource-accounts/{party_id:uuid}/remove": (
        "organization.read",
        "users.read",
    ),
    "POST /organizations/{organization_id:uuid}/resource-accounts/{party_id:uuid}/remove": (
        "organization.read",
        "users.read",
    ),
    "GET /organizations/{organization_id:uuid}/numbers": (
        "organization.read",
        "numbers.read",
    ),
    "GET /organizations/{organization_id:uuid}/numbers/get": (
        "organization.read",
        "numbers.read",
    ),
    "GET /organizations/{organization_id:uuid}/numbers/get/{digits:int}": (
        "organization.read",
        "numbers.read",
    ),
    "POST /organizations/{organization_id:uuid}/numbers/get/{digits:int}": (
        "organization.read",
        "numbers.write",
        "numbers.read",
    ),
    "GET /organizations/{organization_id:uuid}/numbers/get/{digits:int}/acquire": (
        "organization.read",
        "numbers.read",
    ),
    "POST /organizations/{organization_id:uuid}/numbers/get/{digits:int}/acquire": (
        "organization.read",
        "numbers.write",
        "numbers.read",
    ),
    "GET /organizations/{organization_id:uuid}/numbers/{digits:int}": (
        "organization.read",
        "numbers.read",
    ),
    "POST /organizations/{organization_id:uuid}/numbers/{digits:int}": (
        "organization.read",
        "numbers.write",
        "numbers.read",
    ),
    "GET /organizations/{organization_id:uuid}/policies": (
        "organization.read",
        "policies.read",
    ),
    "GET /organizations/{organization_id:uuid}/policies/change": (
        "organization.read",
        "policies.write",
        "policies.read",
    ),
    "GET /organizations/{organization_id:uuid}/policies/review": (
        "organization.read",
        "policies.write",
        "policies.read",
    ),
    "POST /organizations/{organization_id:uuid}/policies/review": (
        "organization.read",
        "policies.write",
        "policies.read",
    ),
    "GET /organizations/{organization_id:uuid}/policies/save": (
        "organization.read",
        "policies.write",
        "policies.read",
    ),
    "POST /organizations/{organization_id:uuid}/policies/save": (
        "organization.read",
        "policies.write",
        "policies.read",
    ),
    "GET /organizations/{organization_id:uuid}/policies/departments": (
        "organization.read",
        "policies.read",
    ),
    "POST /organizations/{organization_id:uuid}/policies/departments": (
        "organization.read",
        "policies.read",
    ),
    "GET /organizations/{organization_id:uuid}/policies/try": ("organization.read",),
    "POST /organizations/{organization_id:uuid}/policies/try": (
        "organization.read",
        "calls.read",
    ),
    "GET /organizations/{organization_id:uuid}/policies/users/{party_id:uuid}": (
        "organization.read",
        "policies.write",
        "users.read",
    ),
    "POST /organizations/{organization_id:uuid}/policies/users/{party_id:uuid}": (
        "organization.read",
        "policies.write",
        "users.read",
    ),
    "GET /organizations/{organization_id:uuid}/policies/resource-accounts/{party_id:uuid}": (
        "organization.read",
        "policies.write",
        "users.read",
    ),
    "POST /organizations/{organization_id:uuid}/policies/resource-accounts/{party_id:uuid}": (
        "organization.read",
        "policies.write",
        "users.read",
    ),
    "GET /organizations/{organization_id:uuid}/search": ("organization.read",),
    "GET /organizations/{organization_id:uuid}": ("organization.read",),
    "GET /organizations/{organization_id:uuid}/home": ("organization.read",),
    "GET /organizations/{organization_id:uuid}/live": ("organization.read",),
    "GET /organizations/{organization_id:uuid}/audit": (
        "organization.read",
        "audit.read",
    ),
    "GET /organizations/{organization_id:uuid}/audit.{form}": (
        "organization.read",
        "audit.read",
    ),
    "GET /console/audit": ("operator.audit",),
    "GET /console/audit.{form}": ("operator.audit",),
    "GET /organizations/{organization_id:uuid}/settings": ("organization.read",),
    "POST /organizations/{organization_id:uuid}/settings": (
        "organization.read",
        "settings.write",
    ),
    "POST /organizations/{organization_id:uuid}/settings/unassigned-calls": ("organization.read",),
    "GET /organizations/{organization_id:uuid}/advice": (
        "organization.read",
        "advice.read",
    ),
    "GET /organizations/{organization_id:uuid}/advice/plans": (
        "organization.read",
        "advice.read",
    ),
    "GET /organizations/{organization_id:uuid}/advice/forecast": (
        "organization.read",
        "advice.read",
    ),
    "GET /organizations/{organization_id:uuid}/advice/anomalies": (
        "organization.read",
        "advice.read",
    ),
    "GET /organizations/{organization_id:uuid}/advice/expiring": (
        "organization.read",
        "advice.read",
    ),
    "GET /organizations/{organization_id:uuid}/reports/spending": (
        "organization.read",
        "reports.read",
    ),
    "GET /organizations/{organization_id:uuid}/reports/spending.csv": (
        "organization.read",
        "reports.read",
    ),
    "GET /organizations/{organization_id:uuid}/reports/statements": (
        "organization.read",
        "funds.read",
    ),
    "GET /organizations/{organization_id:uuid}/reports/statements/{month}.csv": ("funds.read",),
    "GET /organizations/{organization_id:uuid}/reports/statements/{month}": (
        "organization.read",
        "funds.read",
    ),
    "GET /organizations/{organization_id:uuid}/reports/minute-pools": (
        "organization.read",
        "reports.read",
    ),
    "GET /organizations/{organization_id:uuid}/reports/blocked-users": (
        "organization.read",
        "policies.read",
    ),
    "POST /organizations/{organization_id:uuid}/reports/blocked-users/{block_id:uuid}/lift": ("operator.blocks",),
    "GET /organizations/{organization_id:uuid}/reports/conference-dial-out": (
        "organization.read",
        "reports.read",
    ),
    "GET /organizations/{organization_id:uuid}/reports/conference-dial-out.csv": (
        "organization.read",
        "reports.read",
    ),
    "GET /organizations/{organization_id:uuid}/reports/conference-dial-out/{user_id:uuid}/legs.csv": (
        "organization.read",
        "reports.read",
    ),
    "GET /organizations/{organization_id:uuid}/reports/conference-dial-out/{user_id:uuid}": (
        "organization.read",
        "reports.read",
    ),
    "GET /organizations/{organization_id:uuid}/call-check": ("organization.read",),
    "GET /organizations/{organization_id:uuid}/calls": (
        "organization.read",
        "calls.read",
    ),
    "GET /organizations/{organization_id:uuid}/calls/{session_id:path}": (
        "organization.read",
        "calls.read",
    ),
    "GET /console": ("operator.read",),
    "GET /console/gateways": (
        "operator.read",
        "operator.gateways",
    ),
    "GET /console/jobs": ("operator.read",),
    "GET /console/verifications": (
        "operator.read",
        "operator.verify",
    ),
    "GET /console/verifications/{run_id:uuid}": (
        "operator.read",
        "operator.verify",
    ),
    "GET /console/organizations": ("operator.read",),
    "GET /console/organizations/new": ("operator.read",),
    "GET /console/organizations/{about_id:uuid}": (
        "operator.read",
        "organization.read",
    ),
    "GET /console/live-calls": (
        "operator.read",
        "operator.calls",
    ),
    "GET /console/live-calls/cut": (
        "operator.read",
        "operator.calls",
    ),
    "GET /console/live-calls/refund": ("operator.read",),
    "GET /console/fraud": (
        "operator.read",
        "operator.blocks",
    ),
    "GET /console/fraud/flags": (
        "operator.read",
        "operator.calls",
    ),
    "GET /console/fraud/spending": (
        "operator.read",
        "operator.blocks",
    ),
    "GET /console/fraud/block": (
        "operator.read",
        "organization.read",
    ),
    "GET /console/fraud/blocks/{about_id:uuid}/{block_id:uuid}": (
        "operator.read",
        "operator.blocks",
    ),
    "GET /console/rate-decks": (
        "operator.read",
        "operator.rates",
    ),
    "GET /console/margins": (
        "operator.read",
        "operator.rates",
    ),
    "GET /console/margins/{report_id:uuid}": (
        "operator.read",
        "operator.rates",
    ),
    "GET /console/adjustments": (
        "operator.read",
        "operator.funds",
    ),
    "GET /console/adjustments/new": (
        "operator.read",
        "organization.read",
    ),
    "GET /console/adjustments/{about_id:uuid}/{adjustment_id:uuid}": (
        "operator.read",
        "organization.read",
    ),
    "GET /console/vouchers": (
        "operator.read",
        "operator.funds",
    ),
    "GET /console/payments": (
        "operator.read",
        "operator.funds",
    ),
    "GET /console/payments/by-hand": (
        "operator.read",
        "organization.read",
    ),
    "GET /console/payments/refund": (
        "operator.read",
        "organization.read",
    ),
    "GET /console/payments/disputes": (
        "operator.read",
        "operator.funds",
    ),
    "GET /console/payments/refunds": (
        "operator.read",
        "operator.funds",
    ),
    "GET /console/payments/events": (
        "operator.read",
        "operator.gateways",
    ),
    "GET /console/payments/payouts": (
        "operator.read",
        "operator.gateways",
    ),
    "GET /console/mails-and-webhooks": ("operator.read",),
    "POST /console/verifications": (
        "operator.read",
        "operator.verify",
    ),
    "POST /console/organizations/new": ("operator.read",),
    "POST /console/organizations/{about_id:uuid}/billing": (
        "operator.read",
        "organization.read",
    ),
    "POST /console/organizations/{about_id:uuid}/currency": (
        "operator.read",
        "operator.organizations",
        "organization.read",
    ),
    "POST /console/organizations/{about_id:uuid}/rate-deck": (
        "operator.read",
        "operator.organizations",
        "organization.read",
    ),
    "POST /console/organizations/{about_id:uuid}/promotion": (
        "operator.read",
        "organization.read",
    ),
    "POST /console/organizations/{about_id:uuid}/close": (
        "operator.read",
        "organization.read",
    ),
    "POST /console/live-calls/cut": (
        "operator.read",
        "operator.calls",
    ),
    "POST /console/live-calls/refund": ("operator.read",),
    "POST /console/fraud/block": (
        "operator.read",
        "organization.read",
    ),
    "POST /console/fraud/blocks/{about_id:uuid}/{block_id:uuid}": (
        "operator.read",
        "operator.blocks",
    ),
    "POST /console/margins": (
        "operator.read",
        "operator.rates",
    ),
    "POST /console/adjustments/new": (
        "operator.read",
        "organization.read",
    ),
    "POST /console/adjustments/{about_id:uuid}/{adjustment_id:uuid}": (
        "operator.read",
        "operator.funds",
        "organization.read",
    ),
    "POST /console/vouchers": (
        "operator.read",
        "operator.funds",
    ),
    "POST /console/payments/look-up": (
        "operator.read",
        "operator.funds",
    ),
    "POST /console/payments/by-hand": (
        "operator.read",
        "organization.read",
    ),
    "POST /console/payments/refund": (
        "operator.read",
        "organization.read",
    ),
    "POST /console/payments/events": (
        "operator.read",
        "operator.gateways",
    ),
    "POST /console/mails-and-webhooks": (
        "operator.read",
        "operator.organizations",
    ),
    "GET /console/rate-decks/new": ("operator.read",),
    "POST /console/rate-decks/new": (),
    "GET /console/rate-decks/explain": (
        "operator.read",
        "operator.rates",
    ),
    "GET /console/rate-decks/{rate_deck_id:uuid}": (
        "operator.read",
        "operator.rates",
    ),
    "GET /console/rate-decks/{rate_deck_id:uuid}/compare": (
        "operator.read",
        "operator.rates",
    ),
    "POST /console/rate-decks/{rate_deck_id:uuid}/publish": (
        "operator.read",
        "operator.rates",
    ),
    "POST /console/rate-decks/{rate_deck_id:uuid}/roll-back": (
        "operator.read",
        "operator.rates",
    ),
    "POST /console/rate-decks/{rate_deck_id:uuid}/discard": (
        "operator.read",
        "operator.rates",
    ),
    "POST /console/rate-decks/{rate_deck_id:uuid}/cost": (
        "operator.read",
        "operator.rates",
    ),
    "GET /static/{name}": None,
    "GET /organizations/{organization_id:uuid}/programs/api-keys": (
        "organization.read",
        "api_keys.read",
    ),
    "GET /organizations/{organization_id:uuid}/programs/api-keys/new": (
        "organization.read",
        "api_keys.write",
    ),
    "POST /organizations/{organization_id:uuid}/programs/api-keys/new": (
        "organization.read",
        "api_keys.write",
    ),
    "GET /organizations/{organization_id:uuid}/programs/api-keys/{key_id}/rotate": (
        "organization.read",
        "api_keys.write",
        "api_keys.read",
    ),
    "POST /organizations/{organization_id:uuid}/programs/api-keys/{key_id}/rotate": (
        "organization.read",
        "api_keys.write",
    ),
    "GET /organizations/{organization_id:uuid}/programs/api-keys/{key_id}/revoke": (
        "organization.read",
        "api_keys.write",
        "api_keys.read",
    ),
    "POST /organizations/{organization_id:uuid}/programs/api-keys/{key_id}/revoke": ("api_keys.write",),
    "POST /organizations/{organization_id:uuid}/programs/sandbox/open": ("settings.write",),
    "POST /organizations/{organization_id:uuid}/programs/sandbox/funds": (
        "organization.read",
        "funds.write",
    ),
    "GET /organizations/{organization_id:uuid}/programs/webhooks": (
        "organization.read",
        "webhooks.read",
    ),
    "GET /organizations/{organization_id:uuid}/programs/webhooks/new": (
        "organization.read",
        "webhooks.write",
    ),
    "POST /organizations/{organization_id:uuid}/programs/webhooks/new": (
        "organization.read",
        "webhooks.write",
    ),
    "GET /organizations/{organization_id:uuid}/programs/webhooks/{endpoint_id}": (
        "organization.read",
        "webhooks.read",
    ),
    "GET /organizations/{organization_id:uuid}/programs/webhooks/{endpoint_id}/change": (
        "organization.read",
        "webhooks.read",
    ),
    "POST /organizations/{organization_id:uuid}/programs/webhooks/{endpoint_id}/change": (
        "organization.read",
        "webhooks.read",
    ),
    "POST /organizations/{organization_id:uuid}/programs/webhooks/{endpoint_id}/rotate": (
        "organization.read",
        "webhooks.write",
    ),
    "POST /organizations/{organization_id:uuid}/programs/webhooks/{endpoint_id}/enable": ("webhooks.write",),
    "POST /organizations/{organization_id:uuid}/programs/webhooks/{endpoint_id}/disable": ("webhooks.write",),
    "GET /organizations/{organization_id:uuid}/programs/webhooks/{endpoint_id}/remove": (
        "organization.read",
        "webhooks.read",
    ),
    "POST /organizations/{organization_id:uuid}/programs/webhooks/{endpoint_id}/remove": ("webhooks.write",),
    "POST /organizations/{organization_id:uuid}/programs/webhooks/{endpoint_id}/deliveries/{delivery_id}/resend": (
        "webhooks.write",
    ),
    "GET /organizations/{organization_id:uuid}/notices": (
        "organization.read",
        "notices.read",
    ),
    "GET /organizations/{organization_id:uuid}/notices/recipients": (
        "organization.read",
        "notices.read",
    ),
    "GET /organizations/{organization_id:uuid}/notices/recipients/new": (
        "organization.read",
        "notices.write",
    ),
    "POST /organizations/{organization_id:uuid}/notices/recipients/new": (
        "organization.read",
        "notices.write",
    ),
    "GET /organizations/{organization_id:uuid}/notices/recipients/{recipient_id}": (
        "organization.read",
        "notices.write",
        "notices.read",
    ),
    "GET /organizations/{organization_id:uuid}/notices/recipients/{recipient_id}/remove": (
        "organization.read",
        "notices.write",
        "notices.read",
    ),
    "POST /organizations/{organization_id:uuid}/notices/recipients/{recipient_id}/remove": ("notices.write",),
    "GET /organizations/{organization_id:uuid}/reports/usage": (
        "organization.read",
        "call_records.read",
    ),
    "GET /organizations/{organization_id:uuid}/reports/usage/exports": (
        "organization.read",
        "call_records.read",
    ),
    "GET /organizations/{organization_id:uuid}/reports/usage/exports/progress": (
        "organization.read",
        "call_records.read",
    ),
    "GET /organizations/{organization_id:uuid}/reports/usage/exports/{export_id:uuid}/file": ("call_records.read",),
    "POST /organizations/{organization_id:uuid}/reports/usage/exports": (
        "organization.read",
        "call_records.read",
    ),
    "POST /organizations/{organization_id:uuid}/reports/usage/exports/{export_id:uuid}/removal": ("call_records.read",),
}
