"""The words of a device's page, in the reader's language: what it complains of, and the texts of its scripts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from dashboards.words import faces
from dashboards.words.texts import wall_texts


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that should not be so, and what to do about it."""

    what: str
    step: str


def page_texts() -> dict[str, str]:
    """Return every text that the scripts of a device's page show; `{…}` is filled in by them."""
    return {
        **wall_texts(),
        "asked.by": _("by {name}"),
        "channels.closed": _("no session is open, so none of this is known"),
        **_of_lower(),
        **_of_plots(),
        **_of_gaps(),
    }


def _of_lower() -> dict[str, str]:
    return {
        "lower.ma": _("{n} mA"),
        "lower.unknown": _("What it is set to is not known now."),
        "lower.nothing": _("No channel is set to anything, as far as the device told. Nothing was sent."),
        "lower.odd": _("“{value}” is no current; give a number of mA, such as 12.5. Nothing was sent."),
        "lower.no_less": _(
            "It is set to {now} mA: at most {wish} mA would change nothing, so nothing was sent."
        ),
    }


def _of_plots() -> dict[str, str]:
    return {
        "plot.set": _("set"),
        "plot.delivered": _("delivered"),
        "plot.planned": _("planned"),
        "plot.band": _("least to most"),
        "plot.ohm": _("electrode, Ω"),
        "plot.force": _("force, N"),
        "plot.soc": _("battery, %"),
        "plot.temp": _("temperature, °C"),
        "plot.channel": _("Channel {n}"),
        "plot.late": _("late"),
        "plot.gap": _("no data"),
        "plot.sessions": _("in session"),
        "plot.waiting": _("Waiting for the first sample…"),
        "plot.idle": _(
            "No session is open: a device sends its trace only while one is. It appears here by itself."
        ),
        "plot.none": _("Nothing was recorded in this time."),
        "plot.missing": _("No sample came in this time."),
        "plot.loading": _("Reading…"),
        "plot.failed": _("Could not be read ({why}). Trying again in {n} s…"),
        "plot.refused": _("Cannot be shown: {why}"),
        "plot.frozen": _("Held still. New data goes on being kept."),
        "plot.summary": _("{n} channels, {from} to {to}"),
        "plot.lost": _(
            "{n} records came faster than this page could draw them; they are a gap here, and stored."
        ),
        "source.telemetry": _("from every record"),
        "source.minutes": _("from minutes"),
    }


def _of_gaps() -> dict[str, str]:
    return {
        "gap.dropped": _("dropped by the device: its buffer was full"),
        "gap.rejected": _("came, but could not be read"),
        "gap.lost": _("lost: the device no longer has it"),
        "gap.pruned": _("awaited until it was too old"),
        "gap.awaited": _("the device may still send it"),
        "gap.unsent": _("nothing was recorded by the device"),
        "gap.restart": _("the device restarted"),
        "gap.silent": _("no contact since"),
        "gap.unknown": _("reason not known"),
    }


def complaints(device: Mapping[str, Any], texts: Mapping[str, str]) -> list[Complaint]:
    """Return what the server and the device complain of, the most urgent first, each with the next step."""
    found = [*_of_link(device), *(_of_condition(one, texts) for one in device["conditions"])]
    found += [complaint for channel in device["channels"] if (complaint := _of_contact(channel, device))]
    if device["locked"] is not None:
        what = texts.get(f"locked.{device['locked']}", texts["locked.other"])
        found.append(Complaint(what, _("No new session can begin. A nurse or an engineer unlocks it.")))
    if device["held"] is not None:
        what = texts.get(f"held.{device['held']}") or texts["held.other"].format(what=device["held"])
        found.append(Complaint(what, _("It is applied by itself once nothing is in its way.")))
    skew_ms = device["clock_skew_ms"]
    if skew_ms is not None and abs(skew_ms) > 30_000:
        found.append(
            Complaint(
                texts["mark.skew"].format(what=faces.amount(skew_ms, texts)),
                _("Times here are the server's. An engineer sets the device's clock."),
            )
        )
    return found


def _of_contact(channel: Mapping[str, Any], device: Mapping[str, Any]) -> Complaint | None:
    """What a channel measures and no condition says."""
    n = channel["n"]
    if channel["contact"] == "electrode" and f"electrode_off:{n}" not in device["conditions"]:
        return Complaint(
            _("Channel %(n)d: electrode off the skin") % {"n": n},
            _("Press the pads on again, or replace them."),
        )
    if channel["contact"] == "timeout":
        return Complaint(_("Channel %(n)d: no answer") % {"n": n}, _("Check its cable and its plug."))
    return None


def _of_link(device: Mapping[str, Any]) -> list[Complaint]:
    link, engaged = device["link"], device["session"] is not None or device["output"] in ("on", "ramping")
    if link == "conflict":
        return [
            Complaint(
                _("Two devices use this serial number"),
                _("Find the second one and switch it off; then an engineer ends the conflict (Credentials)."),
            )
        ]
    if link in ("suspect", "offline") and engaged:
        return [
            Complaint(
                _("Silent in a session: whether current flows is not known"),
                _("Go to the device and look. Its own stop works without this server."),
            )
        ]
    if link == "offline":
        return [
            Complaint(
                _("No contact"), _("Check that it is switched on and near its access point or gateway.")
            )
        ]
    return []


def _of_condition(condition: str, texts: Mapping[str, str]) -> Complaint:
    known = {
        "estop": _("Find out why. The stop is released at the device, by hand."),
        "fault": _("Do not use this device; tell an engineer."),
        "electrode_off": _("Press the pads of this channel on again, or replace them."),
        "low_current": _("Less current flows than is set: check the pads and the cable of this channel."),
        "overtemp": _("Let it cool down, away from blankets and the sun."),
        "low_battery": _("Charge it before the next session."),
    }
    step = known.get(condition.partition(":")[0], _("See what the device itself shows."))
    return Complaint(faces.condition_words(condition, texts), step)
