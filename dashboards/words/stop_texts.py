"""The words with which a wall stops a room or its site, and tells what became of it; its script fills in `{…}`."""

from django.utils.translation import gettext as _


def stop_texts() -> dict[str, str]:
    return {
        "stop.early": _("Not stopped: hold for one second"),
        "stop.again": _("Press Enter again within 3 seconds to stop: {what}"),
        "stop.over": _("Not stopped: press Enter twice within 3 seconds"),
        "stop.moved": _("Not stopped: the tiles had just moved. Press again"),
        "stop.what.site": _("the whole site"),
        "rooms.about": _("devices: {n}, on or possibly on: {m}"),
        "identify.sending": _("{room}: asking its devices…"),
        "identify.sent": _("{room}: {n} asked to blink and beep for 10 seconds"),
        "identify.nobody": _("{room}: no device there is heard now, so none can show itself"),
        "identify.failed": _("{room}: could not be asked. {why}"),
        **_runs(),
    }


def _runs() -> dict[str, str]:
    return {
        "stops.site": _("Stop of the whole site"),
        "stops.room": _("Stop of {room}"),
        "stops.some": _("Stop of several devices"),
        "stops.no_room": _("No room"),
        "stops.by": _("Asked for by {who} at {time}"),
        "stops.at": _("Asked for at {time}"),
        "stops.of": _("{n} of {m} confirmed"),
        "stops.confirmed": _("{n} of {m} confirmed"),
        "stops.to_go": _("{n} to go to"),
        "stops.to_go.one": _("1 to go to"),
        "stops.waiting": _("{n} waiting for proof"),
        "stops.nobody": _("No device was on or possibly on: none was asked"),
        "stops.sending": _("Sending…"),
        "stops.sent": _("Sent, waiting for proof"),
        "stops.unproved": _("Sent, and nothing was heard of it since: go there"),
        "stops.direct": _("Sent straight to the devices, cannot be confirmed: go there"),
        "stops.unsure": _("Taken, but perhaps not sent: go there"),
        "stops.refused": _("Not sent: {why} Go there and stop at the devices"),
        "stops.failed": _("Could not be sent: go there and stop at the devices"),
        "stops.go": _("Go to each of these devices and stop it by its own switch."),
        "stops.go_there": _("not confirmed: go there"),
        "stops.why": _("Reason: {reason}"),
        "stops.why_failed": _("The reason was not kept. {why}"),
    }
