"""Protocols and versions as addresses name them, for whoever sees them."""

from typing import Final

from django.contrib.auth.models import User

from fleet.access import queries as sight
from fleet.access import service as access
from fleet.access.models import Site
from fleet.protocols import queries
from fleet.protocols.models import Protocol, Version

RESERVED: Final = frozenset({"new", "import", "library", "approvals"})
"""Ids that would stand where other pages have their address."""


def protocol_for(reader: User, id: str) -> Protocol:
    """Raises NotVisible for one that there is not, and for one of other people's sites."""
    protocol = queries.visible(reader).filter(pk=id).first() if id.isprintable() else None
    if protocol is None:
        raise sight.NotVisible(id)
    return protocol


def version_for(reader: User, id: str, number: int) -> Version:
    """Raises NotVisible as `protocol_for`, and for a version that there is not."""
    version = queries.find(reader, id, number) if id.isprintable() else None
    if version is None:
        raise sight.NotVisible(f"{id} {number}")
    return version


def sites_of(reader: User, protocol: Protocol, verb: str = "see") -> list[Site]:
    """Return the sites of the protocol at which the reader may do this, by name."""
    return list(sight.sites_where(reader, verb).filter(protocols=protocol).order_by("name"))


def require(reader: User, verb: str, version: Version) -> None:
    """Let whoever may do this at a site of the protocol pass.  Raises Denied; the attempt is on record."""
    if not sites_of(reader, version.protocol, verb):
        access.require(reader, verb, sites_of(reader, version.protocol)[0], subject=version.protocol_id)
