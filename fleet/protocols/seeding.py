"""A draft of a row of the library: with what the row says, and with what has to be confirmed."""

from datetime import datetime

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from fleet.access import service as access
from fleet.protocols import library, queries, service
from fleet.protocols.errors import NotNow
from fleet.protocols.library import Row
from fleet.protocols.models import Version


def draft_of(row: Row, *, actor: User, id: str, now: datetime) -> Version:
    """Make the first version of a new protocol `id` out of a row; it never becomes a version of another protocol.

    Raises:
        NotNow: No document can say the row; or there is a protocol of this id.
        Unusable: It is no id.
        access.Denied: The actor writes no protocols.  The attempt is on record.
    """
    access.require_anywhere(actor, service.WRITE, to=str(_("writing protocols")))
    if row.is_reading:
        raise NotNow(_("Row %(n)d is for reading: no document can say it.") % {"n": row.number})
    if queries.visible(actor).filter(pk=id).exists():
        raise NotNow(
            _("%(id)s is a protocol already. Choose another id, or make a new version of it there.")
            % {"id": id}
        )
    return service.create(
        actor=actor,
        document={**library.document(row), "id": id},
        library_row=row.number,
        to_confirm=library.to_confirm(row),
        now=now,
    )
