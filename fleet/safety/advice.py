"""The fixed words of the rules: their names, why they exist, and what to do when one speaks."""

from django.utils.translation import gettext as _


def titles() -> dict[str, str]:
    """Return the name of each rule, as a heading says it."""
    return {
        "over_current": _("Too much current"),
        "current_while_off": _("Current though it should be off"),
        "current_density": _("Current density high"),
        "charge_per_phase": _("Charge per phase high"),
        "electrode_off": _("Electrode off"),
        "low_current": _("Low current"),
        "contact_drift": _("Contact getting worse"),
        "overrun": _("Runs past its planned end"),
        "protocol_unknown": _("Protocol unknown, not approved or withdrawn"),
        "over_temperature": _("Too hot"),
        "watchdog": _("Stopped by its watchdog"),
        "estop": _("Emergency stop pressed"),
        "fault": _("Device fault"),
        "battery_low": _("Battery low"),
        "battery_dying": _("Battery nearly empty"),
        "link_lost": _("Connection lost in session"),
        "offline_idle": _("Offline"),
        "no_measurements": _("No measurements"),
        "group_silent": _("Network group silent"),
        "site_silent": _("Site silent"),
        "clock_skew": _("Device clock wrong"),
        "identity_conflict": _("Two devices under one serial"),
        "records_dropped": _("Records lost by the device"),
        "rejects": _("Messages refused"),
        "stop_unconfirmed": _("Stop not confirmed"),
        "rollout_stopped": _("Rollout stopped itself"),
        "ingest_silent": _("Nothing is taken in"),
        "dispatch_silent": _("Commands do not go out"),
        "worker_silent": _("The clock stands still"),
        "courier_silent": _("Nothing is sent"),
        "broker_silent": _("Message broker gone"),
        "database_silent": _("Database gone"),
        "rule_broken": _("A rule is broken"),
        "delivery_failed": _("A notification was not delivered"),
    }


def reasons() -> dict[str, str]:
    """Return why each rule exists."""
    return _reasons_of_current() | _reasons_of_machines() | _reasons_of_silence() | _reasons_of_server()


def _reasons_of_current() -> dict[str, str]:
    return {
        "over_current": _(
            "More current than was set, or than the device or the protocol allows, can hurt or burn."
        ),
        "current_while_off": _(
            "Whoever trusts a device that says it is off touches electrodes, or leaves somebody alone with them."
        ),
        "current_density": _("Skin burns where much current passes through little electrode."),
        "charge_per_phase": _(
            "Too much charge in one phase can irritate or harm what lies under an electrode."
        ),
        "electrode_off": _("A pad that lifts puts the whole current through what still touches the skin."),
        "low_current": _(
            "Less current than set means a drying pad or a bad cable, and a session that gives too little."
        ),
        "contact_drift": _("A pad that dries slowly can be replaced before it lifts or burns."),
        "overrun": _("A muscle that is stimulated longer than planned tires, and may be harmed."),
        "protocol_unknown": _("What nobody approved, or somebody withdrew, should not flow through anybody."),
    }


def _reasons_of_machines() -> dict[str, str]:
    return {
        "over_temperature": _("A hot device can burn, and its battery or output stage may be failing."),
        "watchdog": _("The device stopped itself because its own program no longer answered."),
        "estop": _("Somebody pressed the emergency stop: somebody may need help."),
        "fault": _("The device found a part of itself to be at fault."),
        "battery_low": _("A session may end early, and a device put away empty is of no use next time."),
        "battery_dying": _("The device will switch off soon; a voltage that sags shows a failing cell."),
        "clock_skew": _("Times that the device wrote itself cannot be trusted."),
        "identity_conflict": _("Two devices speak under one serial: nobody can tell which one says what."),
        "records_dropped": _("A part of a session is gone for good, and its dose is not fully known."),
        "rejects": _("What a device says and cannot be read is not seen on any page."),
        "rollout_stopped": _(
            "Too much went wrong on the way of a protocol to its devices; some have the new one, others the old."
        ),
    }


def _reasons_of_silence() -> dict[str, str]:
    return {
        "link_lost": _("A device that was on and is not heard may still be on. Silence never means off."),
        "offline_idle": _("A device that is not heard cannot be supervised when it is used next."),
        "no_measurements": _("The device is connected, but nobody can see what it delivers."),
        "group_silent": _("Many devices silent at once have one cause, most often their network."),
        "site_silent": _("A whole site silent has one cause, most often its connection."),
        "stop_unconfirmed": _("A stop was asked for, and the device has not proved that it stopped."),
    }


def _reasons_of_server() -> dict[str, str]:
    return {
        "ingest_silent": _("While nothing is taken in, no device is supervised."),
        "dispatch_silent": _("While commands do not go out, no device can be stopped from here."),
        "worker_silent": _("While the clock of alerts stands still, only ingest looks who falls silent."),
        "courier_silent": _("While nothing is sent, alerts reach only those who look at these pages."),
        "broker_silent": _("While the broker is gone, no device is heard."),
        "database_silent": _("While the database is gone, nothing is stored, and no device is supervised."),
        "rule_broken": _("A rule that fails finds nothing, which must not look like calm."),
        "delivery_failed": _("Somebody who should have been told may not know."),
    }


def steps() -> dict[str, str]:
    """Return what to do when each rule speaks."""
    return _steps_at_people() | _steps_at_machines() | _steps_at_networks()


def _steps_at_people() -> dict[str, str]:
    return {
        "over_current": _(
            "Go there. Stop the session at the device. Look at the skin under the electrodes. "
            "Keep the device out of use until an engineer has seen it."
        ),
        "current_while_off": _(
            "Go there and stop it at the device, whatever it shows. Take the electrodes off. "
            "Keep the device out of use until an engineer has seen it."
        ),
        "current_density": _(
            "Go there. Turn the current down or pause. Look whether the pad lies flat, is moist, and is large "
            "enough; replace it."
        ),
        "charge_per_phase": _(
            "Check that the current and the protocol are what was meant for this person; turn down if not."
        ),
        "electrode_off": _("Go there. Pause. Press the pad on, or replace it, before going on."),
        "low_current": _("Check pad and cable of this channel; moisten or replace the pad."),
        "contact_drift": _("Moisten or replace the pad at the next rest."),
        "overrun": _("Go there. Ask the person, then end the session at the device."),
        "protocol_unknown": _(
            "Check at the device which protocol it runs. If it was withdrawn, or nobody can say who approved it, end "
            "the session."
        ),
        "estop": _(
            "Go there at once and see to the person. The stop is released at the device, never from here."
        ),
        "watchdog": _(
            "Go there. See to the person; look whether the session ended. Do not use the device again until an "
            "engineer has seen it."
        ),
        "link_lost": _("Go there: the device may still be on. Nothing here can see or stop it reliably."),
        "no_measurements": _(
            "Go there and read the device's own display. Restart it when the session is over."
        ),
        "stop_unconfirmed": _("Go there and stop it at the device."),
    }


def _steps_at_machines() -> dict[str, str]:
    return {
        "over_temperature": _("End the session, take the device off the skin, let it cool. Have it checked."),
        "fault": _("End the session if one runs. See what the device shows; have it checked."),
        "battery_low": _("Put the device on its charger when the session is over."),
        "battery_dying": _(
            "The session will end by itself soon. Charge the device; if it is charged, have its battery checked."
        ),
        "clock_skew": _("Set the device's clock, or let it fetch the time."),
        "identity_conflict": _(
            "Find both devices. Take the wrong one away from its account, then end the conflict on its page."
        ),
        "records_dropped": _("Look at the device's connection. The gap is shown in the session."),
        "rejects": _("Open the refused messages of this device. Most often its firmware is to blame."),
        "rollout_stopped": _(
            "Look at the rollout which devices went wrong, and why. Then go on, retry, roll back or abort; until then "
            "nothing more is offered. Sessions are not touched."
        ),
        "rule_broken": _(
            "Tell whoever maintains this server; until then watch by hand what this rule watched."
        ),
        "delivery_failed": _("Tell the person yourself. Check the address and the mail server or webhook."),
    }


def _steps_at_networks() -> dict[str, str]:
    return {
        "offline_idle": _("See whether the device is switched on and in reach of its network."),
        "group_silent": _("Go there: sessions may go on unseen. Then see to the access point or gateway."),
        "site_silent": _("Send people to the sessions. Then see to the site's connection."),
        "ingest_silent": _("Watch the devices by hand. Restart ingest; see the System page."),
        "dispatch_silent": _("Stop devices by hand only. Restart dispatch; see the System page."),
        "worker_silent": _("Ingest keeps the clock for now. Restart the worker; see the System page."),
        "courier_silent": _("Keep these pages open. Restart the courier; see the System page."),
        "broker_silent": _("Watch the devices by hand. Restart the broker; see the System page."),
        "database_silent": _("Watch the devices by hand. Restart the database; see the System page."),
    }


def fault_classes() -> dict[str, str]:
    """Return what each class of fault is called."""
    return {
        "hv": _("fault of the high-voltage supply"),
        "stim": _("fault of the output stage"),
        "battery": _("fault of the battery"),
        "temperature": _("fault: temperature"),
        "memory": _("fault of the memory"),
        "estop": _("emergency stop circuit"),
        "other": _("fault"),
    }


def silences() -> dict[str, str]:
    """Return what it means that a part of the server is silent."""
    return {
        "ingest_silent": _("what devices say is not taken in: pages show old values"),
        "dispatch_silent": _("commands do not go out: stop by hand only"),
        "worker_silent": _("the clock stands still; ingest keeps it until the worker is back"),
        "courier_silent": _("no e-mail, push or webhook goes out: alerts are told on these pages only"),
        "broker_silent": _("the message broker is gone: no device is heard"),
        "database_silent": _("the database is gone: nothing is stored"),
    }
