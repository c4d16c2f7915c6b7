"""What each verb of the table of roles is called when somebody is told that they may not do it."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: Final[dict[str, Promise]] = {
    "see": _("seeing this"),
    "see_ledger": _("seeing the ledger"),
    "see_rejects": _("seeing rejects"),
    "see_unknown_rejects": _("seeing rejects of unknown serials"),
    "see_audit": _("reading the audit"),
    "see_system": _("seeing the server's own parts"),
    "stop": _("stopping devices"),
    "pause": _("pausing devices"),
    "lower": _("lowering intensity"),
    "identify": _("making devices blink"),
    "acknowledge": _("acknowledging alerts"),
    "lock": _("locking devices"),
    "unlock": _("unlocking devices"),
    "rebirth": _("asking devices to say everything anew"),
    "apply_protocol": _("sending protocols but by a rollout"),
    "withdraw": _("withdrawing protocols but by a rollout"),
    "enrol": _("enrolling devices, revoking them, and changing their passwords"),
    "end_conflict": _("ending an identity conflict"),
    "write_protocol": _("writing protocols"),
    "approve_protocol": _("approving protocols"),
    "write_rollout": _("writing rollouts"),
    "approve_rollout": _("approving rollouts"),
    "shelve": _("shelving alerts"),
    "close_alert": _("closing alerts"),
    "out_of_service": _("taking devices out of service"),
    "take_care": _("being on duty for people"),
    "take_technical": _("being on duty for machines"),
    "manage_telling": _("managing the rota, and who is told of alerts"),
    "write_rule": _("writing rules"),
    "shelve_beyond_shift": _("shelving alerts beyond a shift"),
    "manage_people": _("managing people"),
    "manage_site": _("changing the site's settings"),
    "manage_tokens": _("managing tokens"),
    "manage_displays": _("managing links for screens"),
}
