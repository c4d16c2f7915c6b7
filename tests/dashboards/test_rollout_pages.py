"""The pages of rollouts: what they say, what they let people do, and what they refuse at which field."""

import re
from datetime import timedelta
from typing import Any, get_args, get_type_hints

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboards.api import rollout_schemas
from dashboards.rollouts import next_steps, plan_words
from dashboards.rollouts.bars import bar
from fleet.access.models import AuditEntry, Membership, Role
from fleet.rollouts.models import Rollout, Target
from tests.fleet.rollouts.fleetlet import Fleetlet, furnish

FORM: dict[str, Any] = {
    "version": "quad-strength:2",
    "by": "filter",
    "site": "north",
    "w1_kind": "percent",
    "w1_value": "25",
    "w2_kind": "percent",
    "w2_value": "100 %",
    "success": "95",
    "failure_share": "10",
    "failure_count": "3",
    "min_evaluated": "1",
    "deadline_min": "10",
    "retries": "1",
    "pace": "30",
    "soak_min": "0,5",
    "advance": "manual",
}


@pytest.fixture
def ward(db: None) -> Fleetlet:
    return furnish("EMS-1", "EMS-2", "EMS-3", "EMS-4")


def at(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def words(answer: Any) -> str:
    body = answer.content.decode()
    body = body[body.index("<main") : body.index("</main>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def told(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return words(answer)


def url(row: Rollout, more: str = "") -> str:
    return f"/rollouts/{row.pk}/{more}"


def seen(row: Rollout) -> dict[str, str]:
    """Return what the page's form says of the rollout that was read."""
    return {"rev": str(Rollout.objects.get(pk=row.pk).rev)}


# --- bars and words, without a database ---


def test_what_is_left_out_takes_no_place_in_a_bar_and_is_told_all_the_same() -> None:
    shown = bar({"verified": 3, "planned": 1, "withdrawn": 4})
    assert [(part.key, part.n, part.width) for part in shown.parts] == [
        ("good", 3, 750.0),
        ("planned", 1, 250.0),
        ("out", 4, 0.0),
    ]
    assert shown.total == 4


def test_those_out_of_reach_are_a_part_of_their_own() -> None:
    assert bar({"planned": 3}, unreachable=2).words == "1 waiting, 2 out of reach"


@pytest.mark.parametrize(
    "share, said",
    [(0.95, "95 %"), (0.995, "99.5 %"), (1.0, "100 %"), (0.9999, "99.9 %"), (0.0001, "0.1 %")],
)
def test_a_share_is_never_rounded_up_to_all_nor_down_to_nothing(share: float, said: str) -> None:
    assert plan_words.percent(share) == said


# --- the form ---


def test_the_preview_says_who_is_reached_in_which_wave_and_who_not_and_keeps_nothing(ward: Fleetlet) -> None:
    ward.says("EMS-2", session="S-1")
    ward.link("EMS-3", "offline")
    ward.says("EMS-4", sha256=ward.version.sha256)
    answer = at(ward.engineer).post("/rollouts/new/", FORM | {"deed": "preview"})
    said = words(answer)
    assert answer.status_code == 200
    assert "4 devices match." in said
    assert "1 in a session" in said
    assert "1 out of reach" in said
    assert "1 have it already" in said
    assert not Rollout.objects.exists()


def test_a_draft_is_saved_as_the_api_would_take_it_and_a_double_click_makes_one(ward: Fleetlet) -> None:
    engineer = at(ward.engineer)
    sent = FORM | {"deed": "save", "id": "0f5b1a9e-60a4-4f6a-8f06-0a4a4c5e2b11"}
    first, second = (engineer.post("/rollouts/new/", sent) for _ in range(2))
    row = Rollout.objects.get()
    assert first["Location"] == second["Location"] == url(row)
    assert row.waves_spec == [{"percent": 25}, {"percent": 100}]
    assert (row.success_threshold, row.failure_threshold, row.failure_count) == (0.95, 0.1, 3)
    assert (row.deadline_s, row.soak_s, row.advance, row.state) == (600, 30, "manual", "draft")


@pytest.mark.parametrize(
    "field, typed, said",
    [
        ("pace", "many", "“many” is no number."),
        ("success", "120", "Above 0 and at most 100 %."),
        ("failure_share", "nan", "“nan” is no number."),
        ("w2_value", "70", "The last wave must reach everybody: 100 %."),
        ("opens", "22:00", "A window has a beginning and an end."),
        ("version", "", "Choose the version that the devices are to have."),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_saved(
    ward: Fleetlet, field: str, typed: str, said: str
) -> None:
    answer = at(ward.engineer).post("/rollouts/new/", FORM | {field: typed, "deed": "save"})
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert said in str([text for name in errors for text in errors[name]])
    assert set(errors) <= {field, "closes"}
    assert not Rollout.objects.exists()


def test_without_any_limit_for_failure_the_field_says_so(ward: Fleetlet) -> None:
    sent = FORM | {"failure_share": "", "failure_count": "", "deed": "save"}
    answer = at(ward.engineer).post("/rollouts/new/", sent)
    assert list(answer.context["form"].errors) == ["failure_share"]


def test_hours_on_no_day_are_asked_about_and_never_taken_for_every_day(ward: Fleetlet) -> None:
    sent = FORM | {"days": [], "opens": "22:00", "closes": "06:00", "deed": "save"}
    answer = at(ward.engineer).post("/rollouts/new/", sent)
    assert answer.context["form"].errors == {"days": ["Choose at least one day on which the window begins."]}
    assert not Rollout.objects.exists()


def test_a_start_is_a_time_of_the_sites_own_clock(ward: Fleetlet) -> None:
    ward.clinic.north.time_zone = "Europe/Berlin"
    ward.clinic.north.save()
    at(ward.engineer).post("/rollouts/new/", FORM | {"start_at": "2030-01-15T08:00", "deed": "save"})
    start = Rollout.objects.get().start_at
    assert start is not None
    assert start.isoformat() == "2030-01-15T07:00:00+00:00"


def test_the_form_says_by_whose_clock_a_start_is_read_whichever_site_is_chosen(ward: Fleetlet) -> None:
    engineer, north = at(ward.engineer), ward.clinic.north
    north.time_zone = "Europe/Berlin"
    north.save()
    Membership.objects.create(user=ward.engineer, site=ward.clinic.far, role=Role.ENGINEER)
    shown = engineer.get("/rollouts/new/").context["form"]["start_at"].help_text
    assert shown.startswith("By the clock of the site that is chosen above; for all sites,")
    for more, read in (({}, "07:00"), ({"by": "serials", "serials": "EMS-1"}, "08:00")):
        engineer.post("/rollouts/new/", FORM | more | {"start_at": "2030-01-15T08:00", "deed": "save"})
        assert f"{Rollout.objects.latest('created_at').start_at:%H:%M}" == read


def test_a_draft_is_changed_where_it_was_left_and_not_over_somebody_elses_change(ward: Fleetlet) -> None:
    row, engineer = ward.draft(), at(ward.engineer)
    shown = engineer.get(url(row, "edit/")).context["form"].initial
    assert (shown["version"], shown["w1_value"], shown["success"]) == ("quad-strength:2", "100", "95")
    sent = FORM | {"rev": str(row.rev), "deed": "save"}
    assert engineer.post(url(row, "edit/"), sent | {"pace": "7"}).status_code == 302
    assert engineer.post(url(row, "edit/"), sent | {"pace": "9"}).status_code == 409
    assert Rollout.objects.get().pace_per_minute == 7


# --- approval ---


def test_a_clinician_who_did_not_write_it_approves_with_a_reason(ward: Fleetlet) -> None:
    row, clinician = ward.draft(), at(ward.clinician)
    at(ward.engineer).post(url(row, "submit/"), seen(row))
    said = told(clinician, url(row))
    assert "What the devices would get" in said
    assert "Against version 1, the one approved before:" in said
    assert "4 devices match" in said
    refused = clinician.post(url(row, "approve/"), {"reason": " "})
    assert refused.status_code == 422
    assert f'data-refresh="{url(row)}?part=view"' in refused.content.decode()  # such a page stays true, too
    stale = {"reason": "small and slow", "rev": str(row.rev)}
    assert clinician.post(url(row, "approve/"), stale).status_code == 302
    assert "Waits for approval" in told(clinician, url(row))
    assert clinician.post(url(row, "approve/"), stale | seen(row)).status_code == 302
    assert "Approved, not started" in told(clinician, url(row))


def test_nobody_is_offered_to_approve_their_own_and_a_forged_press_is_refused_and_on_record(
    ward: Fleetlet,
) -> None:
    row = ward.draft()
    row.authors.add(ward.clinician)
    at(ward.engineer).post(url(row, "submit/"), seen(row))
    clinician = at(ward.clinician)
    said = told(clinician, url(row))
    assert "nobody approves their own work" in said
    assert "Approve…" not in said
    assert clinician.post(url(row, "approve/"), {"reason": "trust me"}).status_code == 403
    assert AuditEntry.objects.filter(action="denied.approve_rollout").exists()


# --- a running one ---


def test_a_running_rollout_says_why_each_device_waits_and_what_comes_next(ward: Fleetlet) -> None:
    ward.link("EMS-3", "offline")
    ward.says("EMS-1", session="S-1")
    row = ward.started()
    ward.tick()
    ward.publish()
    ward.now += timedelta(seconds=1)
    ward.says("EMS-1", session="S-1", held="session")
    ward.answers("EMS-1", "received")
    ward.applies("EMS-2")
    ward.tick()
    said = told(at(ward.engineer), url(row))
    assert "In a session: the device takes it over after that, never inside." in said
    assert "Not reached: it gets its offer when it is online again." in said
    assert "1 verified" in said
    assert "Next:" in said


def test_people_are_called_by_their_names_and_who_is_gone_by_the_user_name(ward: Fleetlet) -> None:
    row, engineer, clinician = ward.started(), at(ward.engineer), ward.clinician
    clinician.first_name, clinician.last_name = "Ben", "Okri"
    clinician.save()
    Rollout.objects.filter(pk=row.pk).update(started_by="gone")
    shown = told(engineer, url(row))
    assert ("Approved by Ben Okri" in shown, "Started by gone" in shown) == (True, True)


def test_pressed_twice_a_deed_is_done_once_and_nobody_is_blamed(ward: Fleetlet) -> None:
    row, engineer = ward.started(), at(ward.engineer)
    engineer.post(url(row, "pause/"))
    engineer.post(url(row, "pause/"))
    assert "That was done already." in told(engineer, url(row))
    assert AuditEntry.objects.filter(action="rollout.paused").count() == 1


def test_the_same_press_on_go_on_never_skips_a_wave(ward: Fleetlet) -> None:
    row, engineer = (
        ward.started(waves=[{"count": 1}, {"count": 1}, {"percent": 100}], advance="manual"),
        at(ward.engineer),
    )
    ward.tick()
    ward.applies("EMS-1")
    ward.tick()
    ward.tick()
    assert "Go on" in told(engineer, url(row))
    for _press in range(2):
        engineer.post(url(row, "advance/"), {"wave": "1"})
    row.refresh_from_db()
    assert row.wave == 2


def test_one_that_stopped_itself_says_by_which_number_and_going_on_has_to_be_confirmed(
    ward: Fleetlet,
) -> None:
    row, engineer = ward.started(retries=0), at(ward.engineer)
    ward.tick()
    for serial in ("EMS-1", "EMS-2"):
        ward.answers(serial, "refused", "limits")
    ward.tick()
    said = told(engineer, url(row))
    assert "Stopped itself" in said
    assert "over and good" not in said
    assert "Next: nothing by itself: somebody goes on all the same" in said
    assert "Go on all the same…" in said
    assert "is judged no more; the record says that you went on" in said
    assert "Resume" not in said
    engineer.post(url(row, "retry/"))
    assert "Nothing was tried again: tick what is to get its offer anew." in told(engineer, url(row))
    row.refresh_from_db()
    assert row.state == "paused"


def test_a_rollback_can_be_ended_and_who_was_out_of_reach_is_taken_up_again(ward: Fleetlet) -> None:
    row = ward.started()
    ward.tick()
    ward.publish()
    ward.tick(1)
    ward.applies("EMS-1", "EMS-2", "EMS-3", "EMS-4")
    ward.tick()
    engineer = at(ward.engineer)
    assert "out of reach" not in told(engineer, url(row))
    for serial in ward.devices:
        ward.link(serial, "offline")
    ward.ask(row, "rollback")
    said = told(engineer, url(row))
    assert "Ends the rollback: no new offers." in said
    ward.tick()
    row.refresh_from_db()
    assert row.state == "rolled_back"
    assert "4 devices out of reach are taken up again" in told(engineer, url(row))
    engineer.post(url(row, "retry/"))
    row.refresh_from_db()
    assert row.state == "rolling_back"


def test_a_nurse_reads_it_all_and_can_press_nothing(ward: Fleetlet) -> None:
    row, nurse = ward.started(), at(ward.member("nora", Role.NURSE))
    assert "What you can do" not in told(nurse, url(row))
    assert nurse.post(url(row, "pause/")).status_code == 403


def test_devices_at_sites_that_the_reader_does_not_see_are_counted_and_never_named(ward: Fleetlet) -> None:
    ward.device("EMS-FAR", far=True)
    engineer = ward.member(ward.engineer.username, Role.ENGINEER, far=True)
    ward.member(ward.clinician.username, Role.CLINICIAN, far=True)
    row = ward.started(targets={"serials": ["EMS-1", "EMS-FAR"]})
    ward.tick()
    nurse = at(ward.member("nora", Role.NURSE))
    assert "2 devices, 1 of them at a site that you do not see" in told(nurse, url(row))
    for more in ("", "targets/", "decisions/"):
        assert "EMS-FAR" not in told(nurse, url(row, more))
        assert "EMS-1" in told(at(engineer), url(row, more)) or not more
    csv = nurse.get(url(row, "targets.csv")).getvalue().decode()
    assert "EMS-1" in csv
    assert "EMS-FAR" not in csv


# --- one device ---


def test_a_device_is_never_said_to_have_what_it_does_not_report(ward: Fleetlet) -> None:
    ward.started(targets={"serials": ["EMS-1"]})
    engineer = at(ward.engineer)
    ward.tick()
    assert "Offered" in told(engineer, "/devices/EMS-1/")
    ward.answers("EMS-1", "done")
    ward.tick()
    assert "Says done" in told(engineer, "/devices/EMS-1/")
    ward.applies("EMS-1")
    ward.tick()
    assert Target.objects.get().state == "verified"
    assert "as wanted" in told(engineer, "/devices/EMS-1/")
    ward.says("EMS-1")  # somebody put the old one back
    assert "drifted" in told(engineer, "/devices/EMS-1/")


def test_an_engineer_sets_the_risk_class_and_it_is_on_record(ward: Fleetlet) -> None:
    engineer = at(ward.engineer)
    answer = engineer.post("/devices/EMS-1/risk/", {"risk_class": "bench"})
    assert answer.status_code == 302
    assert "bench: on no person" in told(engineer, "/devices/EMS-1/")
    entry = AuditEntry.objects.get(action="device.risk_class")
    assert (entry.subject, entry.detail["name"]) == ("EMS-1", "bench")
    assert engineer.post("/devices/EMS-1/risk/", {"risk_class": "IIa"}).status_code == 422


def test_outside_its_hours_a_rollout_says_when_they_begin(ward: Fleetlet) -> None:
    hours = {"from": "01:00", "to": "01:01"}  # it is noon
    row = ward.started(window=hours)
    ward.tick()
    shown = at(ward.engineer).get(url(row)).context["next"]
    assert "4 devices get their offers when their hours begin" in shown.words
    assert shown.at is None or (shown.at.hour, shown.at.minute) == (1, 0)  # none: they begin this minute


def test_whatever_the_api_says_comes_next_the_page_has_a_sentence_for() -> None:
    told = get_args(get_args(get_type_hints(rollout_schemas.Next, include_extras=True)["what"])[0])
    assert set(told) == set(next_steps.WORDS) | {"nothing"}
