"""Finds gateways by name: those that are built in, and plug-ins that announce themselves by an entry point.

A plug-in is a function that takes its settings (text by name, as the operator wrote them) and gives a
`Gateway`. Nothing is imported before it is asked for. This module knows no gateway's settings.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Final, cast

from commcredits.gateways.protocol import Gateway

ENTRY_POINT_GROUP: Final = "commcredits.gateways"
BUILT_IN_GATEWAYS: Final[tuple[EntryPoint, ...]] = (
    EntryPoint(name="stripe", value="commcredits.gateways.stripe:open_stripe", group=ENTRY_POINT_GROUP),
    EntryPoint(name="simulator", value="commcredits.gateways.simulator.client:open_simulator", group=ENTRY_POINT_GROUP),
    EntryPoint(
        name="bank_transfer",
        value="commcredits.gateways.bank_transfer.gateway:open_bank_transfer",
        group=ENTRY_POINT_GROUP,
    ),
)

GatewaySettings = Mapping[str, str]
GatewayFactory = Callable[[GatewaySettings], Gateway]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownGateway:
    """No gateway has that name; `known_names` are those that can be opened."""

    name: str
    known_names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AmbiguousGateway:
    """Several plug-ins claim one name; which of them moves the money is not for us to guess."""

    name: str
    values: tuple[str, ...]


def gateway_names() -> tuple[str, ...]:
    """List the names of all gateways that are installed, sorted, without importing any."""
    return tuple(sorted(_values_by_name(_installed())))


def open_gateway(name: str, settings: GatewaySettings) -> Gateway | UnknownGateway | AmbiguousGateway:
    """Import the named gateway and open it with its settings.

    What a plug-in raises while it is imported or opened is not caught: that plug-in or its settings are broken,
    and a product that takes money must not start without it.
    """
    found = _values_by_name(_installed())
    if name not in found:
        return UnknownGateway(name=name, known_names=tuple(sorted(found)))
    values = found[name]
    if len(values) > 1:
        return AmbiguousGateway(name=name, values=tuple(sorted(values)))
    (entry_point,) = values.values()
    factory = cast("GatewayFactory", entry_point.load())
    return factory(settings)


def _installed() -> Iterable[EntryPoint]:
    # The built-in ones come first, so that they work from a checkout whose entry points were never installed.
    return (*BUILT_IN_GATEWAYS, *entry_points(group=ENTRY_POINT_GROUP))


def _values_by_name(installed: Iterable[EntryPoint]) -> dict[str, dict[str, EntryPoint]]:
    found: dict[str, dict[str, EntryPoint]] = {}
    for entry_point in installed:
        found.setdefault(entry_point.name, {})[entry_point.value] = entry_point
    return found
