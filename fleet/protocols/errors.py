"""Why something was not done with a protocol.  Each text is for whoever asked."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from devices.protocols import Finding
from fleet.access.errors import Denied, Refused


class Unusable(Refused):
    """What was sent cannot be: the findings say at which fields."""

    def __init__(self, text: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(text)
        self.findings = tuple(findings)


class NotNow(Refused):
    """As the version stands, it is not done; the text says why, and what to do instead."""


class Taken(NotNow):
    """The id is another protocol's, which whoever asks does not see."""

    def __init__(self) -> None:
        super().__init__(_("This id is taken: choose another id."))


class Edited(NotNow):
    """Somebody else edited the draft meanwhile: nothing of theirs is overwritten."""


class OwnWork(Denied):
    """Four eyes: whoever wrote a part of it never approves it.  The attempt is on record."""

    def __init__(self, site_name: str) -> None:
        super().__init__("approve_protocol", site_name)
        self.args = (_("You wrote a part of this version: somebody else has to approve it."),)
