"""A session's `prescribed` and `dose`, as `GET sessions/<id>` tells them."""

from typing import Any

from devices import state
from devices.acts import Pause
from devices.dose import ChannelDose
from devices.plan import Plan
from devices.sessions import Report
from devices.verdict import Verdict


def told(report: Report) -> dict[str, Any]:
    """Return the two fields; their shapes are in `schemas`."""
    dose = report.dose
    reached = {one.channel: one.reached for one in report.verdict.channels}
    return {
        "prescribed": _prescribed(report.plan) if report.plan else None,
        "dose": {
            "recorded_ms": dose.recorded_ms,
            "messages": dose.messages,
            "late": dose.late,
            "disputed": dose.disputed,
            "deleted": report.gone,
            "verdict": _verdict(report.verdict),
            "channels": [_channel(one, reached.get(one.channel)) for one in dose.channels],
            "pauses": [_pause(one) for one in report.pauses],
            "intensity_changes": len(report.changes),
            "reconnects": report.reconnects,
        },
    }


def _prescribed(plan: Plan) -> dict[str, Any]:
    return {
        "length_ms": plan.length_ms,
        "contractions": plan.contractions,
        "channels": [
            {
                "n": one.channel,
                "on_ms": one.on_ms,
                "at_target_ms": one.at_target_ms,
                "pulses": round(one.pulses, 3),
                "charge_uc": None if one.charge_uc is None else round(one.charge_uc, 3),
                "ma_mean": one.ma_mean,
                "ma_max": one.ma_max,
                "limit_ma": one.limit_ma,
            }
            for one in plan.by_channel
        ],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    least = verdict.least
    return {
        "finding": verdict.finding.value,
        "planned": verdict.planned,
        "reached": least.reached if least else None,
        "unseen": least.unseen if least else None,
        "channel": least.channel if least else None,
    }


def _channel(one: ChannelDose, reached: int | None) -> dict[str, Any]:
    return {
        "n": one.channel,
        "on_ms": one.on_ms,
        "at_target_ms": one.at_target_ms,
        "contractions_at_target": reached,
        "set_ma_mean": one.set_ma_mean,
        "ma_mean": one.ma_mean,
        "ma_max": one.ma_max,
        "ohm_mean": one.ohm_mean,
        "contact_ms": {word.value: ms for word, ms in one.contact_ms.items()},
    }


def _pause(one: Pause) -> dict[str, Any]:
    return {
        "from": state.iso(one.from_ms),
        "to": None if one.to_ms is None else state.iso(one.to_ms),
        "length_ms": one.length_ms,
        "by": one.by,
        "resumed_by": one.resumed_by,
    }
