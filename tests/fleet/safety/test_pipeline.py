"""A silent part of the server is an alert of every site."""

from datetime import timedelta

import pytest

from devices.models import Pulse
from fleet.access.models import Site
from fleet.safety.models import Alert
from fleet.safety.pipeline import Watch
from tests.fleet.safety.clinic import NOON, Clinic

PARTS = ("ingest", "dispatch", "courier", "broker")


@pytest.fixture
def watch(db: None) -> Watch:
    return Watch(PARTS)


class Server:
    """Parts that say each second that they live."""

    def __init__(self, watch: Watch) -> None:
        self.watch, self.at_s = watch, 0.0

    def go_on(self, until_s: float, *dead: str, broker: bool = True, cut_off: bool = False) -> None:
        while self.at_s < until_s:
            self.at_s += 1
            now = NOON + timedelta(seconds=self.at_s)
            for part in {"ingest", "dispatch", "courier"} - set(dead):
                has_broker = broker and not (cut_off and part == "dispatch")
                Pulse.objects.update_or_create(
                    part=part, defaults={"at": now, "detail": {"broker": has_broker}}
                )
            self.watch.look(now)


@pytest.fixture
def server(watch: Watch) -> Server:
    return Server(watch)


def told() -> list[tuple[str, str]]:
    return list(Alert.objects.order_by("pk").values_list("rule", "state"))


@pytest.mark.parametrize("part", ["ingest", "dispatch", "courier"])
def test_a_part_that_is_silent_for_more_than_ten_seconds_is_told_once_to_every_site(
    server: Server, part: str
):
    server.go_on(12)
    server.go_on(22, part)
    assert told() == []
    server.go_on(30, part)
    [alert] = Alert.objects.all()
    assert (alert.rule, alert.priority, alert.site, alert.device) == (f"{part}_silent", "high", None, None)
    server.go_on(31)
    assert told() == [(f"{part}_silent", "cleared")]


def test_a_dispatcher_that_is_cut_off_from_the_broker_is_told_as_one_that_is_silent(server: Server) -> None:
    server.go_on(12)
    server.go_on(21, cut_off=True)
    assert told() == []
    server.go_on(23, cut_off=True)
    assert told() == [("dispatch_silent", "raised")]
    server.go_on(24)
    assert told() == [("dispatch_silent", "cleared")]


def test_a_broker_that_is_away_is_told_once_and_not_as_a_dispatcher_that_is_cut_off(server: Server) -> None:
    server.go_on(12)
    server.go_on(40, broker=False)
    assert told() == [("broker_silent", "raised")]
    server.go_on(41)
    assert told() == [("broker_silent", "cleared")]


def test_a_broker_that_ingest_has_lost_is_told_and_of_a_silent_ingest_nothing_is_known_of_the_broker(
    server: Server,
):
    server.go_on(12)
    server.go_on(24, broker=False)
    assert told() == [("broker_silent", "raised")]
    server.go_on(40, "ingest")
    assert told() == [("broker_silent", "raised"), ("ingest_silent", "raised")]
    server.go_on(42)
    assert told() == [("broker_silent", "cleared"), ("ingest_silent", "cleared")]


def test_after_a_start_of_everything_old_pulses_say_nothing(server: Server):
    for part in ("ingest", "dispatch", "courier"):
        Pulse.objects.create(part=part, at=NOON - timedelta(hours=8))
    server.go_on(9, "dispatch", "courier")
    server.go_on(30)
    assert told() == []


def test_a_machine_that_slept_wakes_without_an_alert(server: Server):
    server.go_on(20)
    server.at_s += 3600
    server.go_on(server.at_s + 1, "ingest", "dispatch", "courier")
    server.go_on(server.at_s + 20)
    assert told() == []


def test_a_part_that_was_never_started_here_is_no_alert(watch: Watch):
    for second in range(40):
        watch.look(NOON + timedelta(seconds=second))
    assert told() == []


def test_an_ingest_that_dies_is_no_silent_room(db: None):
    """It takes in nothing more, and its last sign of life is younger than the last message of any device."""
    clinic = Clinic(Site.objects.create(slug="ward", name="Ward"))
    room = clinic.devices(4, uplink="AP-1")
    clinic.go_on(3, room)
    clinic.at_s += 0.9
    clinic.ingest_lives()
    for _second in range(8):
        clinic.at_s += 1
        clinic.look()
    assert not Alert.objects.exists()
