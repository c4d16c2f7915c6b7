"""Bad days with real processes: who is alarmed of what, and how soon, held against what the devices truly did."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.flows.devices import Air, Device
from tests.flows.simulator import TREATED, Simulator
from tests.flows.test_faults import SILENCE_COUNTS
from tests.harness import House, full_or, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

DEVICES = 62
PARTS = ("web", "ingest", "dispatch", "worker", "courier", "beat")
WATCHED = 40  # in session on an ordinary morning
STUTTERING = 10
BEHIND_ONE_ACCESS_POINT = 60
WITHIN_S = 10.0  # a device that falls silent in session is told within
NEEDLE_S = 2.0  # over-current elsewhere is told within, whatever else happens

Alert = dict[str, Any]


@pytest.fixture(scope="module")
def house(make_shared_house: Callable[..., House]) -> House:
    """Every simulated device at one site, each behind an access point of its own."""
    house = make_shared_house(devices=DEVICES)
    house.sql(
        """UPDATE devices_device SET site_id = (SELECT id FROM access_site WHERE slug = 'north-rehab'),
           room = 'Bay ' || (id %% 12), uplink = 'AP of ' || serial"""
    )
    house.start(*PARTS)
    return house


@pytest.fixture(scope="module")
def fleet(house: House) -> Iterator[Simulator]:
    with Simulator(house, day=TREATED) as fleet:
        fleet.wait_connected()
        wait_for(lambda: house.sql(SILENCE_COUNTS), within_s=60, why="the server never came to count silence")
        yield fleet


def alerts(house: House, **asked: str) -> list[Alert]:
    """Open alerts, as the API tells them."""
    words = "&".join(f"{name}={value}" for name, value in {"state": "open", "limit": "1000", **asked}.items())
    status, body = house.api(f"alerts?{words}", user="engineer")
    assert status == 200, body
    return list(body["items"])


def lines(house: House) -> list[Alert]:
    """What a console shows unfolded: what no other alert explains, still true."""
    return [one for one in alerts(house) if one["cause"] is None and one["state"] == "raised"]


def wait_alert(house: House, *, within_s: float, **fields: Any) -> Alert:
    """Wait for an open alert with these values."""
    return wait_for(
        lambda: next((one for one in alerts(house) if fields.items() <= one.items()), None),
        within_s=within_s,
        why=lambda: (
            f"no alert {fields} among {[(a['rule'], a['device'], a['state']) for a in alerts(house)]}"
        ),
    )


def in_session(fleet: Simulator, serials: list[str]) -> None:
    """Bring them into a session, if they are in none, and wait for the current."""
    idle = [serial for serial in serials if fleet.look(serial)["status"]["session"] is None]
    if idle:
        fleet.start_sessions(*idle, set_ma=[25.0, 25.0])
    wait_for(
        lambda: all(fleet.look(serial)["status"]["output"] == "on" for serial in serials),
        within_s=30,
        every_s=0.5,
        why="the sessions never began",
    )


def last_heard_s(fleet: Simulator, serial: str) -> float:
    """When the device's last record before it fell silent was made, by the truth log."""
    struck = [line["wall"] for line in fleet.truth.about(serial, "fault") if line["on"]][-1]
    made = [line["wall"] for line in fleet.truth.about(serial, "record") if line["wall"] <= struck]
    return float(max(made)) / 1000


def test_ten_links_that_stutter_and_one_that_dies_make_exactly_one_high_alert(
    house: House, fleet: Simulator
) -> None:
    watched = fleet.serials[:WATCHED]
    in_session(fleet, watched)
    assert [one for one in alerts(house) if one["priority"] == "high"] == []
    stuttering, dead = watched[:STUTTERING], watched[STUTTERING]
    for serial in stuttering:
        fleet.ask(fault="link_stuttering", serial=serial, args={"down_s": 3.0, "up_s": 2.0})
    fleet.ask(fault="link_half_open", serial=dead)
    alert = wait_alert(house, within_s=20, device=dead, rule="link_lost")
    told_s = time.time()
    fleet.wait_made(10 * WATCHED, within_s=30)  # the ten stutter on
    for serial in stuttering:
        fleet.ask(clear="link_stuttering", serial=serial)
    assert told_s - last_heard_s(fleet, dead) <= WITHIN_S
    assert alert["priority"] == "high"
    assert [one["id"] for one in alerts(house, priority="high")] == [alert["id"]]
    assert [one for one in alerts(house) if one["device"] in stuttering] == []
    fleet.ask(clear="link_half_open", serial=dead)
    wait_alert(house, within_s=60, id=alert["id"], state="cleared")


def test_an_access_point_that_dies_is_one_line_and_a_needle_elsewhere_stands_on_top(
    house: House, fleet: Simulator
) -> None:
    behind, elsewhere = fleet.serials[:BEHIND_ONE_ACCESS_POINT], fleet.serials[-1]
    in_session(fleet, [elsewhere])
    ids = {one["id"] for one in alerts(house)}
    house.sql("UPDATE devices_device SET uplink = 'AP 3' WHERE serial = ANY(%s)", behind)
    for serial in behind:
        fleet.ask(fault="link_half_open", serial=serial)
    began_s = time.time()
    wait_alert(house, within_s=15, rule="group_silent", priority="high")
    fleet.ask(fault="overdrive", serial=elsewhere, args={"factor": 1.6})
    needle = wait_alert(house, within_s=15, device=elsewhere, rule="over_current")
    told_s = time.time()
    assert needle["priority"] == "high"
    first = first_over_s(fleet, elsewhere)
    assert told_s - first <= NEEDLE_S
    assert lines(house)[0]["id"] == needle["id"], "the newest high alert stands on top"
    wait_for(lambda: time.time() - began_s > 25, within_s=40, why="")
    shown = [one for one in lines(house) if one["id"] not in ids]
    assert len(shown) <= 3, [(one["rule"], one["device"], one["text"]) for one in shown]
    [cause] = [one for one in shown if one["rule"] == "group_silent"]
    explained = [one for one in alerts(house) if one["cause"] == cause["id"]]
    assert {one["device"] for one in explained} >= set(fleet.serials[:WATCHED]), "those in session, folded"
    for serial in behind:
        fleet.ask(clear="link_half_open", serial=serial)
    fleet.ask(clear="overdrive", serial=elsewhere)
    fleet.wait_connected(within_s=90)
    wait_alert(house, within_s=60, id=cause["id"], state="cleared")


def first_over_s(fleet: Simulator, serial: str) -> float:
    """When the device first made a record with more current than it was ever set to, by the truth log."""

    def found() -> list[float]:
        truth = fleet.truth  # written once a second: the strike itself may not be there yet
        struck = [line["wall"] for line in truth.about(serial, "fault") if line["on"]]
        records = [line for line in truth.about(serial, "record") if "ma" in line]
        before = max(
            (max(line["ma"]) for line in records if struck and line["wall"] < struck[-1]), default=1e9
        )
        return [line["wall"] / 1000 for line in records if max(line["ma"]) > 1.3 * before]

    return wait_for(found, within_s=5, why="no record had too much current")[0]


@pytest.mark.parametrize("part", ["worker", "ingest"])
def test_whoever_of_the_two_clocks_dies_the_other_says_so_and_goes_on(
    house: House, fleet: Simulator, part: str
) -> None:
    house.kill9(part)
    alert = wait_alert(house, within_s=20, rule=f"{part}_silent")
    assert alert["device"] is None
    if part == "worker":
        silent = fleet.serials[1]
        in_session(fleet, [silent])
        fleet.ask(fault="link_half_open", serial=silent)
        wait_alert(house, within_s=20, rule="link_lost", device=silent)
        fleet.ask(clear="link_half_open", serial=silent)
    house.start(part)
    wait_alert(house, within_s=30, id=alert["id"], state="cleared")


def test_an_impedance_at_its_limit_is_one_alert_that_chatters_and_is_told_once_whoever_is_killed(
    house: House,
) -> None:
    until_s = time.monotonic() + full_or(0, 600)
    with Air(house) as air:
        device = air.device()
        device.session = "at-the-limit"
        device.connect()
        while True:
            for victim in ("ingest", "worker", "redis", "postgres"):
                cross_the_limit(device, times=4)
                house.kill9(victim)
                house.start(victim)
            cross_the_limit(device, times=4)
            if time.monotonic() >= until_s:
                break
        device.wait_watermark(device.seq)
        rows = house.sql(
            """SELECT a.id, a.chattering, a.count, a.escalation FROM (
                   SELECT a.*, (SELECT count(*) FROM paging_escalation e WHERE e.alert_id = a.id) AS escalation
                   FROM safety_alert a) a
               JOIN devices_device d ON d.id = a.device_id
               WHERE d.serial = %s AND a.rule = 'electrode_off'""",
            device.serial,
        )
    assert len(rows) == 1, rows
    [(alert_id, chatters, count, escalations)] = rows
    assert count >= 10
    assert chatters
    assert escalations == 1
    told = house.sql(
        """SELECT episode, step, round, channel, user_id, webhook_id, push_id FROM paging_delivery
           WHERE alert_id = %s""",
        alert_id,
    )
    assert len({row[1:] for row in told}) == len(told), "one notification a step, however often it came back"


def cross_the_limit(device: Device, *, times: int) -> None:
    """The pair's impedance crosses its limit and comes back, at 1 Hz; the device goes on."""
    for n in range(2 * times):
        off = n % 2
        device.telemetry(
            set_ma=[30.0, 30.0],
            contact=["electrode" if off else "ok", "ok"],
            ohm=[47_900 if off else 820, 820],
        )
        time.sleep(0.5)  # the pace of the device
    device.status()
