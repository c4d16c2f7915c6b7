"""Never twice, never silently lost: leases, tries, and what is made of what does not arrive."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fleet.access.models import Site
from fleet.paging import courier, faults, outbox, planner, service
from fleet.paging.channels.answer import Answer
from fleet.paging.models import Delivery, Escalation, Policy, PushAddress, Step, Turn, Webhook
from fleet.paging.policies import Channel
from fleet.safety.models import Alert

ROOM = {Channel.EMAIL: 2, Channel.WEBHOOK: 4, Channel.PUSH: 4}
TAKEN = Answer(taken=True, text="250 taken")
BUSY = Answer(taken=False, text="451 later")
NO = Answer(taken=False, text="550 no such mailbox", final=True)


@pytest.fixture
def planned(alert, on_duty, settings, now):
    """One e-mail to the nurse about one high alert."""
    settings.EMAIL_URL = "smtp://127.0.0.1:25"
    alert()
    planner.plan(now)
    return Delivery.objects.get(channel="email")


def after(now, seconds):
    return now + timedelta(seconds=seconds)


def lease(now):
    return outbox.lease(ROOM, now).get(Channel.EMAIL, [])


def try_once(now, answer):
    (mine,) = lease(now)
    one = outbox.to_send(mine.id, now)
    outcome = outbox.answer(one, mine.attempt, answer, now)
    if outcome is not None:
        faults.note(outcome, now)
    return Delivery.objects.get(pk=mine.id)


def test_what_one_sender_has_leased_no_other_takes(planned, now):
    assert [one.id for one in lease(now)] == [planned.pk]
    assert lease(now) == []


def test_what_a_sender_that_died_had_leased_goes_out_again_under_the_same_id(planned, now):
    (first,) = lease(now)
    assert lease(after(now, outbox.LEASE.total_seconds() - 1)) == []
    (second,) = lease(after(now, outbox.LEASE.total_seconds()))
    assert (second.id, first.attempt, second.attempt) == (first.id, 1, 2)


def test_a_lease_outlasts_a_try(settings):
    assert outbox.LEASE.total_seconds() > settings.TELL_SECONDS * 2


def test_a_late_answer_of_a_sender_that_was_given_up_changes_nothing_unless_it_was_taken(planned, now):
    (first,) = lease(now)
    later = after(now, 60)
    (second,) = lease(later)
    one = outbox.to_send(first.id, later)
    assert outbox.answer(one, first.attempt, NO, later) is None
    assert Delivery.objects.get(pk=one.pk).state == "sending"
    outbox.answer(one, first.attempt, TAKEN, later)
    assert Delivery.objects.get(pk=one.pk).state == "sent"
    assert outbox.answer(one, second.attempt, BUSY, later) is None
    assert Delivery.objects.get(pk=one.pk).state == "sent"


def test_what_was_not_taken_is_tried_again_ever_more_slowly_and_then_it_is_over(planned, now):
    at, gaps = now, []
    for _try in range(len(outbox.RETRY_S) + 1):
        one = try_once(at, BUSY)
        if one.due_at is not None:
            gaps.append((one.due_at - at).total_seconds())
            at = one.due_at
    assert gaps == list(outbox.RETRY_S)
    assert (one.state, one.answer, one.due_at, one.ended_at) == ("failed", "451 later", None, at)


def test_what_was_refused_for_good_is_over_at_once(planned, now):
    one = try_once(now, NO)
    assert (one.state, one.attempts) == ("failed", 1)


def test_who_says_when_to_come_again_is_believed(planned, now):
    one = try_once(now, replace(BUSY, retry_after_s=90.0))
    assert one.due_at == after(now, 90)


def test_of_two_messages_to_one_person_one_is_on_its_way_at_a_time(planned, alert, now):
    alert(rule="over_current")
    planner.plan(now)
    assert len(lease(now)) == 1


def test_the_most_urgent_goes_first(planned, alert, now):
    Delivery.objects.all().delete()
    low, high = alert(priority="low"), alert(rule="estop")
    for one in (low, high):
        Delivery.objects.create(
            alert=one, episode=1, step=1, channel="email", user=planned.user, planned_at=now, due_at=now
        )
    (first,) = lease(now)
    assert Delivery.objects.get(pk=first.id).alert == high


@pytest.mark.parametrize(
    "change, why",
    [
        ({"acknowledged_at": "now", "state": "acknowledged"}, "acknowledged before it was sent"),
        ({"state": "closed"}, "closed before it was sent"),
        ({"shelved_until": "now"}, "shelved before it was sent"),
        ({"episode": 2}, "told anew before it was sent"),
        ({"state": "cleared", "priority": "medium"}, "over before it was sent"),
    ],
)
def test_nobody_is_woken_for_what_somebody_has_already(planned, now, change, why):
    Alert.objects.update(**{name: now if value == "now" else value for name, value in change.items()})
    (mine,) = lease(now)
    assert outbox.to_send(mine.id, now) is None
    planned.refresh_from_db()
    assert (planned.state, planned.answer) == ("dropped", why)


def test_a_high_alert_that_is_over_is_still_told_and_says_so(planned, now):
    Alert.objects.update(state="cleared")
    (mine,) = lease(now)
    assert outbox.to_send(mine.id, now) is not None


def test_who_left_the_house_is_told_no_more(planned, on_duty, now):
    on_duty.is_active = False
    on_duty.save()
    (mine,) = lease(now)
    assert outbox.to_send(mine.id, now) is None


def test_whose_role_was_withdrawn_since_it_was_planned_is_told_no_more(planned, on_duty, now, site):
    (mine,) = lease(now)
    on_duty.memberships.all().delete()
    assert outbox.to_send(mine.id, now) is None
    planned.refresh_from_db()
    assert (planned.state, planned.answer) == ("dropped", "they have no role there any more")


def test_who_is_on_duty_at_the_next_site_is_told_though_they_have_no_role_here(planned, on_duty, now, site):
    other = Site.objects.create(slug="south", name="South")
    on_duty.memberships.update(site=other)
    policy = Policy.objects.create(site=site, priority="high", changed_at=now)
    Step.objects.create(policy=policy, number=1, after_s=0, whom="site", site=other, channels=["email"])
    (mine,) = lease(now)
    assert outbox.to_send(mine.id, now) is not None


# --- what does not arrive ---


def failed_alerts():
    return [(one.subject, one.state) for one in Alert.objects.filter(rule="delivery_failed").order_by("pk")]


def test_a_delivery_that_fails_is_itself_an_alert_which_names_nobody(planned, now):
    try_once(now, NO)
    (one,) = Alert.objects.filter(rule="delivery_failed")
    assert (one.duty, one.priority, one.site) == ("technical", "medium", planned.alert.site)
    assert "nora" not in str(one.facts).lower()


def test_it_is_raised_once_while_a_message_is_still_being_tried_for_the_third_time(planned, now):
    at = now
    for count in range(1, 6):
        one = try_once(at, BUSY)
        assert len(failed_alerts()) == (0 if count < outbox.TROUBLED_AFTER else 1)
        at = one.due_at
    assert Alert.objects.get(rule="delivery_failed").count == 1


def test_it_clears_once_the_same_address_takes_something_again(planned, alert, now):
    try_once(now, NO)
    alert(rule="over_current")
    at = after(now, 5)
    planner.plan(at)
    try_once(at, TAKEN)
    faults.look(after(now, 6))
    assert failed_alerts() == [("e-mail", "cleared")]


def test_silence_is_no_proof_that_it_works_again(planned, now):
    try_once(now, NO)
    faults.look(after(now, 24 * 3600))
    assert failed_alerts() == [("e-mail", "raised")]


def test_a_failed_delivery_lets_the_next_step_come_at_once(planned, now):
    assert Escalation.objects.get(alert=planned.alert).due_at == after(now, 60)
    try_once(now, NO)
    assert Escalation.objects.get(alert=planned.alert).due_at == now


def test_it_does_not_while_another_message_of_the_step_has_arrived(planned, on_duty, now):
    browser = PushAddress.objects.create(user=on_duty, endpoint="https://push.example/1", made_at=now)
    Delivery.objects.create(
        alert=planned.alert, episode=1, step=1, channel="push", user=on_duty, push=browser,
        planned_at=now, state="sent",
    )  # fmt: skip
    try_once(now, NO)
    assert Escalation.objects.get(alert=planned.alert).due_at == after(now, 60)


def test_a_webhook_that_fails_to_tell_of_the_server_itself_is_an_alert_of_its_own_site(site, alert, now):
    hook = Webhook.objects.create(site=site, name="Nurse call", url="https://x/", secret="s", made_at=now)
    ours = alert("ingest_silent", device=None, channel=None)
    about = {"alert": ours, "episode": 1, "step": 1, "channel": "webhook", "webhook": hook, "planned_at": now}
    one = Delivery.objects.create(**about, state="failed", attempts=7, answer="500 no")
    faults.note(outbox.Outcome(one, is_over=True, is_troubled=True), now)
    assert Alert.objects.get(rule="delivery_failed").site == site
    faults.look(now)
    assert failed_alerts() == [("Nurse call", "raised")], "it does not clear while nothing arrived"


def test_a_dead_mail_server_does_not_tell_of_itself_by_mail_for_ever(planned, engineer, site, now):
    try_once(now, NO)
    Turn.objects.create(site=site, duty="technical", user=engineer, since=now)
    at = after(now, 1200)
    planner.plan(now)
    planner.plan(at)
    for one in Delivery.objects.filter(alert__rule="delivery_failed", channel="email"):
        leases = outbox.lease({Channel.EMAIL: 9}, at)[Channel.EMAIL]
        mine = next(entry for entry in leases if entry.id == one.pk)
        faults.note(outbox.answer(outbox.to_send(one.pk, at), mine.attempt, NO, at), at)
    assert len(failed_alerts()) == 1


def test_a_high_alert_that_was_told_to_nobody_is_an_alert_until_one_reaches_somebody(
    alert, nurse, site, now, settings
):
    settings.EMAIL_URL = "smtp://127.0.0.1:25"
    nurse.email = ""
    nurse.save()
    alert()
    done = planner.plan(now)  # no address, no browser, nobody on duty
    faults.note_nobody(done.told_nobody, done.reached, now)
    assert failed_alerts() == [("nobody", "raised")]
    Turn.objects.create(site=site, duty="care", user=nurse, since=now)
    alert(rule="over_current")
    done = planner.plan(after(now, 5))
    faults.note_nobody(done.told_nobody, done.reached, after(now, 5))
    assert failed_alerts() == [("nobody", "cleared")]


def test_where_nothing_but_pages_is_set_up_no_alert_brings_a_second_one(alert, site, now, settings):
    settings.EMAIL_URL = "smtp://127.0.0.1:25"
    alert()
    told_nobody = planner.plan(now).told_nobody
    faults.note_nobody(told_nobody, [], now)
    assert failed_alerts() == [("nobody", "raised")]
    settings.EMAIL_URL = ""
    faults.look(after(now, 1))
    assert failed_alerts() == [("nobody", "cleared")]
    faults.note_nobody(told_nobody, [], after(now, 2))
    assert failed_alerts() == [("nobody", "cleared")]


def test_messages_that_nobody_sends_are_an_alert_until_somebody_does(planned, now):
    faults.look(after(now, 60))
    assert failed_alerts() == []
    faults.look(after(now, 61))
    faults.look(after(now, 62))
    assert failed_alerts() == [("courier", "raised")]
    Delivery.objects.update(state="sent", due_at=None)
    faults.look(after(now, 63))
    assert failed_alerts() == [("courier", "cleared")]


def test_a_browser_that_is_gone_is_not_pushed_to_again(planned, on_duty, now):
    browser = PushAddress.objects.create(user=on_duty, endpoint="https://push.example/1", made_at=now)
    Delivery.objects.filter(pk=planned.pk).update(channel="push", push=browser)
    (mine,) = outbox.lease(ROOM, now)[Channel.PUSH]
    outbox.answer(outbox.to_send(mine.id, now), mine.attempt, replace(BUSY, gone=True), now)
    browser.refresh_from_db()
    planned.refresh_from_db()
    assert (browser.gone_at, planned.state) == (now, "dropped")


# --- whole messages ---


def test_a_webhook_says_what_is_wrong_where_and_names_no_person(
    alert, on_duty, site, receiver, now, settings
):
    settings.PUBLIC_URL = "https://myofleet.example"
    service.make_webhook(actor=None, site=site, name="Nurse call", url=receiver.url, now=now)
    one = alert(session="S-1", note="Mrs Smith")
    planner.plan(now)
    (mine,) = outbox.lease(ROOM, now)[Channel.WEBHOOK]
    courier.deliver(mine)
    (post,) = receiver.posts
    told = post.json["data"]
    assert post.headers["webhook-id"] == str(mine.id)
    assert (told["site"], told["room"], told["device"], told["device_name"]) == (
        "north", "Room 3", "EMS-0001", "Bed 3",
    )  # fmt: skip
    assert told["text"] == "Channel 2: electrode off and current still flows at 34 mA"
    assert told["url"] == f"https://myofleet.example/alerts/{one.pk}/"
    assert not {"nora", "Smith", "S-1"} & set(post.body.decode().replace('"', " ").split())


def test_an_email_says_what_is_wrong_where_since_when_and_what_to_do(
    alert, on_duty, site, mailbox, now, settings
):
    settings.PUBLIC_URL = "https://myofleet.example"
    one = alert()
    planner.plan(now)
    (mine,) = lease(now)
    courier.deliver(mine)
    (letter,) = mailbox.wait_for(1)
    text = letter.get_content()
    assert letter["To"] == "nora@example.org"
    assert letter["Subject"].strip() == (
        "High · North clinic · Room 3 · Bed 3: Channel 2: electrode off and current still flows at 34 mA"
    )
    assert "Since: 2026-11-23 10:00:00 (Europe/Berlin)" in text
    assert "What to do:" in text
    assert f"https://myofleet.example/alerts/{one.pk}/" in text
    assert "does not replace the device's own alarm" in text
    assert "nora" not in (letter["Subject"] + text).lower()
    assert Delivery.objects.get(pk=mine.id).state == "sent"
