"""Who takes part in a rollout, and in which wave, when somebody starts it; and what a preview says of that before."""

from dataclasses import replace
from datetime import datetime

from devices.moments import to_ms
from fleet.rollouts import clock, rows, spec, texts
from fleet.rollouts.errors import NotNow
from fleet.rollouts.rows import Loaded
from fleet.rollouts.scene import Target, Wave
from fleet.rollouts.states import RolloutState
from fleet.rollouts.verbs import Forbidden
from fleet.rollouts.waves import arrange, unreached


def take_in(loaded: Loaded, now: datetime) -> None:
    """Write a row for each device that matches now, and each wave.

    Raises:
        NotNow: Nobody matches, or the waves leave somebody out.
    """
    row, state = loaded.row, loaded.state
    if row.state != RolloutState.APPROVED:
        return
    zones = clock.zones_of(row)
    found = spec.matching(row.targets_spec, list(zones))
    wanted = clock.candidates(found, zones)
    if not wanted:
        raise NotNow(texts.forbidden(Forbidden("no_devices")), reason="no_devices")
    if left_out := unreached(state.plan.waves, wanted):
        raise NotNow(texts.fault(left_out), reason=left_out.code)
    loaded.device_ids |= {one.serial: one.id for one in found}
    targets = {
        one.candidate.serial: Target(
            serial=one.candidate.serial,
            wave=one.wave,
            place=one.place,
            want_sha256=state.sha256,
            joined_ms=to_ms(now),
            zone=one.candidate.zone,
        )
        for one in arrange(state.plan.waves, wanted)
    }
    waves = tuple(Wave(number) for number in range(1, len(state.plan.waves) + 1))
    rows.found(loaded, replace(state, targets=targets, waves=waves))
    row.looked_at = now
