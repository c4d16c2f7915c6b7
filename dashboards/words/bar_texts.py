"""The words of the bar of alerts: one table for the first render and the page's script, which fill in `{…}` alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

Texts = Mapping[str, str]


def bar_texts() -> dict[str, str]:
    """Return every text the bar can show."""
    return {**_counts(), **_duty(), **_live(), **_sound()}


def _counts() -> dict[str, str]:
    return {
        "count.high": _("{n} high"),
        "count.medium": _("{n} medium"),
        "count.low": _("{n} low"),
        "count.none": _("No open alert"),
        "newest.over": _("Over: {text}"),
        "newest.missed": _("Over, nobody had it: {text}"),
        "newest.server": _("The server"),
        "age.s": _("{n} s"),
        "age.min": _("{n} min"),
        "age.h": _("{n} h"),
        "age.d": _("{n} d"),
        "age.never": "",
        "said": _("New high alert. {what}"),
    }


def _duty() -> dict[str, str]:
    return {
        "duty.care": _("On duty: {who}"),
        "duty.care.nobody": _("Nobody is on duty"),
        "duty.care.nobody.at": _("Nobody is on duty at {sites}"),
        "duty.technical": _("technical: {who}"),
        "duty.technical.nobody": _("technical: nobody"),
        "duty.technical.nobody.at": _("technical: nobody at {sites}"),
        "duty.at": _("{who} ({site})"),
        "duty.more": _("{list} and {n} more"),
    }


def _live() -> dict[str, str]:
    return {
        "live.connecting": _("Connecting. Until then these are the alerts that were last stored."),
        "live.down": _(
            "Alerts are not live since {time}: no connection to the server. Look at the devices themselves."
        ),
        "live.stale": _(
            "Alerts are not live since {time}: the server hears nothing from the devices. "
            "Look at the devices themselves."
        ),
        "live.never": _(
            "Alerts are not live: the server hears nothing from the devices. Look at the devices themselves."
        ),
        "live.database": _(
            "The server's database has been away since {time}: new alerts are not shown here. "
            "Look at the devices themselves."
        ),
        "live.left": _("You may see these alerts no longer, or are logged out."),
        "live.utc": _("{time} UTC"),
    }


def _sound() -> dict[str, str]:
    return {
        "sound.on": _("Sound on"),
        "sound.other": _("Sound on, in another tab"),
        "sound.blocked": _("No sound yet"),
        "sound.blocked.act": _("Turn sound on"),
        "sound.blocked.act.long": _("Browsers play no sound before a click on the page"),
        "sound.none": _("This browser cannot play sound"),
        "sound.paused": _("Sound paused"),
        "sound.pause": _("Pause 2 min"),
        "sound.pause.long": _("Pause the sound for 2 minutes; a new high alert sounds all the same"),
        "sound.resume": _("Sound on again"),
        "sound.resume.long": _("End the pause of the sound"),
        "sound.test": _("Test"),
        "sound.test.long": _("Test the sounds: high, medium and low priority, one after the other"),
        "sound.testing": _("Playing: {what}"),
        "sound.high": _("high priority"),
        "sound.medium": _("medium priority"),
        "sound.low": _("low priority"),
        "sound.tested": _("That was all three. Heard nothing? Turn the volume up, and this tab's sound on."),
        "sound.again": _("A new high alert ended the pause of the sound."),
    }


def duty_words(sites: Sequence[Mapping[str, Any]], duty: str, texts: Texts) -> tuple[str, bool]:
    """Return who is on this duty, and whether it is missing somewhere.  The twin of `dutyWords` in bar-words.js.

    Args:
        sites: `alertreads.duty`: `{site, name, care: [names], technical: [names]}`.
        duty: `care` or `technical`.
    """
    missing = [one["name"] for one in sites if not one[duty]]
    if missing:
        if len(missing) == len(sites):
            return texts[f"duty.{duty}.nobody"], True
        return texts[f"duty.{duty}.nobody.at"].format(sites=_listed(missing, texts)), True
    places: dict[str, list[str]] = {}
    for one in sites:
        for name in one[duty]:
            places.setdefault(name, []).append(one["name"])
    who = [
        name if len(at) == len(sites) else texts["duty.at"].format(who=name, site=", ".join(at))
        for name, at in places.items()
    ]
    return texts[f"duty.{duty}"].format(who=_listed(who, texts)), False


def _listed(names: Sequence[str], texts: Texts, most: int = 3) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else texts["duty.more"].format(list=shown, n=len(names) - most)
