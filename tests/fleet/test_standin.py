"""Ingest's second pair of hands: the clock while the worker is silent, and a call when the database is gone."""

import time
from datetime import timedelta

import pytest

from devices.models import Pulse
from fleet.access.models import Site
from fleet.safety.models import Alert
from fleet.standin import Standin
from tests.fleet.safety.clinic import Clinic


class Calls:
    """Stands where people are called without a database; says what was asked of it."""

    def __init__(self) -> None:
        self.remembered, self.made = 0, list[str]()

    def remember(self) -> None:
        self.remembered += 1

    def call(self, what: str) -> None:
        self.made.append(what)


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def standin(calls: Calls, clinic: Clinic) -> Standin:
    return Standin(calls, now=lambda: clinic.now)


def pass_seconds(clinic: Clinic, standin: Standin, until_s: float, *, worker: bool, heard=()) -> None:
    while clinic.at_s < until_s:
        clinic.at_s += 1
        clinic.ingest_lives()
        clinic.hear(heard)
        if worker:
            Pulse.objects.update_or_create(part="worker", defaults={"at": clinic.now, "detail": {}})
        standin.ask()
        standin.look()


@pytest.fixture
def clinic(db: None) -> Clinic:
    return Clinic(Site.objects.create(slug="ward", name="Ward"))


def test_while_the_worker_lives_ingest_leaves_silence_to_it(clinic: Clinic, standin: Standin):
    clinic.devices(4)
    pass_seconds(clinic, standin, 30, worker=True)
    assert not standin.is_standing_in
    assert not Alert.objects.exists()


def test_a_worker_silent_for_ten_seconds_is_told_and_ingest_looks_who_falls_silent_until_it_is_back(
    clinic: Clinic, standin: Standin
):
    [lost, *others] = clinic.devices(4)
    pass_seconds(clinic, standin, 15, worker=True, heard=[lost, *others])
    pass_seconds(clinic, standin, 25, worker=False, heard=[lost, *others])
    assert not Alert.objects.exists()
    pass_seconds(clinic, standin, 34, worker=False, heard=others)
    lines = {one.rule: one for one in clinic.top_lines()}
    assert lines.keys() == {"worker_silent", "link_lost"}
    assert (lines["worker_silent"].site, lines["worker_silent"].priority) == (None, "high")
    assert lines["link_lost"].device == lost
    pass_seconds(clinic, standin, 35, worker=True, heard=others)
    assert not standin.is_standing_in
    assert Alert.objects.get(rule="worker_silent").state == "cleared"


def test_whom_to_call_is_remembered_while_the_database_lives(clinic: Clinic, standin: Standin, calls: Calls):
    pass_seconds(clinic, standin, 3, worker=True)
    assert calls.remembered == 3


def test_a_database_that_does_not_answer_for_ten_seconds_is_called_out_once(standin: Standin, calls: Calls):
    start_s = time.monotonic()
    for second in range(10):
        standin.listen(start_s + second)
    assert calls.made == []
    for second in range(11, 60):
        standin.listen(start_s + second)
    assert calls.made == ["database"]


def test_hands_that_wait_for_redis_are_no_sign_of_a_database_that_is_gone(
    clinic: Clinic, standin: Standin, calls: Calls, monkeypatch: pytest.MonkeyPatch
):
    now_s = start_s = time.monotonic()
    monkeypatch.setattr("fleet.standin.time.monotonic", lambda: now_s)
    for second in range(30):  # nobody looks meanwhile
        now_s = start_s + second
        standin.ask()
        standin.listen(now_s)
    assert calls.made == []


def test_a_process_that_was_stopped_itself_gives_the_database_a_try_before_it_calls(
    standin: Standin, calls: Calls
):
    start_s = time.monotonic()
    standin.listen(start_s + 3_600)
    standin.listen(start_s + 3_605)
    assert calls.made == []
    for second in range(3_606, 3_612):
        standin.listen(start_s + second)
    assert calls.made == ["database"]


def test_a_database_that_is_back_leaves_an_alert_that_it_was_gone(
    clinic: Clinic, standin: Standin, calls: Calls
):
    pass_seconds(clinic, standin, 3, worker=True)
    for second in range(15):
        standin.listen(time.monotonic() + second)
    clinic.at_s += 40
    pass_seconds(clinic, standin, clinic.at_s + 1, worker=True)
    [alert] = Alert.objects.all()
    assert (alert.rule, alert.state, alert.cleared_at) == ("database_silent", "cleared", clinic.now)
    assert alert.cleared_at - alert.raised_at == timedelta(seconds=31)
    pass_seconds(clinic, standin, clinic.at_s + 20, worker=True)
    for second in range(9):
        standin.listen(time.monotonic() + second)
    assert calls.made == ["database"]
