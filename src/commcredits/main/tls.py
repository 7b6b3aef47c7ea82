"""TLS of the charging endpoints: what they show, and how the web process, which forwards to them, checks it.

Knows the two settings that name it. Refuses to make certificates.
"""

from __future__ import annotations

import ssl

from commcredits.main.composition import SettingsError
from commcredits.main.ports import os_reason
from commcredits.settings import Settings


def tls_of_charging(settings: Settings) -> ssl.SSLContext | None:
    """What the charging endpoints show; None when they speak plain HTTP. SettingsError, naming the setting."""
    certificate, key = settings.charging_tls_certificate, settings.charging_tls_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise SettingsError("COMMCREDITS_CHARGING_TLS_CERTIFICATE and COMMCREDITS_CHARGING_TLS_KEY go together")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise SettingsError(
            f"COMMCREDITS_CHARGING_TLS_CERTIFICATE {str(certificate)!r} and COMMCREDITS_CHARGING_TLS_KEY {str(key)!r} "
            f"cannot be used: {os_reason(error)}"
        ) from None
    return context


def tls_towards_charging(settings: Settings) -> ssl.SSLContext | None:
    """How the charging process is checked, which shows that very certificate, whatever its name. SettingsError."""
    certificate = settings.charging_tls_certificate
    if certificate is None:
        return None
    try:
        context = ssl.create_default_context(cafile=certificate)
    except OSError as error:
        reason = os_reason(error)
        raise SettingsError(f"COMMCREDITS_CHARGING_TLS_CERTIFICATE {str(certificate)!r}: {reason}") from None
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
