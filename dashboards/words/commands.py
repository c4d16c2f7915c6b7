"""What a page says of that which was asked of a device: the API's command object in, words out.  Pure.

`static/dashboards/js/command-words.js` says the same in the browser; a test holds the two together.  Nothing is said
to be stopped but on the device's proof.  What should have been proved by now is said to be unproved, also while nobody
has told us so: a page may be the last to hear.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from dashboards.words.event_words import refusal_words
from devices.wire.words import RefusalReason

Texts = Mapping[str, str]
Face = dict[str, Any]

_PATIENT_MS = 1_000  # after its time a word may still be on its way
_TO_ZERO = ("stop", "pause")
_LEFT = ("published_at", "received_at", "done_at", "refuted_at")  # each shows that it left the server
_WAYS = {"requested": "requested", "published": "published", "received": "received", "done": "unproved"}
_TONES = {"confirmed": "good", "done": "good", "refused": "warn", "late": "warn", "silent": "warn"}


def face(command: Mapping[str, Any], now_ms: int, texts: Texts) -> Face:
    """Return what is said of a command at this moment of the server's clock.

    `tone`: `busy` (on its way), `good` (proved, or done where nothing proves it), `go` (somebody has to go there),
    `warn` (it did not happen, or is not known to have).  `left_s`: whole seconds until it has to be proved.
    """
    stage = stage_of(command, now_ms)
    verb = command["verb"]
    tone = _TONES.get(stage) or ("busy" if stage in _WAYS.values() else "go" if verb in _TO_ZERO else "warn")
    known = {"deed": deed(command, texts), "why": _why(command, texts), "took": _took(command, texts)}
    due = _ms(command["proof_due_at"]) if tone == "busy" else None
    begun = _ms(command["requested_at"]) or 0
    return {
        "id": command["id"],
        "stop": command["stop"],
        "verb": verb,
        "stage": stage,
        "tone": tone,
        "deed": known["deed"],
        "short": _say(f"cmd.{stage}", verb, texts, known),
        "long": _say(f"cmd.long.{stage}", verb, texts, known) + _besides(command, stage, texts, known),
        "next": _next_step(command, tone, texts) if tone in ("go", "warn") else "",
        "step": _say(f"step.{stage}", verb, texts, known) if tone == "go" else "",
        # A page's clock may be a moment behind: nothing is left of more time than there ever was.
        "left_s": None if due is None else max(0, math.ceil((due - max(now_ms, begun)) / 1000)),
    }


def stage_of(command: Mapping[str, Any], now_ms: int) -> str:
    """Return how far it has come, which is its state and what time has made of it since."""
    state, verb = command["state"], command["verb"]
    if state in ("unconfirmed", "expired") and _is_unsent(command):
        return "unsent"
    if state == "unconfirmed":
        return "refuted" if command["refuted_at"] is not None else "unconfirmed"
    if state == "expired":
        return "late" if (command["answer"] or {}).get("outcome") == "expired" else "silent"
    if state in ("confirmed", "refused"):
        return str(state)
    due = _ms(command["proof_due_at"])
    if due is None and state == "done":
        return "done"
    if due is not None and now_ms >= due + (0 if verb in _TO_ZERO else _PATIENT_MS):
        return "unconfirmed"
    if due is None and now_ms >= (_ms(command["expires_at"]) or 0) + _PATIENT_MS:
        return "silent"
    return _WAYS[state]


def _is_unsent(command: Mapping[str, Any]) -> bool:
    """Whether nothing shows that it ever left the server: nobody noted that, and the device never answered."""
    return command["answer"] is None and all(command[step] is None for step in _LEFT)


def deed(command: Mapping[str, Any], texts: Texts) -> str:
    """Return what was asked for: "Lower channel 2 to at most 30 mA"."""
    verb, args = command["verb"], command["args"]
    if verb == "lower" and "to_ma" in args:
        key = "deed.lower" if args.get("channel") is None else "deed.lower.channel"
        return texts[key].format(ma=_tenths(args["to_ma"]).removesuffix(".0"), n=args.get("channel"))
    return texts.get(f"deed.{verb}") or str(verb)


def _say(key: str, verb: str, texts: Texts, known: Mapping[str, str]) -> str:
    """Return the words for this verb, or else those for all."""
    return (texts.get(f"{key}.{verb}") or texts.get(key, "")).format(**known)


def _next_step(command: Mapping[str, Any], tone: str, texts: Texts) -> str:
    """Return what to do now.  Where a device says that it is in no session, there is nothing to go and lower."""
    is_idle = tone == "warn" and (command["answer"] or {}).get("reason") == "no_session"
    return texts["cmd.next.idle"] if is_idle else _say("cmd.next", command["verb"], texts, {})


def _besides(command: Mapping[str, Any], stage: str, texts: Texts, known: Mapping[str, str]) -> str:
    """Return what else is to be known: it was not confirmed in time, or the device itself would not."""
    outcome = (command["answer"] or {}).get("outcome")
    if stage == "confirmed" and command["unconfirmed_at"] is not None:
        return texts["cmd.besides.late"]
    if stage == "unconfirmed" and outcome in ("refused", "expired"):
        return texts[f"cmd.besides.{outcome}"].format(**known)
    return ""


def _why(command: Mapping[str, Any], texts: Texts) -> str:
    reason = (command["answer"] or {}).get("reason") or "none"
    return texts.get(f"cmd.why.{reason}") or texts["cmd.why.other"]


def _took(command: Mapping[str, Any], texts: Texts) -> str:
    """Return how long it took from the press to the proof."""
    at = _ms(command["confirmed_at"])
    if at is None:
        return ""
    ms = max(0, at - (_ms(command["requested_at"]) or 0))
    if ms < 10_000:
        return texts["cmd.unit.s"].format(n=_tenths(ms / 1000))
    seconds = math.floor(ms / 1000 + 0.5)
    if seconds < 120:
        return texts["cmd.unit.s"].format(n=seconds)
    if seconds < 7200:
        return texts["cmd.unit.min"].format(n=(seconds + 30) // 60)
    return texts["cmd.unit.h"].format(n=(seconds + 1800) // 3600)


def _tenths(value: float) -> str:
    """Return one decimal; halves are rounded up, as the browser's twin does."""
    tens = math.floor(value * 10 + 0.5)
    return f"{tens // 10}.{tens % 10}"


def _ms(moment: str | None) -> int | None:
    return None if moment is None else round(datetime.fromisoformat(moment).timestamp() * 1000)


def command_texts() -> dict[str, str]:
    """Return every text that the scripts show of what was asked; `{…}` is filled in alike by both."""
    return _deeds() | _short() | _long() | _next() | _steps() | _local() | _whys()


def _deeds() -> dict[str, str]:
    return {
        "deed.stop": _("Stop"),
        "deed.pause": _("Pause"),
        "deed.lower": _("Lower to at most {ma} mA"),
        "deed.lower.channel": _("Lower channel {n} to at most {ma} mA"),
        "deed.identify": _("Identify"),
        "deed.lock": _("Lock"),
        "deed.unlock": _("Unlock"),
        "deed.rebirth": _("Tell everything anew"),
        "deed.apply_protocol": _("Offer of a protocol"),
        "deed.withdraw": _("Take back the offer"),
        "cmd.unit.s": _("{n} s"),
        "cmd.unit.min": _("{n} min"),
        "cmd.unit.h": _("{n} h"),
    }


def _short() -> dict[str, str]:
    """What a tile says; with `cmd.<stage>.<verb>` where one verb says it otherwise."""
    return {
        "cmd.requested": _("{deed}: being sent"),
        "cmd.published": _("{deed}: sent, no answer yet"),
        "cmd.received": _("{deed}: the device has it"),
        "cmd.unproved": _("{deed}: waits for proof"),
        "cmd.confirmed": _("{deed}: confirmed"),
        "cmd.confirmed.stop": _("Stop confirmed"),
        "cmd.confirmed.pause": _("Pause confirmed"),
        "cmd.done": _("{deed}: done, it says"),
        "cmd.done.identify": _("It blinks, it says"),
        "cmd.unconfirmed": _("{deed}: not confirmed"),
        "cmd.unconfirmed.stop": _("Stop not confirmed: go there"),
        "cmd.unconfirmed.pause": _("Pause not confirmed: go there"),
        "cmd.unsent": _("{deed}: not sent as far as is known"),
        "cmd.unsent.stop": _("Stop not sent as far as is known: go there"),
        "cmd.unsent.pause": _("Pause not sent as far as is known: go there"),
        "cmd.refuted": _("{deed}: not so"),
        "cmd.refuted.stop": _("Still on after the stop: go there"),
        "cmd.refuted.pause": _("Still on after the pause: go there"),
        "cmd.refused": _("{deed}: refused, {why}"),
        "cmd.late": _("{deed}: came too late"),
        "cmd.silent": _("{deed}: no answer"),
    }


def _long() -> dict[str, str]:
    return {
        "cmd.long.requested": _("{deed}: not sent to the device yet."),
        "cmd.long.published": _("{deed}: sent. The device has not answered yet."),
        "cmd.long.received": _("{deed}: the device has it, and has not done it yet."),
        "cmd.long.unproved": _("{deed}: the device says that it did it. Its proof is awaited."),
        "cmd.long.confirmed": _("{deed}: confirmed by the device, {took} after it was asked for."),
        "cmd.long.confirmed.stop": _("Stop confirmed: output off, {took} after it was asked for."),
        "cmd.long.confirmed.pause": _("Pause confirmed: output off, {took} after it was asked for."),
        "cmd.long.done": _("{deed}: the device says that it did it."),
        "cmd.long.done.apply_protocol": _(
            "{deed}: the device says that it took it over. Proof is the hash in its status."
        ),
        "cmd.long.done.identify": _("Identify: the device says that it blinks and beeps."),
        "cmd.long.unconfirmed": _("{deed}: the device has not shown that it did it."),
        "cmd.long.unconfirmed.stop": _("Stop not confirmed: nothing shows that the output is off."),
        "cmd.long.unconfirmed.pause": _("Pause not confirmed: nothing shows that the output is off."),
        "cmd.long.unsent": _("{deed}: not sent in time, as far as is known."),
        "cmd.long.unsent.stop": _(
            "Stop not sent in time, as far as is known. Nothing shows that the output is off."
        ),
        "cmd.long.unsent.pause": _(
            "Pause not sent in time, as far as is known. Nothing shows that the output is off."
        ),
        "cmd.long.refuted": _("{deed}: the device says that it did it, and what it measures says otherwise."),
        "cmd.long.refuted.stop": _("Stop not done: the output is not off, whatever the device answered."),
        "cmd.long.refuted.pause": _("Pause not done: the output is not off, whatever the device answered."),
        "cmd.long.refused": _("{deed}: the device refused it: {why}."),
        "cmd.long.late": _("{deed}: it reached the device too late, which did not carry it out."),
        "cmd.long.silent": _("{deed}: the device did not answer in time. It is not asked any more."),
        "cmd.besides.late": _(" It was not confirmed in time."),
        "cmd.besides.refused": _(" The device refused: {why}."),
        "cmd.besides.expired": _(" It reached the device too late."),
    }


def _next() -> dict[str, str]:
    """What to do now."""
    return {
        "cmd.next": _("Look at the device."),
        "cmd.next.stop": _("Go there and stop it at the device."),
        "cmd.next.pause": _("Go there and pause it at the device."),
        "cmd.next.lower": _("Lower it at the device."),
        "cmd.next.identify": _("Go and look for it."),
        "cmd.next.lock": _(
            "While it is wanted, it is asked again each time it connects. Until it says that it is locked, "
            "it may be used."
        ),
        "cmd.next.unlock": _(
            "While it is wanted, it is asked again each time it connects. Until then it may stay locked."
        ),
        "cmd.next.apply_protocol": _("Its rollout says what comes next."),
        "cmd.next.withdraw": _("Its rollout says what comes next."),
        "cmd.next.idle": _("Nothing is on there, it says. If you see otherwise, stop it."),
        "ask.next.failed.pause": _(
            "Only Stop has a second way: press it, or go there and pause it at the device."
        ),
        "ask.next.failed.lower": _(
            "Only Stop has a second way: press it, or go there and lower it at the device."
        ),
        "ask.next.failed.lock": _("Until it says that it is locked, it may be used: put a sign on it."),
        "ask.next.refused.lock": _("Until it says that it is locked, it may be used: put a sign on it."),
        "ask.next.failed.unlock": _("It may stay locked."),
        "ask.next.refused.unlock": _("It may stay locked."),
    }


def _steps() -> dict[str, str]:
    """The next step of a tile and its strip: what to do stands first, so that no narrow line cuts it off."""
    return {
        "step.unconfirmed": _("Go there: not confirmed"),
        "step.unconfirmed.stop": _("Go there: stop not confirmed"),
        "step.unconfirmed.pause": _("Go there: pause not confirmed"),
        "step.unsent": _("Go there: perhaps not sent"),
        "step.refuted": _("Go there: still on"),
        "step.unproved": _("Go there: sent, not confirmed"),
        "step.direct": _("Go there: sent, cannot be confirmed"),
        "step.unsure": _("Go there: perhaps not sent"),
        "step.refused": _("Go there: not sent"),
        "step.failed": _("Go there: could not be sent"),
    }


def _local() -> dict[str, str]:
    """What a page says of a press before, or without, a word of the server about the command."""
    return {
        "ask.sending": _("{deed}: sending"),
        "ask.sent": _("{deed}: sent, no answer yet"),
        "ask.unproved": _("{deed}: sent, not confirmed"),
        "ask.unproved.go": _("{deed} not confirmed: go there"),
        "ask.direct": _("{deed} sent, cannot be confirmed: go there"),
        "ask.unsure": _("{deed} not sent as far as is known: go there"),
        "ask.refused": _("{deed}: not allowed or not possible"),
        "ask.refused.go": _("{deed} not sent: go there"),
        "ask.failed": _("{deed}: could not be sent"),
        "ask.failed.go": _("{deed} could not be sent: go there"),
        "ask.long.sending": _("{deed}: being sent to the server."),
        "ask.long.sent": _("{deed}: the server has it. The device has not answered yet."),
        "ask.long.unproved": _("{deed}: the server has it, and nothing was heard of it since."),
        "ask.long.direct": _(
            "{deed}: sent straight to the device, because the server's database does not answer. "
            "What became of it cannot be told now."
        ),
        "ask.long.unsure": _("{deed}: the server has it, and could not hand it on yet. It goes on trying."),
        "ask.long.refused": _("{deed}: not sent. {why}"),
        "ask.long.failed": _("{deed}: could not be sent, as far as this page knows. {why}"),
    }


def _whys() -> dict[str, str]:
    """Why a device refused, in its own closed list of reasons."""
    words = {f"cmd.why.{reason.value}": refusal_words(reason) for reason in RefusalReason}
    return {**words, "cmd.why.none": _("it did not say why")}
