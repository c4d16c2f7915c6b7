"""A device's open alerts as lines of its page; `device-alerts.js` says the same with what it hears."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from fleet.safety import texts as sentences
from fleet.safety.models import Alert
from fleet.safety.words import State


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One open alert."""

    number: int
    priority: str
    priority_words: str
    text: str
    state: str
    who: str
    to_do: str
    raised_at: datetime
    may_acknowledge: bool


def line_texts() -> dict[str, str]:
    """Return what the page's script says of alerts; `{…}` is filled in by it."""
    return {
        "line.high": _("High priority"),
        "line.medium": _("Medium priority"),
        "line.low": _("Low priority"),
        "line.info": _("For information"),
        "line.raised": _("Nobody has it yet"),
        "line.acknowledged": _("{name} has it"),
        "line.acknowledged.nobody": _("Somebody has it"),
        "line.cleared": _("Over, not yet closed"),
        "line.shelved": _("Shelved: it rests for a while"),
        "line.explained": _("Explained by another alert"),
        "line.late": _("Told late, from what the device had kept"),
        "line.failed": _(
            "It was not acknowledged: the server did not take it. Try again, or open the alert."
        ),
    }


def lines(alerts: Iterable[Alert], texts: dict[str, str], *, may_acknowledge: bool) -> list[AlertLine]:
    """Return a line for each alert, in the order given; they carry `acknowledged_by`."""
    return [
        AlertLine(
            number=one.pk,
            priority=one.priority,
            priority_words=texts[f"line.{one.priority}"],
            text=str(sentences.sentence(one)),
            state=one.state,
            who=_who(one, texts),
            to_do=to_do(one),
            raised_at=one.raised_at,
            may_acknowledge=may_acknowledge and one.state == State.RAISED,
        )
        for one in alerts
    ]


def to_do(alert: Alert) -> str:
    """Return what to do about an alert as it stands: nobody is sent to what is over, and a closed one asks nothing."""
    if alert.state == State.CLOSED:
        return ""
    if alert.state != State.CLEARED or alert.latched:
        return str(sentences.to_do(alert))
    if alert.close_at is not None:
        return _("It is over, and closes by itself if it stays so.")
    return _("It is over. See that all is well, then close it and say what it was.")


def _who(alert: Alert, texts: dict[str, str]) -> str:
    if alert.cause_id is not None:
        return texts["line.explained"]
    if alert.shelved_until is not None:
        return texts["line.shelved"]
    if alert.late:
        return texts["line.late"]
    if alert.state == State.ACKNOWLEDGED:
        by = alert.acknowledged_by
        return (
            texts["line.acknowledged"].format(name=by.get_username())
            if by
            else texts["line.acknowledged.nobody"]
        )
    return texts[f"line.{alert.state}"]
