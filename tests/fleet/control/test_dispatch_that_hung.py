"""A database that hangs while a proof is on its way: what came meanwhile is heard before anything is concluded."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest
from django.utils import timezone

from devices.models import Device
from devices.moments import to_ms
from devices.mqtt.client import Message
from devices.wire.words import Verb
from fleet.access.models import Site
from fleet.control import drafts, guard, outbox
from fleet.control.dispatcher import Dispatcher
from fleet.control.drafts import Asker
from fleet.control.lifecycle import State
from fleet.control.models import Command
from tests.devices.wire import goldens

NOON = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.mark.django_db(transaction=True)
def test_what_a_device_proved_while_the_database_hung_calls_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device.objects.create(serial="EMS-1", site=Site.objects.create(slug="north", name="North"))
    stop = drafts.command(device, Verb.STOP, guard.STOP, asker=Asker(), now=NOON)
    stop.save()
    outbox.record_published({stop.pk: NOON})
    now = [NOON + timedelta(seconds=1)]
    line = Mock(epoch=1, is_up=True)
    dispatcher = Dispatcher(connect=lambda _mailbox: line, now=lambda: now[0])
    dispatcher._line_up()
    dispatcher.step(0)

    def hang() -> None:
        """The device answers at once; what it says waits while a step that began before stands still."""
        at_ms = to_ms(now[0])
        ack = goldens.fields("ack.done") | {"id": str(stop.pk), "boot": 7, "up_ms": 9_000}
        status = goldens.fields("status.birth") | {
            "boot": 7, "up_ms": 9_100, "state": "idle", "output": "off", "session": None,
        }  # fmt: skip
        for kind, body in (("ack", ack), ("status", status)):
            topic = f"ems/v1/EMS-1/{kind}".encode()
            dispatcher.mailbox.put([Message(topic, msgspec.json.encode(body), at_ms, b"", False, 1)])
        now[0] = NOON + timedelta(seconds=12)

    monkeypatch.setattr(dispatcher, "_book", hang)
    dispatcher.step(0)
    assert _state(stop) == State.PUBLISHED
    monkeypatch.setattr(dispatcher, "_book", lambda: None)
    dispatcher.step(0)
    assert _state(stop) == State.CONFIRMED
    stop.refresh_from_db()
    assert stop.unconfirmed_at is None


def _state(command: Command) -> Any:
    return Command.objects.values_list("state", flat=True).get(pk=command.pk)
