"""Where our server may connect to on somebody's word: never to a place that only it can reach.

Otherwise whoever may write a webhook could make the server knock at the database's door, the cloud's metadata
service or a neighbour's printer (server-side request forgery).  The name is resolved once, and the connection goes
to the address that was looked at: a name that answers otherwise the second time gains nothing.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64: Final = ip_network("64:ff9b::/96")
_WORLD: Final = ip_network("2000::/3")  # RFC 4291, section 2.5.4: whatever else wraps or stays inside
_LONGEST: Final = 1000  # characters


class NoDoor(ValueError):
    """We do not connect there; the text says why, for whoever wrote the address."""


@dataclass(frozen=True, slots=True)
class Target:
    """A web address taken apart; `path` has the query with it."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        usual = {"https": 443, "http": 80}[self.scheme]
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == usual else f":{self.port}")


@dataclass(frozen=True, slots=True)
class Door:
    """A target and the one address to connect to."""

    target: Target
    address: str


def parse(url: str) -> Target:
    """Take a web address apart.  Raises NoDoor unless it is https (or http) with a host and nothing secret in it."""
    if len(url) > _LONGEST or not url.isascii() or any(one <= " " or one == "\x7f" for one in url):
        raise NoDoor(_("Type an address such as https://example.org/alerts, without blanks."))
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode(
            "idna"
        )  # as the look-up will: an empty or overlong label cannot be looked up
    except ValueError:
        raise NoDoor(_("Type an address such as https://example.org/alerts.")) from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise NoDoor(_("Type an address such as https://example.org/alerts."))
    if parts.username is not None or parts.password is not None:
        raise NoDoor(_("Leave user name and password out of the address: the signature shows who we are."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port or {"https": 443, "http": 80}[parts.scheme], path)


def check(url: str, *, private: Iterable[str] = ()) -> Target:
    """As `parse`, and for an address that is a number, whether it may be connected to; names are not looked up."""
    target = parse(url)
    try:
        address = ip_address(target.host.partition("%")[0])
    except ValueError:
        if target.scheme == "http" and not list(private):
            raise NoDoor(
                _("Use https: without it anybody on the way reads and changes the message.")
            ) from None
        return target
    _judge(target, address, _networks(private))
    return target


def find(url: str, *, private: Iterable[str] = ()) -> Door:
    """Resolve the address and return where to connect.

    Args:
        private: Networks inside the house that may be connected to, such as 10.20.0.0/16.

    Raises:
        NoDoor: There is no address to which we connect.
        OSError: The name could not be resolved.
    """
    target = parse(url)
    allowed = _networks(private)
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    refused: NoDoor | None = None
    for *_rest, where in found:
        address = ip_address(str(where[0]).partition("%")[0])
        try:
            _judge(target, address, allowed)
        except NoDoor as error:
            refused = error
        else:
            return Door(target, str(address))
    raise refused or NoDoor(_("%(host)s has no address.") % {"host": target.host})


def _judge(target: Target, address: Address, allowed: list[Network]) -> None:
    plain = _innermost(address)
    if any(plain.version == network.version and plain in network for network in allowed):
        return
    is_inside = not plain.is_global or plain.is_multicast or (plain.version == 6 and plain not in _WORLD)
    if is_inside:
        raise NoDoor(
            _("%(host)s leads to an address inside this server's own network (see TELL_PRIVATE_NETWORKS).")
            % {"host": target.host}
        )
    if target.scheme == "http":
        raise NoDoor(_("Use https: without it anybody on the way reads and changes the message."))


def _innermost(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one only wraps: its router would lead us there."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _networks(texts: Iterable[str]) -> list[Network]:
    return [ip_network(one, strict=False) for one in texts]
