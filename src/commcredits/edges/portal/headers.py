"""The headers of every answer: what the browser may load and do, and that nothing of it is kept.

Knows HTTP's security headers. Refuses to know pages. No page here may load, send or be framed by anything from
elsewhere, and no style or script may stand in the HTML.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_POLICY: Final = "Content-Security-Policy"
_HEADERS: Final = {
    _POLICY: CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class StrictHeaders:
    """Sets the headers on every answer of the application inside it; what is not a static file is never stored.

    An answer that is no page of the portal brings a policy of its own, which allows other things and fewer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer with its headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                own_policy = headers.get(_POLICY)
                for name, value in _HEADERS.items():
                    headers[name] = value
                if own_policy is not None:
                    headers[_POLICY] = own_policy
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)
