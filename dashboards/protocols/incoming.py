"""What a file would become: read, judged and compared, before anything of it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from devices.protocols import difference, findings, misshapen
from devices.wire import strict
from fleet.protocols import bodies, queries, texts
from fleet.protocols.errors import Unusable
from fleet.protocols.models import Version


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence about a field; `level`: error, warning, or which way a difference goes."""

    field: str
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document that could be kept as a draft under `id`; `newest`: the version that it would come after."""

    document: Mapping[str, Any]
    id: str
    newest: Version | None
    findings: tuple[Line, ...]
    changes: tuple[Line, ...]

    @property
    def number(self) -> int:
        return self.newest.number + 1 if self.newest else 1

    @property
    def is_same(self) -> bool:
        return self.newest is not None and not self.changes


def payload_of(file: UploadedFile | None, pasted: str) -> bytes:
    """Return what was sent: the file, else the text.  Raises Unusable if there is neither."""
    if file is not None:
        if (file.size or 0) > strict.MAX_BYTES:
            raise Unusable(
                _("The file has %(seen)d bytes; a protocol has at most %(most)d.")
                % {"seen": file.size, "most": strict.MAX_BYTES}
            )
        return bytes(file.read(strict.MAX_BYTES + 1))
    if pasted.strip():
        return pasted.encode()
    raise Unusable(_("Choose a file, or paste its text."))


def look(reader: User, payload: bytes, id: str) -> Incoming:
    """Read a file as a draft of the protocol `id`, of its own one where that is blank.

    Raises:
        Unusable: It cannot be a draft; with the findings that say at which fields.
    """
    document = bodies.read_import(payload)
    if id:
        document["id"] = id
    wanted = bodies.id_of(document)
    told = findings({**document, "version": 1}, texts.policy())
    if wrong := misshapen(told):
        raise Unusable(_("The file is no protocol: something in it cannot stand where it stands."), wrong)
    newest = queries.versions_of(queries.visible(reader).filter(pk=wanted)).first()
    changes = difference(bodies.read(newest), document) if newest else []
    return Incoming(
        document=document,
        id=wanted,
        newest=newest,
        findings=tuple(Line(texts.field(one.path), one.severity, texts.finding(one)) for one in told),
        changes=tuple(Line("", one.direction, texts.change(one)) for one in changes),
    )
