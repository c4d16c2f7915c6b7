"""On duty: taking over, handing over, ending it; and who may."""

from datetime import date, time, timedelta

import pytest

from devices.models import State
from fleet.access.errors import Denied, NotVisible, Refused
from fleet.access.models import AuditEntry, Role, Site
from fleet.paging import duty, service
from fleet.paging.models import Turn
from fleet.safety.models import OutOfService
from fleet.safety.words import Duty


def take(actor, site, now, note="", of=Duty.CARE):
    return duty.take_over(actor=actor, site=site, duty=of, note=note, now=now)


def who(site, now, of=Duty.CARE):
    return [one.user.username for one in duty.on_duty_at(site, of, now)]


def test_nobody_is_on_duty_until_somebody_takes_over(nurse, site, now):
    assert who(site, now) == []
    take(nurse, site, now)
    assert who(site, now) == ["nora"]
    assert who(site, now, Duty.TECHNICAL) == []


def test_the_next_one_takes_over_from_the_one_before(nurse, person, site, now):
    first = take(nurse, site, now)
    olga = person("olga", site)
    later = now + timedelta(hours=2)
    take(olga, site, later)
    first.refresh_from_db()
    assert (who(site, later), first.until) == (["olga"], later)


def test_taking_over_what_one_has_keeps_the_turn_and_adds_the_note(nurse, site, now):
    first = take(nurse, site, now)
    again = take(nurse, site, now + timedelta(hours=1), note="Bed 3: cable is loose")
    assert again == first
    assert [note.text for note in site.duty_notes.all()] == ["Bed 3: cable is loose"]


def test_a_turn_that_was_over_ends_when_it_was_over_not_when_the_next_one_came(nurse, person, site, now):
    first = take(nurse, site, now)
    take(person("olga", site), site, now + timedelta(hours=40))
    first.refresh_from_db()
    assert first.until == now + timedelta(hours=16)


def test_a_turn_that_nobody_ended_has_an_end_all_the_same(nurse, site, now):
    turn = take(nurse, site, now)
    assert duty.end_lapsed(now + timedelta(hours=15)) == 0
    assert duty.end_lapsed(now + timedelta(hours=20)) == 1
    turn.refresh_from_db()
    assert turn.until == now + timedelta(hours=16)


def test_only_who_may_take_a_duty_takes_it(engineer, person, site, now):
    with pytest.raises(Denied):
        take(engineer, site, now)
    assert AuditEntry.objects.filter(action="denied.take_care").exists()
    with pytest.raises(NotVisible):
        take(person("sven", Site.objects.create(slug="other", name="Other")), site, now)
    take(engineer, site, now, of=Duty.TECHNICAL)


def test_one_ends_ones_own_turn_and_whoever_manages_telling_anybodys(nurse, engineer, person, site, now):
    turn = take(nurse, site, now)
    with pytest.raises(Denied):
        duty.end_turn(actor=person("olga", site), turn=turn, now=now)
    assert duty.end_turn(actor=engineer, turn=turn, now=now + timedelta(hours=1))
    assert not duty.end_turn(actor=nurse, turn=turn, now=now + timedelta(hours=2))
    assert who(site, now + timedelta(hours=1)) == []


def test_a_handover_says_what_is_open_shelved_silent_out_of_service_and_noted(
    alert, device, nurse, person, site, now
):
    olga = person("olga", site)
    take(olga, site, now - timedelta(hours=8))
    duty.leave_note(actor=olga, site=site, text="Bed 3:  cable is loose", now=now - timedelta(hours=1))
    alert(rule="battery_low", priority="low", channel=None, facts={"soc": 9})
    alert(rule="low_current", state="cleared", facts={})  # the older, and over
    cause = alert()
    alert(rule="link_lost", cause=cause)
    alert(
        rule="rejects", priority="low", shelved_until=now + timedelta(hours=1), shelf_reason="known", facts={}
    )
    State.objects.create(device=device, link="offline", heard_at=now, session="S-1")
    OutOfService.objects.create(device=device, since=now, reason="repair", by=nurse)
    told = take(nurse, site, now).handover
    assert [(one["rule"], one["explains"]) for one in told["open"]] == [
        ("electrode_off", 1),
        ("low_current", 0),
        ("battery_low", 0),
    ]
    assert [(one["rule"], one["shelf_reason"]) for one in told["shelved"]] == [("rejects", "known")]
    assert [(one["serial"], one["link"], one["in_session"]) for one in told["silent"]] == [
        ("EMS-0001", "offline", True)
    ]
    assert [one["reason"] for one in told["out_of_service"]] == ["repair"]
    assert [(one["by"], one["text"]) for one in told["notes"]] == [("olga", "Bed 3: cable is loose")]
    assert told["before"]["name"] == "olga"
    assert told["counts"]["open"] == 3


def test_an_empty_house_hands_over_nothing_and_says_so(nurse, site, now):
    told = take(nurse, site, now).handover
    assert told["counts"] == {"open": 0, "shelved": 0, "silent": 0, "out_of_service": 0, "notes": 0}
    assert told["before"] is None


def test_the_rota_names_only_who_may_take_the_duty(nurse, engineer, site, now):
    hours = {"weekdays": [0, 1], "starts": time(8), "ends": time(16), "first_day": date(2026, 1, 1)}
    with pytest.raises(Refused, match="may not be on this duty"):
        service.add_shift(actor=engineer, site=site, duty=Duty.CARE, user=engineer, **hours)
    lines = service.add_shift(actor=engineer, site=site, duty=Duty.CARE, user=nurse, **hours)
    assert who(site, now) == ["nora"]
    for line in lines:
        service.remove_shift(actor=engineer, shift=line)
    assert who(site, now) == []
    with pytest.raises(Denied):
        service.add_shift(actor=nurse, site=site, duty=Duty.CARE, user=nurse, **hours)


def test_who_took_over_is_known_to_the_record(nurse, site, now):
    turn = take(nurse, site, now)
    entry = AuditEntry.objects.get(action="duty.taken")
    assert (entry.actor, entry.subject, entry.detail["turn"]) == (nurse, "care", turn.pk)


def test_many_sites_are_asked_for_at_once(django_assert_max_num_queries, person, now):
    sites = [Site.objects.create(slug=f"s{n}", name=f"S{n}") for n in range(20)]
    for site in sites:
        Turn.objects.create(site=site, duty="care", user=person(f"n{site.pk}", site, Role.NURSE), since=now)
    with django_assert_max_num_queries(3):
        assert sum(map(len, duty.on_duty(sites, now).values())) == 20
