"""Commands.  The row is the outbox: what is `requested` has still to be published."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from devices.wire.words import Verb
from fleet.control.lifecycle import ALARMING, OPEN, PROVABLE, State, names

_VERBS = [(verb.value, verb.value) for verb in Verb if verb is not Verb.UNKNOWN]
_STATES = [(state.value, state.value) for state in State]
_ALARMING = names(ALARMING)
_TO_ALERT = models.Q(verb__in=_ALARMING) & (
    models.Q(state=State.UNCONFIRMED.value, alerted_at=None)
    | models.Q(state=State.CONFIRMED.value, alerted_at__isnull=False, eased_at=None)
)


class Via(models.TextChoices):
    HOUSE = "house", _("through the house")
    DIRECT = "direct", _("straight through dispatch, booked afterwards")


class Stop(models.Model):
    """One press that stops a room or a site: what was asked for; its commands say what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    site = models.ForeignKey("access.Site", on_delete=models.PROTECT, related_name="stops")
    room = models.CharField(max_length=64, blank=True, help_text=_("blank: the whole site"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="stops"
    )
    actor_name = models.CharField(max_length=150, blank=True)
    via = models.CharField(max_length=8, choices=Via, default=Via.HOUSE)
    requested_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    reason_at = models.DateTimeField(null=True)
    reason_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-requested_at"]
        indexes = [models.Index(fields=["site", "-requested_at"], name="stop_by_site")]

    def __str__(self) -> str:
        return f"stop {self.site_id} {self.room}"


class LockWish(models.Model):
    """That a device be locked, or not: held by the server until the device's status says the same."""

    device = models.OneToOneField(
        Device, on_delete=models.CASCADE, primary_key=True, related_name="lock_wish"
    )
    locked = models.BooleanField()
    word = models.CharField(max_length=16, help_text=_("the contract's reason, such as maintenance"))
    note = models.CharField(max_length=200, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_name = models.CharField(max_length=150, blank=True)
    since = models.DateTimeField()
    read_back_at = models.DateTimeField(null=True, help_text=_("when the device's status first said so"))

    class Meta:
        indexes = [
            models.Index(fields=["device"], name="lock_wish_open", condition=models.Q(read_back_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {'locked' if self.locked else 'unlocked'}"


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
    actor_name = models.CharField(
        max_length=150, blank=True, help_text=_("the actor's username as it was then")
    )
    site = models.ForeignKey(
        "access.Site",
        null=True,
        on_delete=models.SET_NULL,
        related_name="commands",
        help_text=_("where the device stood when it was asked for"),
    )
    stop = models.ForeignKey(
        Stop,
        null=True,
        on_delete=models.SET_NULL,
        related_name="commands",
        help_text=_("the stop of a room or site that it is part of"),
    )
    via = models.CharField(max_length=8, choices=Via, default=Via.HOUSE)
    reason = models.CharField(max_length=200, blank=True)
    reason_at = models.DateTimeField(
        null=True, help_text=_("when the reason was added; null: with the command")
    )
    reason_by = models.CharField(max_length=150, blank=True, help_text=_("who added it afterwards"))
    state = models.CharField(max_length=12, choices=_STATES, default=State.REQUESTED.value)
    expires_at = models.DateTimeField()
    # When each step was taken; of a step taken twice, the first time.
    requested_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    unconfirmed_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    expired_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0, help_text=_("how often it was handed to the broker"))
    leased_until = models.DateTimeField(null=True, help_text=_("until then one dispatcher is publishing it"))
    # Proof.  An ack is the device's word: what comes after it, in its own time, proves or refutes.
    proof_due_at = models.DateTimeField(null=True, help_text=_("without proof by then it is unconfirmed"))
    acks = models.PositiveIntegerField(default=0, help_text=_("how many answers came; one is usual"))
    ack_boot = models.BigIntegerField(null=True)
    ack_up_ms = models.BigIntegerField(null=True)
    refuted_at = models.DateTimeField(null=True, help_text=_("when current was seen to flow after the ack"))
    alerted_at = models.DateTimeField(null=True, help_text=_("when stop_unconfirmed was raised for it"))
    eased_at = models.DateTimeField(null=True, help_text=_("when a proof was told to that alert"))
    evidence = models.JSONField(default=dict, help_text=_("what the device said of it, by kind of message"))
    rev = models.BigIntegerField(default=1, help_text=_("rises with every write"))

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
                condition=models.Q(state__in=names(OPEN)),
            ),
            models.Index(  # what waits for proof, or was not proved: few
                fields=["device"],
                name="command_to_prove",
                condition=models.Q(proof_due_at__isnull=False, state__in=names(PROVABLE)),
            ),
            models.Index(  # what current may still refute
                fields=["confirmed_at"],
                name="command_lately_confirmed",
                condition=models.Q(state=State.CONFIRMED.value, verb__in=_ALARMING),
            ),
            models.Index(  # what an alert has not heard of yet: few
                fields=["device"], name="command_to_alert", condition=_TO_ALERT
            ),
            models.Index(fields=["device", "-requested_at"], name="command_by_device"),  # births, history
            models.Index(fields=["site", "-requested_at"], name="command_by_site"),  # history
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.device_id} {self.state}"
