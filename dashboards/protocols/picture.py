"""The envelope of a document that may still lack values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from dashboards.protocols import drawing
from devices.plan import Plan, TooLong, plan_of
from devices.wire.messages import ProtocolDocument

_SAID_ELSEWHERE = {
    "id": "draft",
    "version": 1,
    "title": "-",
    "indication": "",
    "waveform": "symmetric_biphasic",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """What a page draws; without a plan `words` say why."""

    plan: Plan | None
    words: str = ""

    @property
    def session(self) -> drawing.Drawing | None:
        return drawing.whole(self.plan) if self.plan and self.plan.length_ms else None

    def cycle(self, step: int) -> drawing.Drawing | None:
        return drawing.one_cycle(self.plan, step) if self.plan else None


def picture(document: Mapping[str, Any]) -> Picture:
    """Return the plan as far as times and currents say it; what they do not depend on may be missing."""
    limits = {"max_sessions_per_day": 1, "min_rest_h": 0}
    told = {**document, **_SAID_ELSEWHERE}
    told["limits"] = {**limits, "max_session_s": (document.get("limits") or {}).get("max_session_s")}
    told["steps"] = [_step(one) for one in document.get("steps") or ()]
    missing = _("Drawn as soon as every step has its times and currents, and the session its length.")
    try:
        read = msgspec.convert(told, ProtocolDocument)
        used = len(read.channels_used)
        if any(
            len(one) != used for step in read.steps for one in (step.max_ma, step.target_ma or step.max_ma)
        ):
            return Picture(None, missing)
        plan = plan_of(read)
    except msgspec.ValidationError:
        return Picture(None, missing)
    except TooLong:
        return Picture(None, _("More phases than anybody could be given: not drawn."))
    return Picture(plan, "" if plan.length_ms else missing)


def _step(step: Mapping[str, Any] | None) -> dict[str, Any]:
    told = {**(step or {}), "name": "", "kind": "work"}
    if told.get("interphase_us") is None:
        told["interphase_us"] = 0
    return told
