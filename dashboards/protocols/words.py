"""How pages say what a protocol is made of."""

from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fleet.protocols import texts


def badge(state: str) -> SafeString:
    """Return where a version stands, as a mark with its word."""
    return format_html(
        '<span class="badge version-state" data-state="{}">{}</span>', state, texts.STATES[state]
    )


def cycles(step: Mapping[str, Any]) -> str:
    """Return the times of a step: "15 cycles: 3 s up, 15 s on, 1 s down, 45 s off"."""
    told = {name: texts.shown(name, step.get(name)) for name in ("ramp_up_s", "on_s", "ramp_down_s", "off_s")}
    repeat = step.get("repeat")
    count = (
        ngettext("%(n)s cycle", "%(n)s cycles", repeat) % {"n": repeat}
        if isinstance(repeat, int)
        else _("cycles not filled in")
    )
    return _("%(cycles)s: %(ramp_up_s)s up, %(on_s)s on, %(ramp_down_s)s down, %(off_s)s off") % {
        "cycles": count,
        **told,
    }


def pulses(step: Mapping[str, Any]) -> str:
    """Return the pulses of a step: "50 Hz, 250 µs for one phase"."""
    told = {name: texts.shown(name, step.get(name)) for name in ("frequency_hz", "phase_us", "interphase_us")}
    if step.get("interphase_us"):
        return _("%(frequency_hz)s, %(phase_us)s for one phase, %(interphase_us)s between the phases") % told
    return _("%(frequency_hz)s, %(phase_us)s for one phase") % told


def current(step: Mapping[str, Any], place: int) -> str:
    """Return what one channel gets: "60 mA, at most 80 mA", or "to tolerance, at most 80 mA"."""
    maxima = step.get("max_ma") or ()
    most = texts.shown("max_ma", maxima[place] if place < len(maxima) else None)
    if "target_ma" not in step:
        return _("target not filled in, at most %(most)s") % {"most": most}
    targets = step["target_ma"]
    target = targets[place] if targets is not None and place < len(targets) else None
    return _("%(target)s, at most %(most)s") % {"target": texts.shown("target_ma", target), "most": most}
