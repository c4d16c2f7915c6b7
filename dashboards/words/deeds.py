"""The record of who did what, in plain words.

One sentence an action; what is not listed here is shown by its own name, never left out.
"""

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fleet.access.models import AuditEntry, Role
from fleet.safety import texts

SENTENCES: Final[dict[str, str | Promise]] = {
    "login": gettext_lazy("%(actor)s logged in"),
    "logout": gettext_lazy("%(actor)s logged out"),
    "login.failed": gettext_lazy("Somebody failed to log in as %(subject)s"),
    "login.code_failed": gettext_lazy("Wrong second factor after the right password of %(subject)s"),
    "login.locked_out": gettext_lazy("Too many failed logins as %(subject)s: locked for a while"),
    "login.unlocked": gettext_lazy("%(actor)s let %(subject)s try to log in again"),
    "site.made": gettext_lazy("%(actor)s made the site %(site)s"),
    "site.changed": gettext_lazy("%(actor)s changed the settings of %(site)s"),
    "person.made": gettext_lazy("%(actor)s added %(subject)s as %(role)s at %(site)s"),
    "person.renamed": gettext_lazy("%(actor)s renamed %(subject)s to %(name)s"),
    "membership.granted": gettext_lazy("%(actor)s gave %(subject)s the role %(role)s at %(site)s"),
    "membership.changed": gettext_lazy(
        "%(actor)s made %(subject)s %(role)s instead of %(before)s at %(site)s"
    ),
    "membership.withdrawn": gettext_lazy("%(actor)s took the role of %(subject)s at %(site)s away"),
    "user.activated": gettext_lazy("%(actor)s let %(subject)s log in again"),
    "user.deactivated": gettext_lazy("%(actor)s ended the login of %(subject)s"),
    "password.wrong": gettext_lazy("%(actor)s typed a wrong password when asked for it again"),
    "password.link_made": gettext_lazy("%(actor)s made a link by which %(subject)s chooses a password"),
    "password.chosen": gettext_lazy("%(subject)s chose a password by a link"),
    "password.changed": gettext_lazy("%(subject)s changed their password"),
    "mfa.taken_away": gettext_lazy("%(actor)s took the second factor of %(subject)s away"),
    "mfa.added": gettext_lazy("%(subject)s set up a second factor (%(type)s)"),
    "mfa.removed": gettext_lazy("%(subject)s removed their second factor (%(type)s)"),
    "mfa.reset": gettext_lazy("%(subject)s made new recovery codes"),
    "superuser.made": gettext_lazy("%(actor)s made the superuser %(subject)s"),
    "device.enrolled": gettext_lazy("%(actor)s enrolled the device %(subject)s"),
    "device.revoked": gettext_lazy("%(actor)s revoked the device %(subject)s"),
    "device.readmitted": gettext_lazy("%(actor)s took the revoked device %(subject)s back"),
    "device.new_password": gettext_lazy("%(actor)s gave the device %(subject)s a new password"),
    "token.issued": gettext_lazy("%(actor)s made the token “%(name)s” for %(subject)s"),
    "token.revoked": gettext_lazy("%(actor)s revoked the token “%(name)s” of %(subject)s"),
    "display.made": gettext_lazy("%(actor)s made the display link “%(subject)s” for %(site)s"),
    "display.revoked": gettext_lazy("%(actor)s revoked the display link “%(subject)s” of %(site)s"),
    "conflict.ended": gettext_lazy("%(actor)s ended the identity conflict of %(subject)s"),
    "audit.exported": gettext_lazy("%(actor)s exported the audit"),
    "data.exported": gettext_lazy("%(actor)s exported %(subject)s"),
    "device.claimed": gettext_lazy(
        "%(actor)s took in what the device %(subject)s said before it was enrolled"
    ),
    "device.out_of_service": gettext_lazy("%(actor)s took the device %(subject)s out of service: %(reason)s"),
    "device.back_in_service": gettext_lazy("%(actor)s took the device %(subject)s back into service"),
    "device.risk_class": gettext_lazy("%(actor)s put the device %(subject)s into the risk class “%(name)s”"),
    "alert.acknowledged": gettext_lazy("%(actor)s acknowledged “%(rule)s” of %(subject)s"),
    "alert.shelved": gettext_lazy("%(actor)s shelved “%(rule)s” of %(subject)s"),
    "alert.unshelved": gettext_lazy("%(actor)s took “%(rule)s” of %(subject)s off the shelf"),
    "alert.closed": gettext_lazy("%(actor)s closed “%(rule)s” of %(subject)s"),
    "alert.assigned": gettext_lazy("%(actor)s gave “%(rule)s” of %(subject)s to somebody"),
    "alert.commented": gettext_lazy("%(actor)s commented on “%(rule)s” of %(subject)s"),
    "command.stop": gettext_lazy("%(actor)s asked %(subject)s to stop"),
    "command.pause": gettext_lazy("%(actor)s asked %(subject)s to pause"),
    "command.lower": gettext_lazy("%(actor)s asked %(subject)s to lower %(lower)s"),
    "command.identify": gettext_lazy("%(actor)s asked %(subject)s to blink"),
    "command.lock": gettext_lazy("%(actor)s asked that %(subject)s be locked"),
    "command.unlock": gettext_lazy("%(actor)s asked that %(subject)s be unlocked"),
    "command.rebirth": gettext_lazy("%(actor)s asked %(subject)s to say everything anew"),
    "command.reason": gettext_lazy("%(actor)s said why %(subject)s was asked: %(reason)s"),
    "site.stop": gettext_lazy("%(actor)s asked all that may be on to stop at %(where)s (%(count)d devices)"),
    "site.identify": gettext_lazy("%(actor)s asked the devices at %(where)s to blink (%(count)d devices)"),
    "site.stop.reason": gettext_lazy(
        "%(actor)s said why the devices at %(where)s were asked to stop: %(reason)s"
    ),
    "protocol.created": gettext_lazy("%(actor)s began the protocol version %(subject)s"),
    "protocol.edited": gettext_lazy("%(actor)s edited the draft %(subject)s"),
    "protocol.submitted": gettext_lazy("%(actor)s submitted the protocol version %(subject)s for approval"),
    "protocol.approved": gettext_lazy("%(actor)s approved the protocol version %(subject)s: %(reason)s"),
    "protocol.rejected": gettext_lazy("%(actor)s rejected the protocol version %(subject)s: %(reason)s"),
    "protocol.withdrawn": gettext_lazy("%(actor)s withdrew the protocol version %(subject)s: %(reason)s"),
    "rollout.created": gettext_lazy("%(actor)s wrote the rollout %(subject)s of %(protocol)s"),
    "rollout.edited": gettext_lazy("%(actor)s changed the draft of the rollout %(subject)s"),
    "rollout.submitted": gettext_lazy("%(actor)s submitted the rollout %(subject)s for approval"),
    "rollout.approved": gettext_lazy("%(actor)s approved the rollout %(subject)s: %(reason)s"),
    "rollout.rejected": gettext_lazy(
        "%(actor)s gave the rollout %(subject)s back to its writers: %(reason)s"
    ),
    "rollout.started": gettext_lazy("%(actor)s started the rollout %(subject)s"),
    "rollout.paused": gettext_lazy("%(actor)s paused the rollout %(subject)s"),
    "rollout.resumed": gettext_lazy("%(actor)s resumed the rollout %(subject)s"),
    "rollout.advanced": gettext_lazy(
        "%(actor)s went on with the rollout %(subject)s: past a gate, or in spite of a threshold"
    ),
    "rollout.aborted": gettext_lazy("%(actor)s aborted the rollout %(subject)s"),
    "rollout.retried": gettext_lazy("%(actor)s took up again what was left of the rollout %(subject)s"),
    "rollout.rolled_back": gettext_lazy("%(actor)s asked that the rollout %(subject)s be rolled back"),
    "rules.changed": gettext_lazy("%(actor)s changed the rules of %(site)s: %(why)s"),
    "rules.tried": gettext_lazy("%(actor)s tried changed rules on a stored day of %(site)s"),
    "duty.taken": gettext_lazy("%(actor)s took over the duty “%(duty)s” at %(site)s"),
    "duty.ended": gettext_lazy("%(actor)s ended a turn of the duty “%(duty)s” at %(site)s"),
    "duty.noted": gettext_lazy("%(actor)s left a note for the next on duty at %(site)s"),
    "rota.added": gettext_lazy("%(actor)s put %(subject)s on the rota of %(site)s"),
    "rota.removed": gettext_lazy("%(actor)s took %(subject)s off the rota of %(site)s"),
    "telling.changed": gettext_lazy("%(actor)s changed how %(subject)s alerts are told at %(site)s"),
    "telling.reset": gettext_lazy(
        "%(actor)s let the product's policy hold for %(subject)s alerts at %(site)s"
    ),
    "webhook.made": gettext_lazy("%(actor)s made the webhook “%(subject)s” of %(site)s"),
    "webhook.revoked": gettext_lazy("%(actor)s ended the webhook “%(subject)s” of %(site)s"),
    "webhook.tried": gettext_lazy("%(actor)s sent a test to the webhook “%(subject)s” of %(site)s"),
    "push.kept": gettext_lazy("%(subject)s turned push on in a browser"),
    "push.forgotten": gettext_lazy("%(subject)s turned push off in a browser"),
    "push.tried": gettext_lazy("%(subject)s sent a test to a browser of theirs"),
    "email.asked": gettext_lazy("%(actor)s asked that alerts for %(subject)s go to another e-mail address"),
    "email.confirmed": gettext_lazy("%(subject)s confirmed an e-mail address for alerts"),
    "email.forgotten": gettext_lazy("%(actor)s removed the e-mail address of %(subject)s"),
    "email.tried": gettext_lazy("%(subject)s sent a test to their e-mail address"),
    "denied": gettext_lazy("%(actor)s tried “%(verb)s” on %(subject)s at %(site)s and was refused"),
    "denied.nothing": gettext_lazy("%(actor)s tried “%(verb)s” at %(site)s and was refused"),
}

GROUPS: Final[dict[str, str | Promise]] = {
    "login": gettext_lazy("Logins, also failed ones"),
    "denied": gettext_lazy("Refusals"),
    "person": gettext_lazy("People made or renamed"),
    "membership": gettext_lazy("Roles given and taken"),
    "user": gettext_lazy("Logins ended and restored"),
    "superuser": gettext_lazy("Superusers made"),
    "password": gettext_lazy("Passwords"),
    "mfa": gettext_lazy("Second factors"),
    "token": gettext_lazy("Tokens"),
    "display": gettext_lazy("Display links"),
    "site": gettext_lazy("Sites, and stops of a room or site"),
    "device": gettext_lazy("Devices"),
    "alert": gettext_lazy("Alerts: what people did with them"),
    "protocol": gettext_lazy("Protocols: written, approved, withdrawn"),
    "rollout": gettext_lazy("Rollouts: written, approved, started, stopped"),
    "rules": gettext_lazy("Rules"),
    "duty": gettext_lazy("Duty: turns and notes"),
    "rota": gettext_lazy("Rota"),
    "telling": gettext_lazy("Who is told of alerts"),
    "webhook": gettext_lazy("Webhooks"),
    "push": gettext_lazy("Browser push"),
    "email": gettext_lazy("E-mail addresses"),
    "command": gettext_lazy("What was asked of devices"),
    "conflict": gettext_lazy("Identity conflicts"),
    "audit": gettext_lazy("Exports of the audit"),
    "data": gettext_lazy("Exports of data"),
}
"""What the filter offers: the first word of an action, and what it is about."""


_MAY_SAY_WHY: Final = frozenset({"rollout.aborted", "rollout.rolled_back"})
"""Deeds for which a reason may be given, and need not."""


def sentence(entry: AuditEntry, names: Mapping[str, str]) -> str:
    """Return what happened, as one sentence without a full stop; `names` by user name, for people one may name."""
    words = _words(entry, names)
    known = SENTENCES.get(_key(entry))
    if known is None:
        about = entry.subject and f" · {words['subject']}"
        return f"{words['actor']}: {entry.action}{about}"
    said = str(known) % words
    return f"{said}: {words['reason']}" if entry.action in _MAY_SAY_WHY and words["reason"] != "?" else said


def actor_name(entry: AuditEntry, names: Mapping[str, str]) -> str:
    """Return who did it: a person's name if one may know it, else their user name."""
    fixed = {"(shell)": _("Somebody at the server's shell"), "(not logged in)": _("Somebody not logged in")}
    return fixed.get(entry.actor_name) or names.get(entry.actor_name) or entry.actor_name


def _key(entry: AuditEntry) -> str:
    if entry.action.startswith("denied."):
        return "denied" if entry.subject else "denied.nothing"
    if entry.action == "membership.granted" and entry.detail.get("before"):
        return "membership.changed"
    return entry.action


def _words(entry: AuditEntry, names: Mapping[str, str]) -> dict[str, Any]:
    detail = entry.detail if isinstance(entry.detail, dict) else {}
    verb = entry.action.removeprefix("denied.").replace("_", " ")
    words: dict[str, Any] = {
        "actor": actor_name(entry, names),
        "subject": _titled(entry.subject, detail) or _subject(entry.subject, names),
        "site": entry.site.name if entry.site else _("no one site"),
        "verb": verb,
        "name": detail.get("name", "?"),
        "type": str(detail.get("type", "?")).replace("_", " "),
        "role": _role(detail.get("role")),
        "before": _role(detail.get("before")),
        "reason": detail.get("reason", "?"),
        "why": detail.get("why", "?"),
        "rule": _rule(detail.get("rule")),
        "duty": _duty(entry.subject),
        "protocol": detail.get("protocol", "?"),
        "count": _count(detail.get("devices")),
        "where": _where(entry),
        "lower": _lower(detail.get("args")),
    }
    return words


def _count(devices: object) -> int:
    """Return how many they are; some records list them, some count them."""
    return len(devices) if isinstance(devices, list) else devices if isinstance(devices, int) else 0


def _where(entry: AuditEntry) -> str:
    site = entry.site.name if entry.site else entry.subject
    is_whole = entry.site is None or entry.subject == entry.site.slug
    return site if is_whole else f"{site}, {entry.subject}"


def _lower(args: object) -> str:
    """Return what was asked of the intensity: "channel 2 to at most 20 mA"."""
    known = args if isinstance(args, dict) else {}
    ma, channel = known.get("to_ma", "?"), known.get("channel")
    if channel is None:
        return _("all channels to at most %(ma)s mA") % {"ma": ma}
    return _("channel %(n)s to at most %(ma)s mA") % {"ma": ma, "n": channel}


def _subject(subject: str, names: Mapping[str, str]) -> str:
    return _("an unknown user") if subject == "(unknown user)" else names.get(subject) or subject


def _titled(subject: str, detail: Mapping[str, Any]) -> str:
    """Return what people call a rollout that has a title, with the beginning of its id."""
    return f"“{detail['title']}” ({subject[:8]})" if detail.get("title") else ""


def _rule(value: object) -> str:
    return texts.title(str(value)) if value else "?"


def _duty(value: str) -> str:
    return {"care": _("Care"), "technical": _("Technical")}.get(value, value)


def _role(value: object) -> str:
    try:
        return str(Role(str(value)).label)
    except ValueError:
        return str(value)


def as_object(entry: AuditEntry) -> dict[str, Any]:
    """Return one entry as `GET audit` and the JSON Lines give it."""
    link = getattr(entry, "link", None)
    return {
        "id": entry.pk,
        "number": link.number if link else None,
        "at": entry.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "actor": entry.actor_name,
        "action": entry.action,
        "site": entry.site.slug if entry.site else None,
        "subject": entry.subject,
        "detail": entry.detail,
        "hash": link.hash if link else None,
    }
