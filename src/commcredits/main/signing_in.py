"""Settings of signing in become what the portal is told.

Knows both forms. Refuses to judge them: the settings were checked when they were read.
"""

from __future__ import annotations

from commcredits.edges.portal.settings import PortalSettings
from commcredits.operations.sign_in_providers import Provider
from commcredits.settings import Settings
from commcredits.settings.sign_in import ProviderSettings
from commcredits.storage.identifiers import OPERATOR_ID

_MINUTE_SECONDS = 60
_HOUR_SECONDS = 3_600


def portal_settings(settings: Settings, operator_token: str) -> PortalSettings:
    """What the portal is told. Where people reach it by https, its cookies go over nothing else."""
    origin = settings.origin()
    return PortalSettings(
        operator_token=operator_token,
        operator_token_opens=settings.sign_in_operator_token,
        idle_seconds=settings.visit_idle_minutes * _MINUTE_SECONDS,
        visit_seconds_max=settings.visit_hours * _HOUR_SECONDS,
        secure_cookies=True if origin.startswith("https://") else None,
        origin=origin,
        providers=tuple(_provider(name, each) for name, each in settings.sign_in_providers.items()),
    )


def _provider(name: str, settings: ProviderSettings) -> Provider:
    return Provider(
        name=name,
        title=settings.title,
        issuer=settings.issuer,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        organization_id=OPERATOR_ID if settings.operator else settings.organization_id,
        organization_claim=settings.organization_claim,
        organizations=settings.organizations,
        role_claim=settings.role_claim,
        roles=settings.roles,
        scopes=settings.scopes,
    )
