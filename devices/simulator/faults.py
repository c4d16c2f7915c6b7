"""Everything that can go wrong with a device, by name."""

from __future__ import annotations

from typing import Final

from devices.simulator import disobedience, thermal, treatment
from devices.simulator.garbage import GARBAGE
from devices.simulator.strike import Fault, Site

YEAR_MS: Final = 31_556_952_000


# --- the link ---


def _lose_link(site: Site, now_ms: int) -> None:
    site.link.blocked = True
    site.link.cut(dark=False)


def _half_open(site: Site, now_ms: int) -> None:
    site.link.blocked = True
    site.link.cut(dark=True)


def _find_link(site: Site, now_ms: int) -> None:
    site.link.blocked = False


def _flap(site: Site, now_ms: int) -> None:
    _lose_link(site, now_ms)
    site.later(now_ms + round(1000 * site.args["down_s"]), lambda at_ms: _flap_up(site, at_ms))


def _flap_up(site: Site, now_ms: int) -> None:
    _find_link(site, now_ms)
    site.later(now_ms + round(1000 * site.args["up_s"]), lambda at_ms: _flap(site, at_ms))


def _stall(site: Site, now_ms: int) -> None:
    if site.link.client is not None:
        site.link.client.hold()
    site.later(now_ms + round(1000 * site.args["down_s"]), lambda at_ms: _go_on(site, at_ms))


def _go_on(site: Site, now_ms: int) -> None:
    _catch_up(site, now_ms)
    site.later(now_ms + round(1000 * site.args["up_s"]), lambda at_ms: _stall(site, at_ms))


def _catch_up(site: Site, now_ms: int) -> None:
    if site.link.client is not None:
        site.link.client.let_go()


def _duplicate(site: Site, now_ms: int) -> None:
    site.link.traffic.twice = float(site.args["share"])


def _duplicate_no_more(site: Site, now_ms: int) -> None:
    site.link.traffic.twice = 0.0


def _lose_records(site: Site, now_ms: int) -> None:
    site.link.traffic.lost = float(site.args["share"])


def _lose_no_more(site: Site, now_ms: int) -> None:
    site.link.traffic.lost = 0.0


def _shuffle(site: Site, now_ms: int) -> None:
    site.link.traffic.shuffle = int(site.args["count"])


def _shuffle_no_more(site: Site, now_ms: int) -> None:
    site.link.traffic.shuffle = 0


def _hold(site: Site, now_ms: int) -> None:
    site.link.traffic.holding = True


def _let_go(site: Site, now_ms: int) -> None:
    site.link.traffic.holding = False
    site.link.flush_soon()


def _small_buffer(site: Site, now_ms: int) -> None:
    site.kept["capacity"] = site.body.buffer.capacity
    site.body.buffer.capacity = int(site.args["records"])


def _large_buffer(site: Site, now_ms: int) -> None:
    site.body.buffer.capacity = site.kept["capacity"]


# --- power, firmware, clock ---


def _lose_power(site: Site, now_ms: int) -> None:
    if site.body.powered:
        treatment.cut_off(site.body, now_ms, "power_loss")
        site.link.power_lost()
        site.body.power_off(now_ms)


def _get_power(site: Site, now_ms: int) -> None:
    if not site.body.powered:
        site.body.power_on(now_ms)
        site.link.begin(0.5)


def _hang(site: Site, now_ms: int) -> None:
    """The firmware stops where it is; its watchdog cuts the output, then starts it anew."""
    body = site.body
    if not body.powered or body.hung:
        return
    body.hung = True
    site.later(now_ms + body.make.self_stop_ms, lambda at_ms: _bite(site, at_ms))


def _bite(site: Site, now_ms: int) -> None:
    body = site.body
    treatment.cut_off(body, now_ms, "watchdog")
    site.link.power_lost()
    body.power_off(now_ms)

    def start(at_ms: int) -> None:
        body.power_on(at_ms, reason="watchdog")
        site.link.begin(0.5)

    site.later(now_ms + 1000, start)


def _set_clock(site: Site, now_ms: int) -> None:
    to_t = site.args["to_t"]
    error_ms = site.args["offset_ms"] if to_t is None else to_t - site.body.wall_ms(now_ms)
    _step_clock(site, now_ms, error_ms, 0.0)


def _drift(site: Site, now_ms: int) -> None:
    site.body.clock.change(now_ms, drift_ppm=float(site.args["ppm"]))


def _step_back(site: Site, now_ms: int) -> None:
    _step_clock(site, now_ms, site.body.clock.error_at(now_ms) - site.args["by_ms"], 0.0)


def _right_clock(site: Site, now_ms: int) -> None:
    _step_clock(site, now_ms, 0.0, 0.0)


def _step_clock(site: Site, now_ms: int, error_ms: float, drift_ppm: float) -> None:
    body = site.body
    from_t = body.t(now_ms, body.wall_ms(now_ms))
    body.clock.change(now_ms, error_ms=float(error_ms), drift_ppm=drift_ppm)
    if body.powered and not body.hung:
        body.event(now_ms, "clock_set", {"from_t": from_t, "to_t": body.t(now_ms, body.wall_ms(now_ms))})


# --- electrodes, heat, battery, the emergency stop ---


def _set_contact(site: Site, contact: float) -> None:
    plant = site.body.plant
    plant.electrodes.contact[site.body.row, site.channel()] = contact
    plant.look_again()


def _fall_off(site: Site, now_ms: int) -> None:
    _set_contact(site, 0.0)


def _lift(site: Site, now_ms: int) -> None:
    """Leave so much of the pad on the skin that the pair has the wanted impedance."""
    at = (site.body.row, site.channel())
    _set_contact(site, 1.0)
    on_skin = 1.0 / float(site.body.plant.z_ohm[at])
    _set_contact(site, 0.0)
    lifted = 1.0 / float(site.body.plant.z_ohm[at])
    _set_contact(site, min(max((1.0 / float(site.args["ohm"]) - lifted) / (on_skin - lifted), 0.0), 1.0))


def _press_on(site: Site, now_ms: int) -> None:
    _set_contact(site, 1.0)


def _dry(site: Site, now_ms: int) -> None:
    at = (site.body.row, site.channel())
    pads = site.body.plant.electrodes
    pads.worn_s[at] = max(pads.worn_s[at], 241.0)  # the gel has wetted the skin already
    pads.dry_per_s[at] = float(site.args["per_s"])


def _moisten(site: Site, now_ms: int) -> None:
    at = (site.body.row, site.channel())
    site.body.plant.electrodes.dry_per_s[at] = 1e-5
    site.body.plant.electrodes.dryness[at] = 0.0


def _heat(site: Site, now_ms: int) -> None:
    plant, row = site.body.plant, site.body.row
    plant.extra_heat_w[row] = float(site.args["heat_w"]) if plant.temp_c[row] < thermal.SHUT_C + 2.0 else 0.0
    site.later(now_ms + 1000, lambda at_ms: _heat(site, at_ms))


def _cool(site: Site, now_ms: int) -> None:
    site.body.plant.extra_heat_w[site.body.row] = 0.0
    site.body.plant.temp_c[site.body.row] = min(float(site.body.plant.temp_c[site.body.row]), 44.0)


def _age_battery(site: Site, now_ms: int) -> None:
    batteries, row = site.body.plant.batteries, site.body.row
    site.kept["capacity_mah"] = float(batteries.capacity_mah[row])
    batteries.capacity_mah[row] = float(site.args["capacity_mah"])
    batteries.soc[row] = min(float(batteries.soc[row]), float(site.args["soc"]))
    site.body.plant.extra_load_w[row] = float(site.args["load_w"])


def _new_battery(site: Site, now_ms: int) -> None:
    batteries, row = site.body.plant.batteries, site.body.row
    batteries.capacity_mah[row] = site.kept["capacity_mah"]
    batteries.soc[row] = 60.0
    site.body.plant.extra_load_w[row] = 0.0


def _press_estop(site: Site, now_ms: int) -> None:
    body = site.body
    if body.powered and not body.hung and body.condition("estop", holds=True):
        treatment.end(body, now_ms, "fault")
        body.event(now_ms, "estop", {})
        body.settle(now_ms)


def _release_estop(site: Site, now_ms: int) -> None:
    site.body.condition("estop", holds=False)
    _settle(site, now_ms)


def _break_part(site: Site, now_ms: int) -> None:
    body, kind = site.body, str(site.args["class"])
    if body.powered and not body.hung and body.condition(f"fault:{kind}", holds=True):
        body.event(now_ms, "fault", {"class": kind, "code": site.args["code"], "text": site.args["text"]})
        treatment.end(body, now_ms, "fault")
        body.settle(now_ms)


def _repair_part(site: Site, now_ms: int) -> None:
    site.body.condition(f"fault:{site.args['class']}", holds=False)
    _settle(site, now_ms)


def _overdrive(site: Site, now_ms: int) -> None:
    site.body.plant.gain[site.body.row, site.channel()] = float(site.args["factor"])


def _regulate(site: Site, now_ms: int) -> None:
    site.body.plant.gain[site.body.row, site.channel()] = 1.0


def _settle(site: Site, now_ms: int) -> None:
    if site.body.powered:
        site.body.settle(now_ms)


# --- identity, contents ---


def _clone(site: Site, now_ms: int) -> None:
    twin = site.swarm.clone(site.body, max(site.body.boot + int(site.args["boot_ahead"]), 0))
    if twin is not None:
        site.kept["twin"] = twin
        twin.body.power_on(now_ms)
        twin.begin(0.5)


def _catch_clone(site: Site, now_ms: int) -> None:
    twin = site.kept.pop("twin", None)
    if twin is not None:
        site.swarm.remove_clone(twin)


def _spoil(site: Site, now_ms: int) -> None:
    site.body.spoil_next += int(site.args["count"])


def _babble(site: Site, now_ms: int) -> None:
    nth = site.kept["nth"] = site.kept.get("nth", -1) + 1
    why, kind, payload = GARBAGE[nth % len(GARBAGE)]
    if site.body.powered and site.link.put_garbage(kind, payload):
        site.body.truth.tell(
            now_ms,
            site.body.serial,
            "garbage",
            topic=f"ems/v1/{site.body.serial}/{kind}",
            why=why,
            bytes=len(payload),
        )
    site.later(now_ms + round(1000 * site.args["every_s"]), lambda at_ms: _babble(site, at_ms))


FAULTS: Final[dict[str, Fault]] = {
    "link_loss": Fault("the network goes away, and both sides see it", _lose_link, _find_link),
    "link_half_open": Fault("nothing goes through, and nobody is told", _half_open, _find_link),
    "link_flapping": Fault("the network comes and goes", _flap, _find_link, {"down_s": 3.0, "up_s": 8.0}),
    "link_stuttering": Fault("the radio stalls, and all comes at once when it goes on", _stall, _catch_up,
                             {"down_s": 3.0, "up_s": 5.0}),
    "duplicates": Fault("records are sent twice", _duplicate, _duplicate_no_more, {"share": 0.5}),
    "lost_records": Fault("records vanish on the way, unseen", _lose_records, _lose_no_more, {"share": 0.2}),
    "reordering": Fault("records are sent in another order", _shuffle, _shuffle_no_more, {"count": 8}),
    "late_flush": Fault("records stay in the device, and come all at once", _hold, _let_go),
    "small_buffer": Fault("the buffer holds few records", _small_buffer, _large_buffer, {"records": 20}),
    "power_loss": Fault("no power: no word, no current", _lose_power, _get_power),
    "watchdog": Fault("the firmware hangs; its watchdog stops the output and starts it anew", _hang),
    "clock_wrong": Fault("the clock is off, or shows one time", _set_clock, _right_clock,
                         {"offset_ms": 10 * YEAR_MS, "to_t": None}),
    "clock_drift": Fault("the clock runs fast or slow", _drift, _right_clock, {"ppm": 5000.0}),
    "clock_step_back": Fault("the clock is put back", _step_back, _right_clock, {"by_ms": 2_400_000}),
    "electrode_off": Fault("a pad falls off", _fall_off, _press_on, {"channel": 1}),
    "electrode_lifted": Fault("a pad lifts: too little current flows", _lift, _press_on,
                              {"channel": 1, "ohm": 9500.0}),
    "electrode_dry": Fault("a pad dries", _dry, _moisten, {"channel": 1, "per_s": 0.15}),
    "overtemp": Fault("the vents are covered", _heat, _cool, {"heat_w": 60.0}),
    "battery_dying": Fault("the battery gives up", _age_battery, _new_battery,
                           {"soc": 12.0, "capacity_mah": 15.0, "load_w": 0.5}),
    "estop": Fault("the emergency stop is pressed, until it is released", _press_estop, _release_estop),
    "device_fault": Fault("a part breaks", _break_part, _repair_part,
                          {"class": "hv", "code": "E08", "text": "high voltage stage"}),
    "overdrive": Fault("the current regulator gives more than it was set to", _overdrive, _regulate,
                       {"channel": 1, "factor": 1.6}),
    **disobedience.FAULTS,
    "cloned_identity": Fault("a second device has this identity", _clone, _catch_clone, {"boot_ahead": 1000}),
    "spoiled_records": Fault("records break the contract", _spoil, args={"count": 1}),
    "malformed": Fault("messages that are none", _babble, args={"every_s": 1.0}),
}  # fmt: skip
