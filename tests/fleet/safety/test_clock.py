"""The clock of alerts: a step that fails is told and stops no other, and pages wait for causes after a start."""

from datetime import datetime, timedelta

import pytest

from devices.models import Pulse
from fleet.access.models import Site
from fleet.safety import clock as clocks
from fleet.safety.clock import Clock
from fleet.safety.models import Alert
from tests.fleet.safety.clinic import NOON, Clinic


@pytest.fixture
def clock(db: None) -> Clock:
    return Clock("ingest", started_at=NOON)


def test_a_step_that_fails_is_told_as_broken_and_the_others_go_on(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    taken: list[datetime] = []

    def breaks(_now: datetime) -> None:
        raise ZeroDivisionError("a site without devices")

    monkeypatch.setattr(clock, "_steps", {"link_lost": breaks, "": taken.append})
    clock.tick(NOON)
    clock.tick(NOON + timedelta(seconds=1))
    [alert] = Alert.objects.all()
    assert (alert.rule, alert.subject, alert.state) == ("rule_broken", "link_lost", "raised")
    assert alert.facts == {"rule": "link_lost", "error": "ZeroDivisionError: a site without devices"}
    assert len(taken) == 2
    monkeypatch.setattr(clock, "_steps", {"link_lost": taken.append})
    clock.tick(NOON + timedelta(seconds=2))
    alert.refresh_from_db()
    assert alert.state == "cleared"


def test_what_an_earlier_process_found_broken_is_cleared_by_the_next_that_is_not(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    def breaks(_now: datetime) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(clock, "_steps", {"link_lost": breaks})
    clock.tick(NOON)
    Clock().tick(NOON + timedelta(seconds=1))
    assert Alert.objects.get().state == "cleared"


def test_the_worker_watches_every_part_but_itself_and_the_database_it_needs():
    assert {"ingest", "dispatch", "courier", "broker"} == set(clocks.WATCHED_BY_WORKER)


# --- the hold after a start ---


def test_after_a_start_pages_below_high_wait_until_causes_are_known(clock: Clock):
    clinic = Clinic(Site.objects.create(slug="ward", name="Ward"), clock.sweep)
    low, high = Alert(priority="medium"), Alert(priority="high")
    held = clock.held(NOON)
    assert (held(low), held(high)) == (True, False)
    clinic.at_s = 2
    clinic.ingest_lives(silence_counts_from_s=15)  # it has just started: causes are not known yet
    clinic.look()
    assert clock.held(clinic.now)(low)
    clinic.ingest_lives()
    clinic.look()
    assert not clock.held(clinic.now)(low)


def test_the_hold_never_lasts_longer_than_ten_seconds(clock: Clock):
    assert clock.holds_until(NOON + timedelta(seconds=9.9)) == NOON + timedelta(seconds=10)
    assert clock.holds_until(NOON + timedelta(seconds=10)) is None


def test_a_start_of_ingest_holds_pages_too(clock: Clock):
    clock.sweep.has_looked = True
    Pulse.objects.create(part="ingest", at=NOON, detail={"started_at": NOON.isoformat()})
    assert clock.holds_until(NOON + timedelta(seconds=3)) == NOON + timedelta(seconds=10)
