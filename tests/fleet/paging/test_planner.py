"""Which alerts are told to whom, and when."""

from datetime import date, time, timedelta

import pytest

from fleet.access.models import Role, Site
from fleet.paging import planner, service
from fleet.paging.models import Delivery, Escalation, PushAddress, Turn
from fleet.paging.policies import DEFAULT, Channel, Plan, StepPlan, Whom
from fleet.safety.models import Alert, OutOfService
from fleet.safety.words import Duty, Priority

pytestmark = pytest.mark.usefixtures("mail_is_set_up")

EMAIL = (Channel.EMAIL,)


@pytest.fixture
def mail_is_set_up(settings):
    settings.EMAIL_URL = "smtp://127.0.0.1:25"


@pytest.fixture
def policy(site, now):
    """Write a policy of e-mails for high alerts: `policy(steps, **rest)`."""

    def write(*steps, priority=Priority.HIGH, **rest):
        plan = Plan(tuple(StepPlan(after, whom, EMAIL, **of) for after, whom, of in steps), **rest)
        return service.set_plan(actor=None, site=site, priority=priority, plan=plan, now=now)

    return write


def told(state="planned"):
    """Return who was told in the order of steps: (round, step, username)."""
    rows = Delivery.objects.filter(state=state, user__isnull=False).order_by(
        "round", "step", "user__username"
    )
    return [(row.round, row.step, row.user.username) for row in rows]


def after(now, seconds):
    return now + timedelta(seconds=seconds)


def test_whoever_is_on_duty_is_told_at_once_and_everybody_who_may_take_the_duty_after_a_minute(
    alert, on_duty, person, site, now
):
    person("olga", site)
    person("karl", site, Role.COACH)
    person("egon", site, Role.ENGINEER)  # takes no duty for people
    alert()
    planner.plan(now)
    assert told() == [(0, 1, "nora")]
    planner.plan(after(now, 59))
    assert told() == [(0, 1, "nora")]
    planner.plan(after(now, 60))
    assert told() == [(0, 1, "nora"), (0, 2, "karl"), (0, 2, "nora"), (0, 2, "olga")]


def test_planning_twice_at_once_tells_nobody_twice(alert, on_duty, now):
    alert()
    for _again in range(3):
        planner.plan(now)
    assert told() == [(0, 1, "nora")]


def test_an_acknowledged_alert_is_told_no_further(alert, on_duty, now):
    one = alert()
    planner.plan(now)
    Alert.objects.filter(pk=one.pk).update(state="acknowledged", acknowledged_at=now)
    planner.plan(after(now, 600))
    assert told() == [(0, 1, "nora")]
    assert Escalation.objects.get().due_at is None


def test_when_nobody_is_on_duty_the_next_step_runs_at_once(alert, nurse, now):
    alert()
    planner.plan(now)
    assert told() == [(0, 2, "nora")], "step 1 is for who is on duty, and that is nobody"


def test_whoever_may_no_longer_take_the_duty_is_not_on_it(alert, on_duty, site, person, now):
    person("olga", site)
    on_duty.memberships.update(role=Role.ADMIN)
    alert()
    planner.plan(now)
    assert told() == [(0, 2, "olga")]


def test_what_is_technical_is_told_to_whoever_is_on_technical_duty(alert, on_duty, engineer, site, now):
    Turn.objects.create(site=site, duty="technical", user=engineer, since=now)
    alert(rule="watchdog", duty="technical")
    planner.plan(now)
    assert told() == [(0, 1, "egon")]


def test_a_step_may_name_a_person_or_another_site(alert, policy, on_duty, person, site, now):
    south = Site.objects.create(slug="south", name="South")
    gerd = person("gerd", south)
    Turn.objects.create(site=south, duty="care", user=gerd, since=now)
    olga = person("olga", site)
    policy((0, Whom.PERSON, {"person_id": olga.pk}), (30, Whom.SITE, {"site_id": south.pk}))
    alert()
    planner.plan(now)
    planner.plan(after(now, 30))
    assert told() == [(0, 1, "olga"), (0, 2, "gerd")]


def test_a_person_who_left_the_site_is_not_told_of_it(alert, policy, person, site, now):
    olga = person("olga", site)
    policy((0, Whom.PERSON, {"person_id": olga.pk}))
    olga.memberships.all().delete()
    alert()
    planner.plan(now)
    assert told() == []


def test_a_policy_begins_again_as_often_as_it_says(alert, policy, on_duty, now):
    policy((0, Whom.DUTY, {}), (60, Whom.DUTY, {}), repeat_after_s=300, repeats=2)
    alert()
    for seconds in range(0, 1500, 30):
        planner.plan(after(now, seconds))
    assert told() == [(round_, step, "nora") for round_ in (0, 1, 2) for step in (1, 2)]


def test_a_new_episode_is_told_anew_from_the_first_step(alert, on_duty, now):
    one = alert()
    planner.plan(now)
    planner.plan(after(now, 60))
    Alert.objects.filter(pk=one.pk).update(episode=2)
    planner.plan(after(now, 70))
    rows = Delivery.objects.filter(channel="email").order_by("episode", "step")
    assert [(row.episode, row.step) for row in rows] == [(1, 1), (1, 2), (2, 1)]


def test_while_it_chatters_each_step_is_told_once(alert, on_duty, now):
    one = alert()
    for second in range(70):
        state = "raised" if second % 2 == 0 else "cleared"
        Alert.objects.filter(pk=one.pk).update(state=state, chattering=second > 3, count=second)
        planner.plan(after(now, second))
    assert told() == [(0, 1, "nora"), (0, 2, "nora")]


def test_an_alert_that_became_more_urgent_is_told_by_the_policy_of_what_it_is_now(alert, on_duty, now):
    one = alert(priority="low")
    planner.plan(now)
    assert told() == []
    Alert.objects.filter(pk=one.pk).update(priority="high")
    planner.plan(after(now, 5))
    assert told() == [(1, 1, "nora")]


@pytest.mark.parametrize(
    "why",
    [{"late": True}, {"state": "cleared"}, {"shelved_until": "later"}, {"state": "closed"}],
    ids=["known late", "cleared", "shelved", "closed"],
)
def test_nobody_is_told_of_an_alert_that_is(why, alert, on_duty, now):
    alert(**{name: after(now, 600) if value == "later" else value for name, value in why.items()})
    planner.plan(now)
    assert not Delivery.objects.exists()


def test_nobody_is_told_of_what_another_alert_explains_until_it_surfaces(alert, on_duty, now):
    cause = alert(rule="group_silent", device=None, state="acknowledged", site=on_duty.memberships.get().site)
    one = alert(rule="link_lost", cause=cause)
    planner.plan(now)
    assert told() == []
    Alert.objects.filter(pk=one.pk).update(cause=None, episode=2)
    planner.plan(after(now, 60))
    assert told() == [(0, 1, "nora")]


def test_a_device_that_is_out_of_service_is_told_of_only_when_it_is_high_and_somebody_may_be_treated(
    alert, on_duty, device, now
):
    OutOfService.objects.create(device=device, since=now, reason="repair")
    alert(in_session=False)
    planner.plan(now)
    assert told() == []
    alert(rule="over_current", in_session=True)
    planner.plan(now)
    assert told() == [(0, 1, "nora")]


def quiet(policy, **of):
    policy((0, Whom.DUTY, {}), quiet_from=time(22), quiet_to=time(6), **of)


def test_quiet_hours_put_off_until_they_end_what_nobody_acknowledged(alert, policy, on_duty, now, site):
    quiet(policy)
    night = now.replace(hour=23)  # midnight in Berlin
    Turn.objects.filter(site=site).update(since=night)
    alert(in_session=False)
    planner.plan(night)
    assert told() == []
    assert Escalation.objects.get().due_at == night.replace(day=24, hour=5), "06:00 in Berlin"
    planner.plan(night.replace(day=24, hour=5))
    assert told() == [(0, 1, "nora")]


def test_quiet_hours_never_mute_a_high_alert_in_a_session(alert, policy, on_duty, now, site):
    quiet(policy)
    night = now.replace(hour=23)
    Turn.objects.filter(site=site).update(since=night)
    one = alert(in_session=False)
    planner.plan(night)
    Alert.objects.filter(pk=one.pk).update(in_session=True)
    planner.plan(after(night, 1))
    assert told() == [(0, 1, "nora")], "the moment a session begins"


def test_held_alerts_wait_for_their_causes_to_be_known(alert, on_duty, now):
    alert(priority="medium", rule="link_lost")
    alert(rule="over_current")
    planner.plan(now, held=lambda one: one.priority != "high")
    assert list(Delivery.objects.values_list("alert__rule", flat=True).distinct()) == ["over_current"]
    planner.plan(after(now, 5))
    assert Delivery.objects.filter(alert__rule="link_lost").exists()


def test_every_browser_of_a_person_is_pushed_to_but_those_that_are_gone(alert, on_duty, settings, now):
    settings.VAPID_PRIVATE_KEY = "x"
    for name, gone in (("phone", None), ("desk", None), ("old", now)):
        PushAddress.objects.create(
            user=on_duty, endpoint=f"https://push.example/{name}", made_at=now, name=name, gone_at=gone
        )
    alert()
    planner.plan(now)
    assert set(Delivery.objects.filter(channel="push").values_list("push__name", flat=True)) == {
        "phone",
        "desk",
    }


def test_the_pages_are_on_record_as_told_too(alert, on_duty, now):
    alert()
    planner.plan(now)
    row = Delivery.objects.get(channel="console")
    assert (row.state, row.ended_at, row.due_at) == ("sent", now, None)


def test_who_has_no_way_to_be_reached_is_on_record(alert, policy, site, person, now):
    policy((0, Whom.ANYONE, {}))
    person("paul", site, email=False)
    alert()
    planned = planner.plan(now)
    row = Delivery.objects.get()
    assert (row.user.username, row.state) == ("paul", "dropped")
    assert "no way to reach them" in row.answer
    assert [one.rule for one in planned.told_nobody] == ["electrode_off"]


def test_a_high_alert_that_reaches_nobody_says_so_once_a_round(alert, site, now):
    alert()
    assert len(planner.plan(now).told_nobody) == 1
    assert len(planner.plan(after(now, 1)).told_nobody) == 0


def test_an_alert_of_the_server_itself_is_told_to_technical_duty_of_every_site(
    alert, engineer, site, person, now
):
    south = Site.objects.create(slug="south", name="South")
    erna = person("erna", south, Role.ENGINEER)
    for user, where in ((engineer, site), (erna, south)):
        Turn.objects.create(site=where, duty="technical", user=user, since=now)
    alert(
        rule="ingest_silent",
        device=None,
        site=None,
        duty="technical",
        channel=None,
        in_session=False,
        facts={},
    )
    planner.plan(now)
    assert told() == [(0, 1, "egon"), (0, 1, "erna")]


def test_a_rota_in_the_sites_own_time_says_who_is_told(alert, nurse, site, now):
    service.add_shift(
        actor=None, site=site, duty=Duty.CARE, user=nurse, weekdays=[0],
        starts=time(10), ends=time(12), first_day=date(2026, 1, 1),
    )  # fmt: skip
    alert()
    planner.plan(now)  # 10:00 in Berlin
    assert told() == [(0, 1, "nora")]


def test_every_priority_has_a_plan_that_begins_at_once():
    assert set(DEFAULT) == set(Priority)
    assert all(plan.steps[0].after_s == 0 for plan in DEFAULT.values())
