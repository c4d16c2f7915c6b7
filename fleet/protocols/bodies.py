"""The document of a version as text: RFC 8785, so that what is spelled differently is still the same."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from devices.models import ProtocolDocument
from devices.protocols import findings, is_complete, misshapen
from devices.wire import strict
from devices.wire.canonical import canonical
from devices.wire.errors import WireError
from fleet.protocols.errors import Unusable
from fleet.protocols.models import Version

FIELDS: Final = (
    "id", "version", "title", "indication", "channels_used", "waveform", "steps", "limits",
)  # fmt: skip

RESERVED: Final = frozenset({"new", "import", "library", "approvals", "check"})
"""What stands in addresses where an id stands, too."""


def tidy(document: Mapping[str, Any], *, id: str, number: int) -> dict[str, Any]:
    """Return the document under this id and number, in the order people read it; null where nothing is said.

    Raises:
        Unusable: A value cannot stand where it stands, or it is no JSON that devices could read.
    """
    told = {name: document.get(name) for name in FIELDS} | dict(document) | {"id": id, "version": number}
    if wrong := misshapen(findings(told)):
        raise Unusable(_("The document cannot be read as a protocol."), wrong)
    try:
        strict.parse(json.dumps(told).encode())
        canonical(told)
    except (WireError, ValueError, TypeError) as error:
        raise Unusable(_("The document cannot be read as a protocol: %(why)s.") % {"why": error}) from None
    return told


def write(version: Version, document: Mapping[str, Any]) -> None:
    """Set what a version's row says of its document; `sha256` is blank while a value is missing."""
    body = canonical(document)
    version.body = body.decode()
    version.title = str(document.get("title") or "")[:200]
    complete = is_complete(findings(document))
    version.sha256 = hashlib.sha256(body).hexdigest() if complete else ""


def read(version: Version) -> dict[str, Any]:
    """Return the document, its fields in the order people read it."""
    told: dict[str, Any] = json.loads(version.body)
    return {name: told.get(name) for name in FIELDS} | told


def id_of(document: Mapping[str, Any]) -> str:
    """Return the id that a document names.  Raises Unusable if it names none that can be."""
    wrong = [one for one in findings(document) if one.path == "id"]
    if wrong:
        raise Unusable(_("A protocol needs an id of letters, digits, “-” and “_”, at most 64."), wrong)
    if document["id"] in RESERVED:
        raise Unusable(_("This id is a word of the addresses of pages: choose another id."))
    return str(document["id"])


def is_kept(document: Mapping[str, Any]) -> bool:
    """Whether this very document, with its own version, is kept by its hash."""
    try:
        sha256 = hashlib.sha256(canonical(document)).hexdigest()
    except (WireError, TypeError, ValueError):
        return False
    return ProtocolDocument.objects.filter(pk=sha256).exists()


def read_import(payload: bytes) -> dict[str, Any]:
    """Return the document of a file, for `create`; nothing is kept of a bad one.

    Raises:
        Unusable: It is no JSON as the contract wants it; the text names what.
    """
    try:
        return strict.parse(payload.removeprefix(b"\xef\xbb\xbf"))
    except WireError as error:
        raise Unusable(_("The file cannot be read: %(why)s.") % {"why": error}) from None
