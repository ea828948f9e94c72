"""Where an outgoing call may go: the address as written, and what its name resolves to.

A name is resolved once, every address it gives is looked at, and the call goes to one of
those and nowhere else, so that a name that changes its answer gains nothing. Private
places are refused unless the operator named their host.
"""

import ipaddress
import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

URL_LENGTH_MAX = 500
HOST_LENGTH_MAX = 253
RESOLVE_SECONDS = 5.0
ADDRESSES_MAX = 16
USUAL_PORTS = frozenset({80, 443, 8080, 8443})
DEFAULT_PORTS = {"http": 80, "https": 443}
# Parsers disagree about these, and a disagreement is a way around the check.
_STRANGE = frozenset('\\\x7f"<>^`{|}#')
_PUBLIC_SIX = ipaddress.ip_network("2000::/3")
# Reachable by the rules of ipaddress, and yet a way to somewhere else.
_DETOURS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.88.99.0/24",  # 6to4 relays
        "192.0.0.0/24",  # protocol assignments
        "2001::/23",  # Teredo, ORCHID and other assignments
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64 of a network's own
    )
)


class AddressRefused(ValueError):  # noqa: N818 - it is an answer, not our error
    """The portal does not call there; the text says why, in words for a person."""


class NotResolved(AddressRefused):
    """The name gives no address now; another time it may."""


@dataclass(frozen=True)
class Target:
    """An address that was read and may be called, before its name is resolved."""

    url: str
    scheme: str
    host: str
    port: int
    is_named_private: bool


def private_hosts() -> frozenset[str]:
    """Give the hosts that the operator lets be private, as `host` or `host:port`."""
    named = getattr(settings, "WEBHOOK_PRIVATE_HOSTS", ())
    return frozenset(each.strip().lower() for each in named if each.strip())


def target_of(url: str) -> Target:
    """Read an address strictly. Raises AddressRefused; resolves nothing."""
    scheme, host, port = _taken_apart(url)
    named = private_hosts()
    is_named = host in named or f"{host}:{port}" in named
    if is_named:
        return Target(url, scheme, host, port, is_named_private=True)
    if scheme == "http":
        raise AddressRefused("The address must begin with https://.")
    if port not in USUAL_PORTS:
        raise AddressRefused(f"Port {port} is not one that webhooks are sent to.")
    if host_is_address(host) and not is_public(host):
        raise AddressRefused(PRIVATE)
    return Target(url, scheme, host, port, is_named_private=False)


def _taken_apart(url: str) -> tuple[str, str, int]:
    """Give scheme, host and port of an address that every parser reads alike."""
    if len(url) > URL_LENGTH_MAX:
        raise AddressRefused(f"The address is longer than {URL_LENGTH_MAX} characters.")
    if not url.isascii() or any(each <= " " or each in _STRANGE for each in url):
        raise AddressRefused(
            "The address holds a character that does not belong in one."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("This is no address.") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise AddressRefused("The address must begin with https://.")
    if "@" in parts.netloc:
        raise AddressRefused("An address with a name or password in it is not called.")
    host = (parts.hostname or "").rstrip(".")
    if not host or len(host) > HOST_LENGTH_MAX or "%" in host:
        raise AddressRefused("The address names no host.")
    port = DEFAULT_PORTS[parts.scheme] if port is None else port
    if port == 0:
        raise AddressRefused("The address names no port.")
    return parts.scheme, host, port


PRIVATE = (
    "The address leads into a private network. The operator of the portal can allow a"
    " host by name."
)


def host_is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def checked_addresses(target: Target) -> tuple[str, ...]:
    """Resolve a target once and give the addresses to connect to, all of them looked at.

    Raises AddressRefused when there is none, or when a single one of them is private: a
    name that answers with both is no mistake.
    """
    found = resolve(target.host, target.port)
    if not found:
        raise NotResolved("The name of the host leads nowhere.")
    if target.is_named_private:
        return found
    if not all(is_public(each) for each in found):
        raise AddressRefused(PRIVATE)
    return found


def is_public(text: str) -> bool:
    """Say whether an address is one of the public internet, and no way into another."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    is_odd_six = isinstance(address, ipaddress.IPv6Address) and (
        address.scope_id is not None
        or address.ipv4_mapped is not None
        or address not in _PUBLIC_SIX
    )
    if is_odd_six:
        return False
    if any(address in net for net in _DETOURS if net.version == address.version):
        return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
    )


def resolve(host: str, port: int) -> tuple[str, ...]:
    """Ask the system for the addresses of a name; waits RESOLVE_SECONDS at most."""
    found: list[str] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
            )
        except (OSError, UnicodeError):
            return
        found.extend(str(answer[4][0]) for answer in answers)

    # The system's resolver takes no time limit; a thread that nobody waits for does.
    thread = threading.Thread(target=ask, name="resolve", daemon=True)
    thread.start()
    thread.join(RESOLVE_SECONDS)
    return tuple(dict.fromkeys(found))[:ADDRESSES_MAX]
