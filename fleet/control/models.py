"""Commands.  The row is the outbox: what is `requested` has still to be published."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from devices.wire.words import Verb
from fleet.control.lifecycle import OPEN, State

_VERBS = [(verb.value, verb.value) for verb in Verb if verb is not Verb.UNKNOWN]
_STATES = [(state.value, state.value) for state in State]


class Command(models.Model):
    """One wish to one device, under an id that the device carries out at most once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="commands")
    verb = models.CharField(max_length=16, choices=_VERBS)
    args = models.TextField(
        default="{}", help_text=_("JSON as it goes on the wire: a protocol's hash is over these bytes")
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="commands",
        help_text=_("who asked; null: the server itself"),
    )
    reason = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, choices=_STATES, default=State.REQUESTED.value)
    expires_at = models.DateTimeField()
    # When each step was taken; of a step taken twice, the first time.
    requested_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    expired_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0, help_text=_("how often it was handed to the broker"))
    leased_until = models.DateTimeField(null=True, help_text=_("until then one dispatcher is publishing it"))
    evidence = models.JSONField(default=dict, help_text=_("what the device said of it, by kind of message"))

    class Meta:
        ordering = ["-requested_at"]
        indexes = [
            models.Index(  # the outbox
                fields=["requested_at"],
                name="command_to_publish",
                condition=models.Q(state=State.REQUESTED.value),
            ),
            models.Index(  # what is over by now
                fields=["expires_at"],
                name="command_open",
                condition=models.Q(state__in=sorted(state.value for state in OPEN)),
            ),
            models.Index(fields=["device", "-requested_at"], name="command_by_device"),  # births, history
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.device_id} {self.state}"
