"""The ports of this machine: which are free, and one for each setting that takes any.

Knows how to ask. Refuses to hold a port: whoever listens there does.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl

from commcredits.main.addresses import LOOPBACK
from commcredits.main.composition import SettingsError
from commcredits.settings import Settings


def with_ports(settings: Settings) -> Settings:
    """The settings with a free port for each 0. SettingsError, naming the setting, for a port that is taken."""
    wanted = [("web_port", settings.web_host), ("charging_port", settings.charging_host)]
    if not settings.gateways:
        wanted.append(("simulator_port", LOOPBACK))
    chosen: dict[str, int] = {}
    with contextlib.ExitStack() as held:
        # All are held at once, so that no two of them are the same.
        for name, host in wanted:
            port = getattr(settings, name)
            try:
                listener = held.enter_context(_listen(host, port))
            except OSError as error:
                raise SettingsError(
                    f"COMMCREDITS_{name.upper()}: port {port} on {host} cannot be used "
                    f"({os_reason(error)}); stop the program that holds it, or set another port "
                    "(0 takes any free one)"
                ) from error
            chosen[name] = int(listener.getsockname()[1])
    return settings.model_copy(update=chosen)


def is_free(host: str, port: int) -> bool:
    """Whether somebody could listen there now."""
    try:
        with _listen(host, port):
            return True
    except OSError:
        return False


def os_reason(error: OSError) -> str:
    """What the operating system says of such an error, or what stands in it when that is none of the system's."""
    is_own = error.errno is not None and error.errno > 0 and not isinstance(error, ssl.SSLError)
    return os.strerror(error.errno or 0) if is_own else str(error)


def _listen(host: str, port: int) -> socket.socket:
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
