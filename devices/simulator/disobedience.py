"""Faults of what a device does when it is told something: too late, not at all, twice, or only in words."""

from __future__ import annotations

from typing import Final

from devices.simulator import offers
from devices.simulator.strike import Fault, Site


def _slow(site: Site, now_ms: int) -> None:
    site.link.slow_ms = int(site.args["delay_ms"])


def _quick(site: Site, now_ms: int) -> None:
    site.link.slow_ms = 0


def _delay(site: Site, now_ms: int) -> None:
    site.link.late_ms = round(1000 * site.args["delay_s"])


def _deliver(site: Site, now_ms: int) -> None:
    site.link.late_ms = 0


def _refuse(site: Site, now_ms: int) -> None:
    site.body.refuses = str(site.args["reason"])


def _obey(site: Site, now_ms: int) -> None:
    site.body.refuses = None


def _keep_output(site: Site, now_ms: int) -> None:
    site.body.keeps_output = "admits" if site.args["admits"] else "denies"


def _let_output_go(site: Site, now_ms: int) -> None:
    body = site.body
    body.keeps_output = None
    if body.pretends is not None:
        body.pretends = None
        body.uplink.changed()


def _double(site: Site, now_ms: int) -> None:
    site.body.times = 2


def _single(site: Site, now_ms: int) -> None:
    site.body.times = 1


def _deafen(site: Site, now_ms: int) -> None:
    site.link.deaf = True


def _hear(site: Site, now_ms: int) -> None:
    site.link.deaf = False


# --- protocols, between sessions ---


def _get_it_wrong(site: Site, now_ms: int) -> None:
    site.body.whims.wrong = "old" if site.args["keeps_old"] else "garbled"


def _get_it_right(site: Site, now_ms: int) -> None:
    site.body.whims.wrong = None


def _swallow(site: Site, now_ms: int) -> None:
    site.body.whims.swallows = True


def _digest(site: Site, now_ms: int) -> None:
    site.body.whims.swallows = False


def _refuse_protocols(site: Site, now_ms: int) -> None:
    site.body.whims.refuses = str(site.args["reason"])


def _accept_protocols(site: Site, now_ms: int) -> None:
    site.body.whims.refuses = None


def _hold_protocols(site: Site, now_ms: int) -> None:
    why = str(site.args["why"])
    if why not in ("charging", "user"):
        raise ValueError(f"a protocol is held for charging or user, not {why!r}")
    site.body.whims.holds = why


def _let_protocols_go(site: Site, now_ms: int) -> None:
    body = site.body
    body.whims.holds = None
    if body.powered and not body.hung:
        offers.apply_held(body, now_ms)


FAULTS: Final[dict[str, Fault]] = {
    "slow_commands": Fault("commands are carried out late", _slow, _quick, {"delay_ms": 1500}),
    "late_commands": Fault("commands reach the device late, as from a network that keeps them", _delay, _deliver,
                           {"delay_s": 600.0}),
    "deaf": Fault("no command is heard, and the device speaks on", _deafen, _hear),
    "refused_commands": Fault("every command but stop is refused", _refuse, _obey, {"reason": "other"}),
    "doubled_commands": Fault("each command is carried out twice, with two answers", _double, _single),
    "keeps_output": Fault("stop, pause and lower are answered `done`, and the output goes on", _keep_output,
                          _let_output_go, {"admits": True}),
    "claims_wrong_hash": Fault("a protocol is answered `done`, and the device has another", _get_it_wrong,
                               _get_it_right, {"keeps_old": False}),
    "swallows_protocol": Fault("a protocol is answered `received`, and never again", _swallow, _digest),
    "refuses_protocol": Fault("every protocol is refused", _refuse_protocols, _accept_protocols,
                              {"reason": "limits"}),
    "stays_held": Fault("a protocol is held for the charger or the user, between sessions too", _hold_protocols,
                        _let_protocols_go, {"why": "user"}),
}  # fmt: skip
