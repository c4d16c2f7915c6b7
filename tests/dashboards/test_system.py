"""The system page: who may see it, what it says on good and bad days, and what to do about it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from dashboards.system import servers
from dashboards.system.heart import Heart
from devices.models import Pulse, Reject, SlowSpell
from devices.spells import Round, Spell
from devices.store import pulses, spells
from tests.dashboards.api.ward import Ward

PARTS = ("ingest", "dispatch", "worker", "courier", "beat", "web")


@pytest.fixture(autouse=True)
def _measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "disk", servers.Remembered(servers.ask_disk, 0))


@pytest.fixture
def engineer(ward: Ward, client: Client) -> Client:
    client.force_login(User.objects.get(username="engineer"))
    return client


@pytest.fixture
def alive(db: None) -> None:
    for part in PARTS:
        pulses.beat(part, timezone.now(), {"broker": True})


def tell(part: str, **detail: Any) -> None:
    pulse = Pulse.objects.get(part=part)
    pulse.detail |= detail
    pulse.save()


def silence(*parts: str) -> None:
    Pulse.objects.filter(part__in=parts).update(at=timezone.now() - timedelta(seconds=30))


def page(client: Client) -> str:
    answer = client.get("/system/?part=live")
    assert answer.status_code == 200
    return answer.content.decode()


def words(markup: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup))


def todo(client: Client) -> str:
    return words(page(client).partition('class="tasks"')[2].partition("</ul>")[0])


def row(markup: str, part: str) -> str:
    found = re.search(rf'<tr data-key="{part}".*?</tr>', markup, re.S)
    assert found, part
    return words(found.group())


@pytest.mark.parametrize("who,status", [("engineer", 200), ("admin", 200), ("nurse", 404), ("stranger", 404)])
def test_the_system_page_exists_for_who_keeps_the_server(
    ward: Ward, client: Client, who: str, status: int
) -> None:
    client.force_login(User.objects.get(username=who))
    assert client.get("/system/").status_code == status
    assert client.get("/system/?part=live").status_code == status


def test_on_a_good_day_there_is_nothing_to_do(engineer: Client, alive: None) -> None:
    markup = page(engineer)
    assert "Every part lives" in todo(engineer)
    for part in (*PARTS, "broker", "database", "redis"):
        assert 'data-level="good"' in re.search(rf'<tr data-key="{part}".*?</tr>', markup, re.S)[0], part  # type: ignore[index]
    assert settings.VERSION in row(markup, "ingest")


@pytest.mark.parametrize(
    "part,advice",
    [("ingest", "Broker and devices keep everything"), ("dispatch", "nobody can stop a device from here")],
)
def test_a_silent_part_is_named_with_what_to_do(
    engineer: Client, alive: None, part: str, advice: str
) -> None:
    silence(part)
    assert advice in todo(engineer)
    assert "30 s" in row(page(engineer), part)


def test_a_dispatcher_that_is_cut_off_from_the_broker_is_no_healthy_one(
    engineer: Client, alive: None
) -> None:
    tell("dispatch", broker=False, version="0.0.9", build="")
    assert "no connection to the broker: no command goes out" in row(page(engineer), "dispatch")
    assert "_dispatch may log in" in todo(engineer)
    assert "Commands do not go out to the devices" in engineer.get("/").content.decode()


def test_what_a_silent_part_said_last_is_no_figure_of_now(engineer: Client, alive: None) -> None:
    tell("ingest", rates={"messages": 417.0})
    assert "417" in page(engineer)
    silence("ingest")
    assert "417" not in page(engineer)


def test_ticks_that_wait_tell_a_dead_worker_from_a_dead_beat(
    engineer: Client, alive: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence("worker", "beat")
    assert "look at beat first" in todo(engineer)
    assert "sends no ticks" in row(page(engineer), "beat")
    monkeypatch.setattr(servers, "ask_redis", lambda: servers.Redis(ticks_waiting=40))
    assert "nobody takes them" in todo(engineer)
    assert "its ticks wait" in row(page(engineer), "beat")


def test_a_part_in_another_version_than_the_web_is_flagged(engineer: Client, alive: None) -> None:
    tell("worker", version="0.0.9", build="")
    assert "It runs 0.0.9" in todo(engineer)


def test_without_redis_the_page_says_so_and_shows_the_rest(
    engineer: Client, alive: None, settings: Settings
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "Redis: does not answer" in todo(engineer)
    assert "lives" in row(page(engineer), "ingest")


def test_a_broker_that_drops_messages_is_told(engineer: Client, alive: None) -> None:
    told = {"dropped": 7.0, "stored": 90.0, "retained": 66.0, "at_ms": timezone.now().timestamp() * 1000}
    tell("ingest", broker_told=told, broker_rates={"broker_dropped": 0.2})
    assert "drops messages now" in todo(engineer)
    assert re.search(r"messages it holds for clients\s+24\b", words(page(engineer)))


def test_refused_messages_stand_by_reason_with_their_remedy_and_lead_to_the_list(
    engineer: Client, alive: None
) -> None:
    now = timezone.now()
    for hours, count in ((0, 3), (5, 40), (30, 500)):
        at = now - timedelta(hours=hours)
        Reject.objects.create(at=at, hour=at, topic="t", reason="json", detail="", excerpt=b"", count=count)
    markup = page(engineer)
    assert "/rejects/?reason=json" in markup
    assert re.search(r"Not readable as JSON.*\b3\s+43\b", words(markup))


def test_growth_is_not_foretold_before_a_whole_day_is_over(engineer: Client, alive: None) -> None:
    assert "not known before the first whole day" in words(page(engineer))


@pytest.mark.parametrize("minute,is_late", [(1, False), (119, False), (121, True)])
def test_a_day_that_waits_for_the_next_look_at_night_is_no_task(
    engineer: Client, alive: None, monkeypatch: pytest.MonkeyPatch, minute: int, is_late: bool
) -> None:
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    over = midnight.date() - timedelta(days=settings.TELEMETRY_DAYS + 1)
    sizes = servers.Sizes(2**30, {over: 2**20}, over, None, is_local=False)
    monkeypatch.setattr(servers.stored, "sizes", lambda: sizes)
    monkeypatch.setattr(servers.timezone, "now", lambda: midnight + timedelta(minutes=minute))
    assert (servers.ask_disk().overdue_days, servers.ask_disk().late_days) == (1, int(is_late))
    disk = servers.ask_disk()
    monkeypatch.undo()
    monkeypatch.setattr(servers, "disk", servers.Remembered(lambda: disk, 0))
    assert ("1 day is kept beyond its time" in todo(engineer)) == is_late
    assert "1 day waits to be let go" in words(page(engineer))


def test_a_disk_elsewhere_is_not_guessed(
    engineer: Client, alive: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "_disk_of", lambda _sizes: (None, None))
    assert "How much is free is not known" in words(page(engineer))


def test_a_slow_spell_shows_where_its_time_went(engineer: Client, alive: None) -> None:
    worst = Round({"decode": 40, "states": 1200}, waited_ms=60, messages=37, backlog=812)
    now_ms = int(timezone.now().timestamp() * 1000)
    spells.keep("ingest", Spell(now_ms - 3000, now_ms, worst, now_ms, rounds=4))
    told = words(page(engineer))
    assert re.search(r"1\.3 s ingest", told)
    assert re.search(r"write states 1\.2 s.*waited to be taken 60 ms", told)
    assert "37 messages in the worst batch, 812 waited behind it" in told
    assert "a lock was held" in told


def test_a_spell_that_goes_on_is_one_row_and_a_day_has_a_bound(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spells, "MOST_A_DAY", 3)
    one = Spell(1_000, 2_000, Round({"copy": 900}), 2_000)
    for _ in range(3):
        spells.keep("ingest", one)
        one.rounds += 1
    assert SlowSpell.objects.get().rounds == 3
    for _ in range(5):
        spells.keep("ingest", Spell(3_000, 4_000, Round({"copy": 900}), 4_000))
    assert SlowSpell.objects.count() == 3
    spells.keep("web", Spell(3_000, 4_000, Round({"page": 900}), 4_000))
    assert SlowSpell.objects.count() == 4
    spells.prune(datetime(2026, 1, 1, tzinfo=UTC))
    assert not SlowSpell.objects.exists()


def test_a_slow_request_is_kept_by_its_route_alone(db: None, settings: Settings) -> None:
    heart = Heart()
    for _ in range(2):  # the first one loads the pages
        heart.request("GET /devices/<str:serial>/", 2_400, 1_900)
    heart.request("POST /login/", 9_000, 1)
    heart._beat()
    kept = SlowSpell.objects.get()
    assert (kept.part, kept.what, kept.worst_ms) == ("web", "GET /devices/<str:serial>/", 2_400)
    assert kept.steps == [["database", 1_900], ["page", 500]]
    assert Pulse.objects.get(part="web").detail["counters"]["requests"] == 3


def test_a_request_is_timed_with_its_share_of_the_database(engineer: Client, alive: None) -> None:
    from dashboards.system.heart import HEART

    before = HEART.detail()["counters"].get("requests", 0)
    engineer.get("/system/")
    assert HEART.detail()["counters"]["requests"] == before + 1


# --- stops that go past the database ---


@pytest.mark.parametrize(
    "detail,level,said",
    [
        ({"direct": True}, "good", "stops need no database"),
        ({"direct": False}, "warn", "without the database nothing could be stopped"),
        ({"direct": True, "gauges": {"direct_stops_to_book": 2}}, "warn", "are not booked: 2"),
    ],
)
def test_dispatch_says_how_the_way_past_the_database_stands(
    alive: None, engineer: Client, detail: dict[str, Any], level: str, said: str
) -> None:
    page(engineer)  # the first one is slow
    pulses.beat("dispatch", timezone.now(), detail)
    assert said in row(page(engineer), "dispatch")
    assert (said in todo(engineer)) == (level == "warn")


def test_a_server_without_such_a_way_says_who_makes_one(
    alive: None, engineer: Client, settings: Settings
) -> None:
    settings.DIRECT_URL = ("127.0.0.1", 8765)
    assert "Whoever runs this server sets DIRECT_URL" in words(page(engineer))  # dispatch has none
    tell("dispatch", direct=True)
    assert "DIRECT_URL" not in page(engineer)
    settings.DIRECT_URL = None
    assert "Whoever runs this server sets DIRECT_URL" in words(page(engineer))
