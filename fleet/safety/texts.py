"""What an alert says to people: its title, its sentence, what to do, and why its rule exists.

Sentences are made of the alert's `facts`, whose names carry units; what a fact does not tell is left out, never
guessed.  Ours is a second pair of eyes: no text claims to replace the device's own alarm.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fleet.safety import advice, whens


class Alertish(Protocol):
    """What of an alert the texts read: a row of `Alert` has it."""

    rule: str
    channel: int | None
    subject: str
    facts: Any
    priority: str


def title(rule: str) -> str:
    """Return the name of a rule: "Electrode off"."""
    return advice.titles().get(rule) or rule.replace("_", " ").capitalize()


def why(rule: str) -> str:
    """Return why a rule exists, in a sentence or two."""
    return advice.reasons().get(rule, "")


def when(rule: str, numbers: Mapping[str, float]) -> str:
    """Return when a rule speaks, with the numbers that hold."""
    said = whens.whens().get(rule, "")
    return said.format(**{name: f"{value:g}" for name, value in numbers.items()})


def to_do(alert: Alertish) -> str:
    """Return what to do about an alert, at the device or with it."""
    return to_do_of(alert.rule)


def to_do_of(rule: str) -> str:
    """Return what to do when a rule speaks."""
    return advice.steps().get(rule) or _("See what the device itself shows.")


def sentence(alert: Alertish) -> str:
    """Return what is wrong, with its numbers: "Channel 2: electrode off at 34 mA"."""
    words = _SENTENCES.get(alert.rule)
    said = words(alert, alert.facts) if words else title(alert.rule)
    return _on_channel(alert, said)


def short(alert: Alertish) -> str:
    """Return what fits a tile: "Ch 2: Electrode off"."""
    name = title(alert.rule)
    if alert.channel:
        return _("Ch %(n)d: %(what)s") % {"n": alert.channel, "what": name}
    return f"{alert.subject}: {name}" if alert.subject else name


def _on_channel(alert: Alertish, said: str) -> str:
    if not alert.channel:
        return said[:1].upper() + said[1:]
    return _("Channel %(n)d: %(what)s") % {"n": alert.channel, "what": said}


Facts = Mapping[str, Any]


def _n(value: Any, digits: int = 0) -> str:
    """Return a number as people write it; a whole one without decimals."""
    text = f"{float(value):.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _over_current(_alert: Alertish, facts: Facts) -> str:
    numbers = {
        "ma": _n(facts.get("ma", 0), 1),
        "set": _n(facts.get("set_ma", 0), 1),
        "max": _n(facts.get("max_ma", 0), 1),
    }
    if "max_ma" not in facts:
        return _("%(ma)s mA delivered, %(set)s mA set") % numbers
    if facts.get("max_of") == "protocol":
        return _("%(ma)s mA, above the protocol's maximum of %(max)s mA") % numbers
    return _("%(ma)s mA, above the device's maximum of %(max)s mA") % numbers


def _current_while_off(_alert: Alertish, facts: Facts) -> str:
    if facts.get("ma") is not None:
        return _("%(ma)s mA measured, though the device says that its output is off") % {
            "ma": _n(facts["ma"], 1)
        }
    said = {
        "idle": _("the device says that it is idle, and that its output is on"),
        "ready": _("the device says that it is ready, and that its output is on"),
        "paused": _("the device says that it is paused, and that its output is on"),
        "fault": _("the device reports a fault, and that its output is on"),
        "charging": _("the device says that it is charging, and that its output is on"),
    }
    return said.get(str(facts.get("state")), _("current may flow, though the device should be off"))


def _current_density(_alert: Alertish, facts: Facts) -> str:
    said = _("about %(j)s mA/cm² r.m.s. under the electrode, limit %(limit)s") % {
        "j": _n(facts.get("ma_per_cm2", 0), 2),
        "limit": _n(facts.get("limit_ma_per_cm2", 0), 2),
    }
    contact = facts.get("contact_percent")
    if contact is None or contact >= 100:
        return said
    return said + _(" (about %(contact)s %% of it in contact)") % {"contact": _n(contact)}


def _charge_per_phase(_alert: Alertish, facts: Facts) -> str:
    return _("%(uc)s µC a phase, limit %(limit)s µC") % {
        "uc": _n(facts.get("uc", 0), 1),
        "limit": _n(facts.get("limit_uc", 0), 1),
    }


def _with(said: str, *, ma: Any, ohm: Any) -> str:
    """Add what current flowed, and what the pair measured."""
    if ma is not None:
        said += _(" at %(ma)s mA") % {"ma": _n(ma, 1)}
    if ohm is not None:
        said += f", {_ohm(ohm)}"
    return said


def _ohm(ohm: Any) -> str:
    """Return an impedance; from 10 kΩ on nobody reads single ohms."""
    return f"{_n(ohm)} Ω" if float(ohm) < 10_000 else f"{_n(float(ohm) / 1000, 1)} kΩ"


def _electrode_off(alert: Alertish, facts: Facts) -> str:
    said = _("electrode off")
    if alert.priority == "high":
        said = _("electrode off and current still flows")
    return _with(said, ma=facts.get("ma"), ohm=facts.get("ohm"))


def _low_current(_alert: Alertish, facts: Facts) -> str:
    ma, set_ma = facts.get("ma"), facts.get("set_ma")
    if ma is None or set_ma is None:
        said = _with(_("too little current"), ma=ma, ohm=facts.get("ohm"))
    else:
        said = _("%(ma)s mA delivered of %(set)s mA set") % {"ma": _n(ma, 1), "set": _n(set_ma, 1)}
        said = _with(said, ma=None, ohm=facts.get("ohm"))
    lasted = facts.get("for_s")
    return said + (_(", for over %(span)s") % {"span": _minutes(lasted)} if lasted else "")


def _contact_drift(_alert: Alertish, facts: Facts) -> str:
    return _("contact is getting worse: %(before)s Ω to %(now)s Ω in %(min)s min") % {
        "before": _n(facts.get("ohm_before", 0)),
        "now": _n(facts.get("ohm", 0)),
        "min": _n(facts.get("window_min", 0)),
    }


def _overrun(_alert: Alertish, facts: Facts) -> str:
    spans = {"over": _minutes(facts.get("over_s", 0)), "planned": _minutes(facts.get("planned_s", 0))}
    if facts.get("planned_by") == "protocol":
        return _("the session runs %(over)s longer than the protocol allows (%(planned)s)") % spans
    return _("the session runs %(over)s longer than the %(planned)s planned") % spans


def _minutes(seconds: Any) -> str:
    """Return a span in words, rounded down."""
    whole = int(seconds)
    if whole < 60:
        return _("%(n)d s") % {"n": whole}
    minutes, rest = divmod(whole, 60)
    hours, left = divmod(minutes, 60)
    if hours >= 48:
        return _("%(n)d days") % {"n": hours // 24}
    if hours >= 2:
        return _("%(n)d h %(m)d min") % {"n": hours, "m": left}
    return _("%(n)d min %(s)d s") % {"n": minutes, "s": rest} if rest else _("%(n)d min") % {"n": minutes}


def _protocol_unknown(_alert: Alertish, facts: Facts) -> str:
    if not facts.get("protocol"):
        return _("a session runs without a protocol")
    name = {"id": facts["protocol"], "version": facts.get("version", "?")}
    if facts.get("is_withdrawn"):
        return _("protocol %(id)s version %(version)s was withdrawn: it is not to be used any more") % name
    if facts.get("is_known"):
        return _("protocol %(id)s version %(version)s was never approved here") % name
    if facts.get("is_other"):
        return (
            _(
                "it says protocol %(id)s version %(version)s, but has another one under that name: see what it runs"
            )
            % name
        )
    return _("protocol %(id)s version %(version)s is not known here") % name


def _over_temperature(_alert: Alertish, facts: Facts) -> str:
    temp = facts.get("temp_c")
    if temp is None:
        return _("the device reports that it is too hot")
    limit = facts.get("limit_c")
    said = _("%(temp)s °C") % {"temp": _n(temp, 1)}
    if limit is None:
        return said + _(": the device reports that it is too hot")
    if float(temp) < float(limit):  # within the deadband
        return said + _(", still near its limit of %(limit)s °C") % {"limit": _n(limit, 1)}
    return said + _(", limit %(limit)s °C") % {"limit": _n(limit, 1)}


def _fault(_alert: Alertish, facts: Facts) -> str:
    kinds = [advice.fault_classes().get(one, str(one)) for one in facts.get("classes", ())]
    said = ", ".join(kinds) or _("the device reports a fault")
    code = facts.get("code")
    return said + (_(" (code %(code)s)") % {"code": code} if code else "")


def _battery(_alert: Alertish, facts: Facts) -> str:
    parts = []
    if facts.get("soc") is not None:
        parts.append(_("battery at %(soc)s %%") % {"soc": _n(facts["soc"])})
    if facts.get("mv") is not None:
        parts.append(_("%(mv)s mV") % {"mv": _n(facts["mv"])})
    if facts.get("is_reported") or not parts:
        parts.append(_("the device reports a low battery"))
    return ", ".join(parts)


def _link_lost(_alert: Alertish, facts: Facts) -> str:
    words = {
        "on": _("output was on; not heard since, now unknown"),
        "ramping": _("output was ramping; not heard since, now unknown"),
        "off": _("in session with output off; not heard since, now unknown"),
    }
    return words.get(str(facts.get("output")), _("in session; not heard since, now unknown"))


def _no_measurements(_alert: Alertish, _facts: Facts) -> str:
    return _("in session and heard, but no measurements come")


def _silent_group(alert: Alertish, facts: Facts) -> str:
    silent, in_session = int(facts.get("silent", 0)), int(facts.get("in_session", 0))
    said = ngettext("%(n)d device silent", "%(n)d devices silent", silent) % {"n": silent}
    within = _("%(n)d in session") % {"n": in_session}
    where = _("the whole site") if alert.rule == "site_silent" else alert.subject
    return _("%(where)s: %(silent)s, %(within)s, go there") % {
        "where": where,
        "silent": said,
        "within": within,
    }


def _clock_skew(_alert: Alertish, facts: Facts) -> str:
    seconds = float(facts.get("skew_s", 0))
    way = _("fast") if seconds > 0 else _("slow")
    return _("its clock is %(span)s %(way)s") % {"span": _minutes(abs(seconds)), "way": way}


def _records_dropped(_alert: Alertish, facts: Facts) -> str:
    count = int(facts.get("records", 0))
    return ngettext(
        "the device's buffer was full: %(n)d record is lost",
        "the device's buffer was full: %(n)d records are lost",
        count,
    ) % {"n": count}


def _rejects(_alert: Alertish, facts: Facts) -> str:
    count = int(facts.get("messages", 0))
    said = ngettext("%(n)d message refused", "%(n)d messages refused", count) % {"n": count}
    window = facts.get("window_s")
    said += _(" within %(span)s") % {"span": _minutes(window)} if window else ""
    return f"{said}: {facts['reason']}" if facts.get("reason") else said


def _stop_unconfirmed(alert: Alertish, facts: Facts) -> str:
    verbs = {"stop": _("stop"), "pause": _("pause")}
    verb = verbs.get(str(facts.get("verb", "stop")), str(facts.get("verb")))
    if getattr(alert, "cleared_at", None) is not None:  # of what a rule tells in general there is none
        return _("%(verb)s not confirmed in time; the device has proved since that it is off") % {
            "verb": verb
        }
    if facts.get("ma") and facts.get("outcome") in ("done", "repeat"):
        said = _("%(verb)s not confirmed: the device says that it is done, but %(ma)s mA flowed afterwards")
        return said % {"verb": verb, "ma": f"{facts['ma']:.0f}"}
    return _("%(verb)s not confirmed: the output may still be on") % {"verb": verb}


def _rollout_stopped(alert: Alertish, facts: Facts) -> str:
    why = {
        "failure_share": _("wave %(wave)s: %(wrong)s of %(judged)s went wrong, the limit is %(percent)s %%"),
        "failure_count": _("wave %(wave)s: %(wrong)s went wrong, the limit is %(limit)s"),
        "success_share": _(
            "wave %(wave)s ended with %(good)s of %(judged)s verified, at least %(percent)s %% asked for"
        ),
        "too_few": _("wave %(wave)s ended with %(judged)s devices judged, at least %(limit)s asked for"),
        "version_withdrawn": _("the protocol was withdrawn"),
        "no_plan": _("its plan cannot be read"),
        "plan_unusable": _("its thresholds cannot be judged"),
    }.get(str(facts.get("reason")))
    said = _("rollout %(rollout)s has stopped itself") % {"rollout": alert.subject}
    numbers = {
        "wave": facts.get("wave", "?"),
        "wrong": facts.get("went_wrong", "?"),
        "good": facts.get("succeeded", "?"),
        "judged": facts.get("evaluated", "?"),
        "limit": facts.get("limit", "?"),
        "percent": _n(facts["limit_percent"], 2) if "limit_percent" in facts else "?",
    }
    return f"{said}; {why % numbers}" if why else said


def _part_silent(alert: Alertish, facts: Facts) -> str:
    said = advice.silences().get(alert.rule, title(alert.rule))
    silent = facts.get("silent_s")
    return said + (_(" (for %(span)s)") % {"span": _minutes(silent)} if silent else "")


def _rule_broken(alert: Alertish, facts: Facts) -> str:
    return _("the rule “%(rule)s” fails and judges nothing: %(error)s") % {
        "rule": title(alert.subject or str(facts.get("rule", "?"))),
        "error": facts.get("error", "?"),
    }


def _delivery_failed(alert: Alertish, facts: Facts) -> str:
    said = _("%(channel)s to %(to)s was not delivered") % {
        "channel": facts.get("channel") or _("A message"),
        "to": facts.get("to") or alert.subject or _("somebody"),
    }
    return f"{said}: {facts['error']}" if facts.get("error") else said


_SENTENCES: dict[str, Callable[[Alertish, Facts], str]] = {
    "over_current": _over_current,
    "current_while_off": _current_while_off,
    "current_density": _current_density,
    "charge_per_phase": _charge_per_phase,
    "electrode_off": _electrode_off,
    "low_current": _low_current,
    "contact_drift": _contact_drift,
    "overrun": _overrun,
    "protocol_unknown": _protocol_unknown,
    "over_temperature": _over_temperature,
    "fault": _fault,
    "battery_low": _battery,
    "battery_dying": _battery,
    "link_lost": _link_lost,
    "no_measurements": _no_measurements,
    "group_silent": _silent_group,
    "site_silent": _silent_group,
    "clock_skew": _clock_skew,
    "records_dropped": _records_dropped,
    "rejects": _rejects,
    "stop_unconfirmed": _stop_unconfirmed,
    "rollout_stopped": _rollout_stopped,
    "ingest_silent": _part_silent,
    "dispatch_silent": _part_silent,
    "worker_silent": _part_silent,
    "courier_silent": _part_silent,
    "broker_silent": _part_silent,
    "database_silent": _part_silent,
    "rule_broken": _rule_broken,
    "delivery_failed": _delivery_failed,
}
