"""A session on one device: people start, pause, turn and stop it; the firmware carries it out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

import numpy as np

from devices.simulator import electrode, offers, thermal
from devices.simulator.body import Body, Interrupted, Session
from devices.simulator.plant import SAMPLES, TICK_MS, Second
from devices.simulator.session import LEVELS, OUTPUTS, Protocol, Stretch

TURN_TOLD_MS: Final = 3_000  # clicks of the knob within this time are one event
TRIES: Final = 4  # times an electrode may come off before the session ends
LOW_SOC, EMPTY_SOC, DEAD_SOC = 10.0, 4.0, 1.0  # %
SOFT_START_MS: Final = 2_000  # ramp into a contraction that a pause cut off


def endless(protocol: Protocol) -> Iterator[Stretch]:
    """The steps of a protocol again and again."""
    while True:
        yield from protocol.stretches()


def start(
    body: Body, now_ms: int, *, subject: str | None, first_ma: list[float], no_end: bool = False
) -> bool:
    """A hand at the device starts a session with its protocol; False if the device does not let it."""
    protocol = body.protocol
    if (
        protocol is None
        or body.session
        or body.locked
        or not body.powered
        or body.state not in ("idle", "ready")
    ):
        return False
    stretches = endless(protocol) if no_end else protocol.stretches()
    planned_ms = None if no_end else protocol.planned_ms()
    body.sessions += 1
    name = f"{body.boot:x}-{body.sessions:x}-{body.rng.getrandbits(48):012x}"
    body.session = Session(
        name, protocol, subject, stretches, planned_ms, next(stretches), now_ms, told_ms=now_ms
    )
    plant, row = body.plant, body.row
    plant.charge_uc[row] = plant.pulses[row] = 0.0
    plant.in_use[row] = False
    plant.in_use[row, [channel - 1 for channel in protocol.document.channels_used]] = True
    plant.knob_ma[row] = np.where(plant.in_use[row], first_ma, 0.0)
    body.event(
        now_ms,
        "session_started",
        {"subject": subject, "protocol": protocol.ref(), "planned_ms": planned_ms or 0},
    )
    _run(body, now_ms)
    return True


def _run(body: Body, now_ms: int) -> None:
    """Let the current stretch begin; a contraction that was cut off begins again with its ramp."""
    session = body.in_session()
    session.running_since_ms = now_ms
    body.plant.running[body.row], body.plant.paused[body.row] = True, False
    cut = session.stretch
    if cut.phase == "on":
        session.stretches = chain((cut,), session.stretches)
        session.stretch = Stretch(cut.step, cut.cycle, "ramp_up", SOFT_START_MS)
    _enter(body, now_ms, now_ms)


def _enter(body: Body, now_ms: int, from_ms: int) -> None:
    """Begin the session's stretch, counted from `from_ms`."""
    session, plant, row = body.in_session(), body.plant, body.row
    stretch = session.stretch
    step = session.protocol.document.steps[stretch.step]
    plant.frequency_hz[row], plant.phase_us[row] = step.frequency_hz, step.phase_us
    target = session.protocol.per_channel(step.target_ma, plant.shape[1])
    most = session.protocol.per_channel(step.max_ma, plant.shape[1])
    limit = [
        min(ma for ma in (aim, top, body.make.max_ma) if ma is not None)
        for aim, top in zip(target, most, strict=True)
    ]
    plant.limit_ma[row] = limit
    plant.knob_ma[row] = np.minimum(
        plant.knob_ma[row], limit
    )  # a step with a lower limit turns the output down
    plant.level_from[row], plant.level_to[row] = LEVELS[stretch.phase]
    plant.stretch_start_ms[row], plant.stretch_ms[row] = from_ms, stretch.length_ms
    plant.live[row] = stretch.phase != "rest"
    if stretch.phase == "on":
        session.contractions += 1
    body.become(now_ms, "running", OUTPUTS[stretch.phase])


def next_stretch(body: Body, now_ms: int) -> None:
    """The current stretch is over."""
    session = body.session
    if session is None or session.running_since_ms is None or body.hung:
        return
    stretch, plant, row = next(session.stretches, None), body.plant, body.row
    if stretch is None:
        end(body, now_ms, "completed")
        return
    session.stretch = stretch
    _enter(body, now_ms, int(plant.stretch_start_ms[row] + plant.stretch_ms[row]))


def _halt(body: Body, now_ms: int) -> None:
    session, plant, row = body.in_session(), body.plant, body.row
    session.ran_ms, session.running_since_ms = session.elapsed_ms(now_ms), None
    plant.silence(row)
    plant.stretch_ms[row] = np.inf
    plant.running[row] = False


def pause(body: Body, now_ms: int, by: str) -> None:
    """Output to zero, session kept."""
    if body.session is not None and body.session.running_since_ms is not None:
        _halt(body, now_ms)
        body.plant.paused[body.row], body.in_session().paused_by = True, by
        body.event(now_ms, "session_paused", {"by": by})
        body.become(now_ms, "paused", "off")


def resume(body: Body, now_ms: int, by: str) -> None:
    """A hand at the device goes on with a paused session."""
    if body.session is not None and body.session.running_since_ms is None and not body.hung:
        body.event(now_ms, "session_resumed", {"by": by})
        _run(body, now_ms)


def end(body: Body, now_ms: int, reason: str, *, second: Second | None = None) -> None:
    """Output to zero, and the session is over.  What was measured since the last telemetry is told first."""
    session = body.session
    if session is None:
        return
    _halt(body, now_ms)
    tell_turns(body, now_ms, all_of_them=True)
    tell_second(body, second or look(body, now_ms))
    data = _totals(body, now_ms, reason)
    body.event(now_ms, "session_ended", data)
    _close(body, now_ms, data)
    body.settle(now_ms)
    body.uplink.changed()
    offers.apply_held(body, now_ms)


def cut_off(body: Body, now_ms: int, reason: str) -> None:
    """The session ends with the firmware: the next boot has to tell of it."""
    session = body.session
    if session is not None:
        _halt(body, now_ms)
        data = _totals(body, now_ms, reason)
        body.interrupted = Interrupted(session.id, body.boot, body.up_ms(now_ms), data)
        _close(body, now_ms, data)


def _totals(body: Body, now_ms: int, reason: str) -> dict[str, Any]:
    session, plant, row = body.in_session(), body.plant, body.row
    return {
        "reason": reason,
        "elapsed_ms": session.elapsed_ms(now_ms),
        "charge_uc": np.round(plant.charge_uc[row, : body.channels], 1).tolist(),
        "pulses": plant.pulses[row, : body.channels].astype(np.int64).tolist(),
        "contractions": session.contractions,
    }


def _close(body: Body, now_ms: int, data: dict[str, Any]) -> None:
    session, plant, row = body.in_session(), body.plant, body.row
    body.truth.tell(
        now_ms, body.serial, "session", boot=body.boot, up_ms=body.up_ms(now_ms), session=session.id,
        wall_ms=now_ms - session.started_ms, **data,
    )  # fmt: skip
    plant.paused[row] = plant.in_use[row] = False
    plant.knob_ma[row] = 0.0
    for channel in range(1, body.channels + 1):
        body.condition(f"low_current:{channel}", holds=False)
        body.condition(f"electrode_off:{channel}", holds=False)
    body.session, body.seated = None, False


def turn(body: Body, channel: int, to_ma: float, now_ms: int, by: str) -> None:
    """Set a channel (from 0); the patient's clicks are told together, others at once."""
    session, plant, row = body.in_session(), body.plant, body.row
    from_ma = float(plant.knob_ma[row, channel])
    if to_ma == from_ma:
        return
    if by == "patient":
        session.turned.setdefault(channel, (from_ma, now_ms))
    else:
        tell_turns(body, now_ms, all_of_them=True)
    plant.knob_ma[row, channel] = to_ma
    if by != "patient":
        _tell_turn(body, channel, from_ma, now_ms, by)


def tell_turns(body: Body, now_ms: int, *, all_of_them: bool = False) -> None:
    """Make events of the clicks that are old enough."""
    session = body.session
    if session is None or not session.turned:
        return
    for channel, (from_ma, since_ms) in list(session.turned.items()):
        if all_of_them or now_ms - since_ms >= TURN_TOLD_MS:
            del session.turned[channel]
            _tell_turn(body, channel, from_ma, now_ms, "patient")


def _tell_turn(body: Body, channel: int, from_ma: float, now_ms: int, by: str) -> None:
    to_ma = float(body.plant.knob_ma[body.row, channel])
    if to_ma != from_ma:
        data = {"channel": channel + 1, "from_ma": from_ma, "to_ma": to_ma, "by": by}
        body.event(now_ms, "intensity_changed", data, channel=channel + 1)


def look(body: Body, now_ms: int) -> Second:
    """Read the sensors outside the usual second, as they stood at the last tick."""
    at_ms = now_ms - now_ms % TICK_MS
    return body.plant.seconds([body.row], at_ms)[0]


def tell_second(body: Body, second: Second) -> None:
    """Make the telemetry of what was measured since the last one."""
    session = body.in_session()
    count = min(SAMPLES, (second.at_ms - session.told_ms) // TICK_MS)
    if count <= 0 or second.at_ms < body.boot_at_ms:
        return
    session.told_ms = second.at_ms
    stretch, n, every = session.stretch, body.channels, body.every
    samples = [channel[-count:][::-every][::-1] for channel in second.samples_ma[:n]]
    body.telemetry(
        second.at_ms,
        {
            "session": session.id, "step": stretch.step,
            "phase": stretch.phase if session.running_since_ms is not None else "rest",
            "cycle": stretch.cycle, "elapsed_ms": session.elapsed_ms(second.at_ms),
            "every_ms": every * TICK_MS, "set_ma": second.set_ma[:n],
            "ma": samples, "ohm": [None if ohm != ohm else ohm for ohm in second.ohm[:n]],
            "contact": [electrode.CONTACTS[code] for code in second.contact[:n]],
            "charge_uc": second.charge_uc[:n], "pulses": second.pulses[:n],
            "force_n": second.force_n[:n] if body.plant.force else None,
            "soc": second.soc, "mv": second.mv, "temp_c": second.temp_c,
        },
        [max(channel) for channel in samples],
    )  # fmt: skip


def each_second(body: Body, second: Second) -> None:
    """What the firmware does once a second."""
    now_ms = second.at_ms
    if body.session is not None:
        tell_turns(body, now_ms)
        tell_second(body, second)
        _watch_electrodes(body, second)
        if body.session is not None and body.session.over(now_ms):
            end(body, now_ms, "completed", second=second)
    _watch_battery(body, second)
    if second.temp_c >= thermal.SHUT_C and body.condition("overtemp", holds=True):
        data = {"class": "temperature", "code": "T60", "text": "board above 60 °C"}
        body.event(now_ms, "fault", data)
        end(body, now_ms, "overtemp", second=second)
        body.settle(now_ms)
    elif second.temp_c < thermal.WARN_C and body.condition("overtemp", holds=False):
        body.settle(now_ms)
    offers.forget_late(body, now_ms)


def _watch_electrodes(body: Body, second: Second) -> None:
    session, now_ms = body.in_session(), second.at_ms
    for n, code in enumerate(second.contact[: body.channels]):
        channel, ohm = n + 1, second.ohm[n]
        data = {"ohm": None if ohm != ohm else ohm}
        if code == electrode.ELECTRODE and body.condition(f"electrode_off:{channel}", holds=True):
            body.event(now_ms, "electrode_off", data, channel=channel)
        elif code in (electrode.OK, electrode.LOW_CURRENT) and body.condition(
            f"electrode_off:{channel}", holds=False
        ):
            body.event(now_ms, "electrode_on", data, channel=channel)
        if code == electrode.LOW_CURRENT and body.condition(f"low_current:{channel}", holds=True):
            body.event(now_ms, "low_current", data, channel=channel)
        elif code == electrode.OK:
            body.condition(f"low_current:{channel}", holds=False)
    if electrode.ELECTRODE in second.contact[: body.channels] and session.running_since_ms is not None:
        session.lifted += 1
        if session.lifted >= TRIES:
            end(body, now_ms, "electrode", second=second)
        else:
            pause(body, now_ms, "device")


def _watch_battery(body: Body, second: Second) -> None:
    body.condition("low_battery", holds=second.soc < LOW_SOC)
    if second.soc < EMPTY_SOC and not body.plugged:
        end(body, second.at_ms, "low_battery", second=second)
