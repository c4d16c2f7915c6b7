"""The words of the wall, in the reader's language: one table for the first render and the page's script."""

from django.utils.translation import gettext as _


def wall_texts() -> dict[str, str]:
    """Return every text a tile or a banner can show; `faces` and `words.js` fill in `{…}` alike."""
    return _states() | _measures() | _marks() | _alerts() | _steps() | _page()


def _states() -> dict[str, str]:
    return {
        "state.idle": _("Idle"),
        "state.ready": _("Ready"),
        "state.running": _("On"),
        "state.ramping": _("Ramping"),
        "state.off": _("Running, output off"),
        "state.paused": _("Paused"),
        "state.fault": _("Fault"),
        "state.charging": _("Charging"),
        "state.offline": _("Switched off"),
        "state.unknown": _("Unknown"),
        "state.yet_on": _("{state}, output on"),
        "link.never": _("Never heard"),
        "link.conflict": _("Two devices, one name"),
        "word.never": _("heard"),
        "word.online": _("online"),
        "word.suspect": _("overdue"),
        "word.offline": _("no contact"),
        "word.conflict": _("in conflict"),
        "link.late": _("{state}, overdue"),
        "link.lost": _("No contact"),
        "link.lost.was": _("was: {state}"),
        "silent.on": _("Was on, now unknown"),
        "silent.ramping": _("Was ramping, now unknown"),
        "silent.paused": _("Was paused, now unknown"),
        "silent.fault": _("Was at fault, now unknown"),
        "silent.session": _("Was in session, now unknown"),
        "phase.ramp_up": _("ramp up"),
        "phase.on": _("contraction"),
        "phase.ramp_down": _("ramp down"),
        "phase.rest": _("rest"),
        "phase.unknown": _("phase unknown"),
    }


def _measures() -> dict[str, str]:
    return {
        "cycle": _("cycle {n}"),
        "left": _("{time} left"),
        "over": _("{time} over"),
        "elapsed": _("for {time}"),
        "none": _("–"),
        "percent": _("{n} %"),
        "battery.charging": _("charging"),
        "battery.low": _("low"),
        "contact.ok": _("ok"),
        "contact.low_current": _("low current"),
        "contact.electrode": _("off skin"),
        "contact.timeout": _("no answer"),
        "contact.unknown": _("unknown"),
        "contact.off": _("not in use"),
        "contact.none": _("–"),
        "age.s": _("{n} s ago"),
        "age.min": _("{n} min ago"),
        "age.h": _("{n} h ago"),
        "age.d": _("{n} d ago"),
        "age.never": _("never"),
    }


def _marks() -> dict[str, str]:
    return {
        "mark.estop": _("Emergency stop pressed"),
        "mark.fault": _("Fault: {what}"),
        "mark.fault.bare": _("Fault"),
        "mark.electrode_off": _("Electrode off, channel {what}"),
        "mark.electrode_off.bare": _("Electrode off"),
        "mark.low_current": _("Low current, channel {what}"),
        "mark.low_current.bare": _("Low current"),
        "mark.overtemp": _("Too hot"),
        "mark.low_battery": _("Battery low"),
        "mark.other": _("{what}"),
        "fault.hv": _("high voltage"),
        "fault.stim": _("stimulation"),
        "fault.battery": _("battery"),
        "fault.temperature": _("temperature"),
        "fault.memory": _("memory"),
        "fault.estop": _("emergency stop"),
        "fault.other": _("another kind"),
        "held.session": _("New protocol waits for the end of the session"),
        "held.charging": _("New protocol waits for the end of charging"),
        "held.user": _("New protocol waits for someone at the device"),
        "held.other": _("New protocol waits: {what}"),
        "locked.maintenance": _("Locked: maintenance"),
        "locked.recall": _("Locked: recall"),
        "locked.overdue": _("Locked: check overdue"),
        "locked.other": _("Locked"),
        "mark.skew": _("Its clock is wrong by {what}"),
        "mark.stalled": _("No measurements for {what}"),
    }


def _alerts() -> dict[str, str]:
    return {
        "alert.raised": _("{text}"),
        "alert.acknowledged": _("{text} · somebody has it"),
        "alert.cleared": _("Over: {text}"),
        "alert.late": _("Told late: {text}"),
    }


def _steps() -> dict[str, str]:
    """What to do next; on a screen across the room each has two lines of about 13 letters."""
    return {
        "next.maybe_on": _("Go there: may still be on"),
        "next.look": _("Go and look"),
        "next.conflict": _("Find both, switch one off"),
        "next.is_on": _("Go there: output is on"),
        "next.estop": _("Go there: stop pressed"),
        "next.fault": _("Go there: do not use it"),
        "next.pad": _("Channel {n}: check the pad"),
        "next.pads": _("Check the pads"),
        "next.cable": _("Channel {n}: check cable"),
        "next.hot": _("Let it cool down"),
        "next.complains": _("Look at the device"),
        "next.charge": _("Charge it"),
        "next.charge_after": _("Charge it after this"),
        "next.connect": _("Switch on and connect"),
        "next.power": _("Check power, network"),
        "next.locked": _("Ask an engineer"),
        "next.confirm": _("Confirm at the device"),
        "next.clock": _("Ask for clock setting"),
    }


def _page() -> dict[str, str]:
    return {
        "live.live": _("Live"),
        "live.stale": _("Not live"),
        "live.down": _("Not connected"),
        "live.fault": _("Not live"),
        "live.connecting": _("Connecting…"),
        "banner.mute": _("No command reaches a device from here now. Stop at the device itself."),
        "banner.connecting": _("Connecting. Until then this page shows what was last stored."),
        "banner.stale": _(
            "Not live: no news from the supervision server. What you see is old. "
            "Look at the devices themselves."
        ),
        "banner.unfed": _(
            "Not live: the supervision server is not receiving anything from the devices. "
            "Look at the devices themselves."
        ),
        "banner.down": _(
            "Connection lost. What you see is old: look at the devices themselves. Trying again by itself…"
        ),
        "banner.fault": _("This page met a fault of its own and reads everything again."),
        "banner.left": _("You no longer have access to this page."),
        "age.plain.s": _("{n} s"),
        "age.plain.min": _("{n} min"),
        "age.plain.h": _("{n} h"),
        "age.plain.d": _("{n} d"),
        "chosen": _("Showing {n} of {m}: {what}"),
        "page": _("page {n} of {m}"),
        "strip.more": _("+ {n} more"),
        "strip.calm": _("No device needs attention"),
        "strip.held": _("Need attention: {n}"),
        "now.title": _("{local} in {zone} · {utc} UTC"),
        "heard.title": _("heard {local} · {utc} UTC"),
    }
