"""When each rule speaks, and when it is over, in words; `{name}` stands for the rule's number of that name."""

from django.utils.translation import gettext as _


def whens() -> dict[str, str]:
    """Return when each rule speaks."""
    return _of_current() | _of_contact() | _of_machines() | _of_silence() | _of_trust() | _of_server()


def _of_current() -> dict[str, str]:
    return {
        "over_current": _(
            "A sample is more than {excess_percent} % and {excess_floor_ma} mA above what is set (or was set a "
            "second before), or more than {above_max_percent} % above the maximum of the device or of the "
            "protocol's step. A channel that the protocol does not use may carry no current. Over after "
            "{off_delay_s} s of contraction without."
        ),
        "current_while_off": _(
            "For {on_delay_s} s: samples of more than 0.5 mA, taken over 0.2 s after a status that says that the "
            "output is off; or a status that says that it is on in a state in which it is to be off. Over with a "
            "status that agrees with what is measured: it admits the output, or says off when nothing was measured "
            "for 2 s, or nothing but zero in the very session that it names."
        ),
        "current_density": _(
            "The r.m.s. current of the highest sample, over the part of the pad that is estimated to touch, reaches "
            "{warn_ma_per_cm2} mA/cm² (medium) or {limit_ma_per_cm2} mA/cm² (high). The pulse comes from the "
            "protocol (both phases of a biphasic pulse count in full); without one, from the charge that flowed. What "
            "touches is estimated from the impedance, a fifth at least; where contact is unknown or not measured, "
            "the whole pad is taken, which ends nothing. Where the pad's area is not known, nothing is said. Over "
            "when {deadband_percent} % below, for {off_delay_s} s."
        ),
        "charge_per_phase": _(
            "The highest sample times the protocol's phase, or the device's own totals of charge over pulses, come "
            "to more than {limit_uc} µC. Over when {deadband_percent} % below, for {off_delay_s} s."
        ),
    }


def _of_contact() -> dict[str, str]:
    return {
        "electrode_off": _(
            "In session: the device says so (in telemetry, as a condition, or by an event), or measures more than "
            "{limit_ohm} Ω. High if {live_ma} mA or more flow in that very moment, else medium. Told after "
            "{on_delay_s} s and over after {off_delay_s} s (0: at once); one that was told by its impedance is over "
            "when that is measured {deadband_percent} % below the limit."
        ),
        "low_current": _(
            "In session, for {on_delay_s} s: the device says so, or through whole contractions less than was set by "
            "more than {shortfall_percent} %. Rests say nothing, and end nothing. Over after {off_delay_s} s of enough."
        ),
        "contact_drift": _(
            "The mean impedance of the last two minutes is {rise_percent} % above the lowest two of the last "
            "{window_min} min of this session. Over when {deadband_percent} % (of what it began with) below that."
        ),
    }


def _of_machines() -> dict[str, str]:
    return {
        "overrun": _(
            "The session has run {grace_s} s longer than the device said it would; without such a plan, than the "
            "protocol's longest session. Pauses do not count."
        ),
        "protocol_unknown": _(
            "The device names a protocol that is not kept here, or not with that content, that nobody approved, or "
            "that was withdrawn: low while idle, medium in session. A device without a protocol is no finding."
        ),
        "over_temperature": _(
            "{warn_c} °C are reached (medium), or {limit_c} °C, or the device says that it is too hot (high), for "
            "{on_delay_s} s (0: at once). Over when {deadband_c} °C cooler."
        ),
        "watchdog": _(
            "A session ended by the watchdog, a start after it, or the device's condition. The device can tell it "
            "only after its restart, so what is no older than two minutes is news, though it was kept until then."
        ),
        "estop": _("The event, or the condition in any status, until the device says that it is released."),
        "fault": _(
            "A fault by its class, by event or condition: `hv` and `stim` high, others medium. A condition that no "
            "rule knows counts as a fault, and so does the state `fault` that nothing explains."
        ),
        "battery_low": _(
            "Below {idle_percent} % (low); in session below {session_percent} % (medium). Not while charging. Over "
            "when {deadband_percent} % above."
        ),
        "battery_dying": _(
            "For {on_delay_s} s: below {dying_percent} %, or below {dying_mv} mV (0: not judged) whatever the "
            "percentage. Not while charging. Over when {deadband_percent} % above."
        ),
    }


def _of_silence() -> dict[str, str]:
    return {
        "link_lost": _(
            "In session, and nothing heard for {after_s} s, whatever the link is called by then. Over when the "
            "device is heard."
        ),
        "offline_idle": _("Idle, and nothing heard for {after_s} s. A goodbye is no alert."),
        "no_measurements": _("In session and heard, but no telemetry for {after_s} s."),
        "group_silent": _(
            "At least {at_least} devices of one access point, gateway or room, and {share_percent} % of those that "
            "should have spoken, are silent. Theirs are listed under it."
        ),
        "site_silent": _("The same of a whole site: {at_least} devices, {share_percent} %."),
        "stop_unconfirmed": _("A stop or pause without proof from the device 3 s after it was asked for."),
    }


def _of_trust() -> dict[str, str]:
    return {
        "clock_skew": _("The device's clock is more than {limit_s} s off. Over when {deadband_s} s nearer."),
        "identity_conflict": _(
            "Two devices speak under one serial within ten minutes. While they do, nothing either says clears "
            "anything. Over when a person has ended the conflict."
        ),
        "records_dropped": _("The device says that its buffer overflowed."),
        "rollout_stopped": _(
            "A rollout is beyond a threshold that was approved with it, a wave of it ended with too few devices to be "
            "judged, or its protocol was withdrawn. Over when somebody goes on, aborts or rolls back."
        ),
        "rejects": _("{count} messages of one device are refused within {window_s} s."),
    }


def _of_server() -> dict[str, str]:
    silent = _("The part has said nothing for ten seconds; told by a part that still runs.")
    parts = ("ingest", "dispatch", "worker", "courier", "broker", "database")
    return {f"{part}_silent": silent for part in parts} | {
        "dispatch_silent": _(
            "Dispatch has said nothing for ten seconds, or has been cut off from the broker for ten seconds while "
            "ingest is not; told by a part that still runs."
        ),
        "rule_broken": _(
            "A rule raised an exception. Its findings so far stay as they are; all other rules go on. Over after a "
            "minute without another."
        ),
        "delivery_failed": _(
            "What was to be told to somebody could not be delivered, or there was nobody to tell."
        ),
    }
