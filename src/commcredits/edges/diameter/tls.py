"""TLS around Diameter: from the first octet, never agreed inside the protocol (RFC 6733 §13.1).

Knows what we show, what we ask of a client, and whom a client's certificate names. Refuses to make certificates.
"""

from __future__ import annotations

import ssl
from typing import Any

from commcredits.settings.diameter import DiameterSettings


def open_tls(settings: DiameterSettings) -> ssl.SSLContext | None:
    """What the listener speaks TLS with; None where no certificate is set. OSError where a file cannot be used.

    With ``tls_client_authority`` a client must show a certificate that this authority signed.
    """
    certificate, key, authority = settings.tls_certificate, settings.tls_key, settings.tls_client_authority
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise OSError(f"tls_certificate {str(certificate)!r} and tls_key {str(key)!r}: {_reason(error)}") from None
    if authority is not None:
        try:
            context.load_verify_locations(authority)
        except OSError as error:
            raise OSError(f"tls_client_authority {str(authority)!r}: {_reason(error)}") from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def certificate_names(tls: ssl.SSLObject) -> frozenset[str] | None:
    """The DNS names of the client's certificate, in lower case; None where none was asked for."""
    if tls.context.verify_mode is not ssl.CERT_REQUIRED:
        return None
    certificate: dict[str, Any] = tls.getpeercert() or {}
    names: tuple[tuple[str, str], ...] = certificate.get("subjectAltName", ())
    return frozenset(value.lower() for kind, value in names if kind == "DNS")


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
