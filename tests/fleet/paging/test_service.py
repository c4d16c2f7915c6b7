"""What people set: policies, webhooks, browsers; what is refused, and in which words."""

from datetime import time

import pytest
from django.urls import reverse

from fleet.access import people
from fleet.access import service as access
from fleet.access.errors import Denied, NotVisible, Refused
from fleet.access.models import AuditEntry, Role
from fleet.paging import messages, queries, service
from fleet.paging.channels import sealing
from fleet.paging.models import Delivery, PushAddress
from fleet.paging.policies import DEFAULT, Channel, Plan, StepPlan, Whom
from fleet.safety.words import Priority
from tests.fleet.paging.others import Browser

STEP = StepPlan(0, Whom.DUTY, (Channel.EMAIL,))
PLAN = Plan((STEP, StepPlan(60, Whom.ANYONE, (Channel.PUSH, Channel.EMAIL))), 300, 2, time(22), time(6))


def set_plan(actor, site, now, plan=PLAN):
    return service.set_plan(actor=actor, site=site, priority=Priority.HIGH, plan=plan, now=now)


def test_a_plan_is_kept_as_it_was_written_and_the_products_own_comes_back(engineer, site, now):
    assert service.plan_of(site, Priority.HIGH) == DEFAULT[Priority.HIGH]
    set_plan(engineer, site, now)
    assert service.plan_of(site, Priority.HIGH) == PLAN
    assert service.plan_of(site, Priority.LOW) == DEFAULT[Priority.LOW]
    assert service.reset_plan(actor=engineer, site=site, priority=Priority.HIGH)
    assert service.plan_of(site, Priority.HIGH) == DEFAULT[Priority.HIGH]
    assert AuditEntry.objects.filter(action="telling.changed", actor=engineer).exists()


@pytest.mark.parametrize(
    "plan, words",
    [
        (Plan(()), "1 to 10 steps"),
        (Plan((StepPlan(60, Whom.DUTY, (Channel.EMAIL,)), STEP)), "at or after"),
        (Plan((StepPlan(0, Whom.DUTY, ()),)), "by no channel"),
        (Plan((StepPlan(0, Whom.PERSON, (Channel.EMAIL,)),)), "choose the person"),
        (Plan((StepPlan(0, Whom.SITE, (Channel.EMAIL,)),)), "choose the site"),
        (Plan((StepPlan(0, Whom.PERSON, (Channel.EMAIL,), person_id=0),)), "no member"),
        (Plan((STEP,), repeat_after_s=5), "1 minute to 24 hours"),
        (Plan((STEP,), repeat_after_s=300, repeats=99), "at most 20 times"),
        (Plan((STEP,), quiet_from=time(22)), "a beginning and an end"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_words(engineer, site, now, plan, words):
    with pytest.raises(Refused, match=words):
        set_plan(engineer, site, now, plan)


def test_only_who_manages_telling_changes_it(nurse, site, now):
    for deed in (
        lambda: set_plan(nurse, site, now),
        lambda: service.make_webhook(actor=nurse, site=site, name="x", url="https://example.org", now=now),
    ):
        with pytest.raises(Denied):
            deed()


def test_a_webhook_is_made_tried_and_ended(engineer, site, receiver, now):
    hook, secret = service.make_webhook(
        actor=engineer, site=site, name="Nurse call", url=receiver.url, now=now
    )
    assert secret.startswith("whsec_")
    tried = service.try_webhook(actor=engineer, webhook=hook, now=now)
    assert (tried.taken, receiver.posts[0].json["type"]) == (True, "test")
    receiver.answers = [(503, {})]
    assert not service.try_webhook(actor=engineer, webhook=hook, now=now).taken
    service.revoke_webhook(actor=engineer, webhook=hook, now=now)
    hook.refresh_from_db()
    assert hook.revoked_at == now


@pytest.mark.parametrize("url", ["https://10.0.0.1/x", "http://example.org/x", "nonsense"])
def test_a_webhook_that_leads_inside_the_house_or_in_the_clear_is_refused(engineer, site, now, url):
    with pytest.raises(Refused):
        service.make_webhook(actor=engineer, site=site, name="x", url=url, now=now)


def test_one_tries_ones_own_email_and_browser(nurse, mailbox, receiver, settings, now):
    settings.VAPID_PRIVATE_KEY = sealing.private_text(sealing.new_key())
    assert service.try_email(actor=nurse, now=now).taken
    assert "Nothing is wrong" in mailbox.letters[0].get_content()
    browser = Browser()
    address = service.keep_browser(
        actor=nurse, endpoint=receiver.url, p256dh=sealing.encode(browser.p256dh),
        auth=sealing.encode(browser.auth), name="Phone", now=now,
    )  # fmt: skip
    assert service.try_browser(actor=nurse, address=address, now=now).taken
    assert b'"type":"test"' in browser.open(receiver.posts[0].body)
    receiver.answers = [(410, {})]
    assert not service.try_browser(actor=nurse, address=address, now=now).taken
    address.refresh_from_db()
    assert address.gone_at == now


def keep(actor, now, **of):
    browser = Browser()
    fields = {
        "endpoint": "https://push.example/1",
        "p256dh": sealing.encode(browser.p256dh),
        "auth": sealing.encode(browser.auth),
    } | of
    return service.keep_browser(actor=actor, name="Phone", now=now, **fields)


def test_a_browser_that_changes_hands_is_its_new_owners(nurse, engineer, settings, now):
    settings.VAPID_PRIVATE_KEY = sealing.private_text(sealing.new_key())
    mine = keep(nurse, now)
    assert keep(engineer, now) == mine
    assert PushAddress.objects.get().user == engineer
    with pytest.raises(NotVisible):
        service.forget_browser(actor=nurse, address=PushAddress.objects.get(), now=now)


@pytest.mark.parametrize("how", ["by its owner", "with the login", "with the password"])
def test_a_browser_that_is_forgotten_leaves_no_address_and_what_it_was_told_stays_on_record(
    how, nurse, alert, settings, now
):
    settings.VAPID_PRIVATE_KEY = sealing.private_text(sealing.new_key())
    address = keep(nurse, now)
    told = {"alert": alert(), "episode": 1, "step": 1, "planned_at": now, "user": nurse, "push": address}
    Delivery.objects.create(**told, channel="push", state="sent")
    if how == "by its owner":
        service.forget_browser(actor=nurse, address=address, now=now)
    elif how == "with the login":
        access.set_active(actor=None, user=nurse, active=False)
    else:
        people.make_link(actor=None, person=nurse)
    assert not queries.browsers_of(nurse).exists()
    kept = PushAddress.objects.get()
    assert ("push.example" in kept.endpoint, kept.p256dh, kept.auth) == (False, "", "")
    assert kept.gone_at is not None
    assert Delivery.objects.get().user == nurse
    assert keep(nurse, now) != address, "turned on again, it is a new one"


@pytest.mark.parametrize(
    "wrong", [{"endpoint": "https://127.0.0.1/x"}, {"p256dh": "AAAA"}, {"auth": "AAAA"}, {"p256dh": "é"}]
)
def test_what_is_no_push_address_is_refused(nurse, settings, now, wrong):
    settings.VAPID_PRIVATE_KEY = sealing.private_text(sealing.new_key())
    with pytest.raises(Refused):
        keep(nurse, now, **wrong)


def test_without_a_key_of_the_server_no_browser_is_kept(nurse, settings, now):
    settings.VAPID_PRIVATE_KEY = ""
    with pytest.raises(Refused, match="VAPID_PRIVATE_KEY"):
        keep(nurse, now)


def test_a_link_leads_to_the_alerts_page(alert, client, nurse):
    one = alert()
    assert messages.path(one) == reverse("dashboards:alert", args=[one.pk])
    assert messages.test_push(id_="1")["url"] == reverse("dashboards:account-telling")


def test_a_push_says_where_above_and_what_below(alert, now):
    one = alert()
    pushed = messages.push(messages.Telling(one, 1, 0, now), id_="1")
    assert pushed["title"] == "High · North clinic · Room 3 · Bed 3"
    assert pushed["body"] == "Channel 2: electrode off and current still flows at 34 mA"
    assert pushed["url"] == f"/alerts/{one.pk}/"


def test_a_message_about_the_server_itself_says_so(alert, now):
    one = alert(rule="worker_silent", device=None, site=None, channel=None, facts={}, in_session=False)
    letter = messages.letter(messages.Telling(one, 1, 0, now), to="x@example.org", id_="1", now=now)
    assert letter.subject.startswith("High · the server itself: The clock stands still")


def test_a_devices_own_words_begin_no_line_of_a_message(alert, device, now):
    device.room = "Room 3\r\nWhere: elsewhere"
    one = alert(rule="fault", facts={"classes": [], "code": "E7\n\nWhat to do: nothing\u202e"}, channel=None)
    letter = messages.letter(messages.Telling(one, 1, 0, now), to="x@example.org", id_="1", now=now)
    lines = letter.text.splitlines()
    assert [line for line in lines if line.startswith(("Where:", "What to do: nothing"))] == [
        "Where: North clinic · Room 3 Where: elsewhere · Bed 3"
    ]
    assert "\u202e" not in letter.text + letter.subject


def test_no_message_names_anybody(alert, person, site, settings, now):
    """Everybody who had a hand in an alert is on its row, and in no message."""
    settings.PUBLIC_URL = "https://myofleet.example"
    smith = person("smith", site, Role.CLINICIAN)
    one = alert(
        acknowledged_by=smith, assignee=smith, shelved_by=smith, note="Mr Smith", shelf_reason="Smith"
    )
    one.cause = alert(rule="group_silent", note="Smith")
    telling = messages.Telling(one, 1, 0, now)
    whole = str([
        messages.letter(telling, to="x@example.org", id_="1", now=now),
        messages.push(telling, id_="1"),
        messages.webhook(telling, now),
    ])  # fmt: skip
    assert "smith" not in whole.lower()
