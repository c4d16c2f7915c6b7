"""The two ways of being turned away, and one of being asked to correct something."""

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.utils.translation import gettext as _

from fleet.access.verbs import WORDS


class NotVisible(ObjectDoesNotExist):
    """Whoever asks may not know that it exists: over HTTP, 404."""


class Denied(PermissionDenied):
    """Whoever asks may see it, but not do this; the attempt is on record.  Over HTTP, 403."""

    def __init__(self, verb: str, site_name: str) -> None:
        self.verb = verb
        super().__init__(
            _("Your role at %(site)s does not allow %(verb)s; ask an administrator of the site.")
            % {"site": site_name, "verb": WORDS.get(verb, verb)}
        )


class Refused(ValueError):
    """Nothing was changed; the text says what was seen and what to do."""
