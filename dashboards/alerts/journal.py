"""What happened to an alert, and who was told of it, in words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.templatetags.moments import moment
from dashboards.words.alert_texts import PRIORITIES, disposition
from devices import state
from fleet.access.people import called
from fleet.paging.models import Channel, Delivery
from fleet.safety.lifecycle import Kind
from fleet.safety.models import Alert, Entry


@dataclass(frozen=True, slots=True)
class Told:
    """One line: when, what, who did it ("" for nobody), and what they wrote."""

    at: datetime
    words: str
    by: str = ""
    text: str = ""
    is_comment: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message about it: when it was planned, by which way, to whom, and what became of it."""

    at: datetime
    way: str
    whom: str
    step: int
    became: str
    level: str
    answer: str


DELIVERY_STATES: Final = {
    "planned": (gettext_lazy("waiting to be sent"), ""),
    "sending": (gettext_lazy("being sent"), ""),
    "sent": (gettext_lazy("sent"), "good"),
    "failed": (gettext_lazy("not delivered"), "error"),
    "dropped": (gettext_lazy("not sent any more: it was over by then"), ""),
}


def journal(alert: Alert) -> list[Told]:
    """Return the steps of its life, newest first."""
    zone = alert.site.time_zone if alert.site else "UTC"
    rows = Entry.objects.filter(alert=alert).select_related("by").order_by("-at", "-pk")[:200]
    return [_told(row, zone) for row in rows]


def messages(rows: "list[Delivery]") -> list[Message]:
    """Return what was told to whom, newest first."""
    return [_message(row) for row in sorted(rows, key=lambda row: row.planned_at, reverse=True)]


def _told(row: Entry, zone: str) -> Told:
    data = row.data if isinstance(row.data, dict) else {}
    make = _WORDS.get(row.kind)
    words = make(data, zone) if make else row.kind.replace("_", " ")
    by = called(row.by) if row.by else ""
    return Told(row.at, words, by, row.text, row.kind == Kind.COMMENT)


def _priority(name: Any) -> str:
    return str(PRIORITIES.get(str(name), name or "?")).lower()


def _rose(data: dict[str, Any], _zone: str) -> str:
    return _("Rose: %(priority)s") % {"priority": _priority(data.get("priority"))}


def _late(data: dict[str, Any], _zone: str) -> str:
    return _("A late record told of it: %(priority)s. Nobody is called for what is over.") % {
        "priority": _priority(data.get("priority"))
    }


def _returned(data: dict[str, Any], _zone: str) -> str:
    said = _("Came back, %(priority)s") % {"priority": _priority(data.get("priority"))}
    return said + (_(" (%(n)d times by now)") % {"n": data["count"]} if data.get("count") else "")


def _weighed(data: dict[str, Any], _zone: str) -> str:
    return _("From %(before)s to %(now)s") % {
        "before": _priority(data.get("from")),
        "now": _priority(data.get("to")),
    }


def _shelved(data: dict[str, Any], zone: str) -> str:
    until = data.get("until_ms")
    said = _("Shelved")
    if until:
        said = format_html("{} {}", _("Shelved until"), moment(state.from_ms(until), zone, "minute"))
    return format_html("{}{}", said, _(", or until it clears") if data.get("one_shot") else "")


_SHELF_ENDS: Final = {
    "time": gettext_lazy("The shelf's time is over"),
    "cleared": gettext_lazy("Off the shelf: it cleared"),
    "worse": gettext_lazy("Off the shelf: it became worse than whoever shelved it had seen"),
    "somebody_else": gettext_lazy("Off the shelf: it is another person's session now"),
}


def _shelf_ended(data: dict[str, Any], _zone: str) -> str:
    return str(_SHELF_ENDS.get(str(data.get("why")), _SHELF_ENDS["time"]))


def _assigned(data: dict[str, Any], _zone: str) -> str:
    to = data.get("to") or data.get("name")
    return _("Given to %(name)s") % {"name": to} if to else _("Given back: nobody's in particular")


def _closed(data: dict[str, Any], _zone: str) -> str:
    return _("Closed: %(what)s") % {"what": disposition(data.get("disposition"))}


def _says(words: Any) -> Callable[[dict[str, Any], str], str]:
    return lambda _data, _zone: str(words)


_WORDS: Final[dict[str, Callable[[dict[str, Any], str], str]]] = {
    Kind.RAISED: _rose,
    Kind.LATE: _late,
    Kind.RETURNED: _returned,
    Kind.CLEARED: _says(gettext_lazy("True no longer")),
    Kind.WORSENED: _weighed,
    Kind.GREW: lambda _data, _zone: _("Another device in session fell silent under it: told anew"),
    Kind.EASED: _weighed,
    Kind.CHATTERS: _says(gettext_lazy("Chatters: it comes and goes. From now on that is told once.")),
    Kind.CALMED: _says(gettext_lazy("Chatters no longer")),
    Kind.ACKNOWLEDGED: _says(gettext_lazy("Acknowledged")),
    Kind.SHELVED: _shelved,
    Kind.UNSHELVED: _says(gettext_lazy("Taken off the shelf")),
    Kind.SHELF_ENDED: _shelf_ended,
    Kind.ASSIGNED: _assigned,
    Kind.COMMENT: _says(gettext_lazy("Comment")),
    Kind.EXPLAINED: _says(gettext_lazy("Another alert explains it; from now on it stands under that one")),
    Kind.SURFACED: _says(gettext_lazy("What explained it is over: it stands by itself again")),
    Kind.MOVED: _says(gettext_lazy("Its device stands at another site now")),
    Kind.CLOSED: _closed,
}


def _message(row: Delivery) -> Message:
    became, level = DELIVERY_STATES.get(row.state, (row.state, ""))
    words = str(became)
    if row.state == "planned" and row.attempts:
        words = _("not delivered yet, %(n)d tries; trying again") % {"n": row.attempts}
        level = "warning"
    way = str(Channel(row.channel).label) if row.channel in Channel.values else row.channel
    return Message(row.planned_at, way, _whom(row), row.step, words, level, row.answer)


def _whom(row: Delivery) -> str:
    if row.webhook is not None:
        return row.webhook.name
    if row.user is not None:
        return called(row.user)
    return _("every page that is open") if row.channel == Channel.CONSOLE else "–"
