"""Protocols and their versions: who wrote, who approved, who withdrew.

The approved document itself is `devices.ProtocolDocument`, kept by its hash; here is how it came to be.
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from fleet.protocols.lifecycle import State

_STATES = [(state.value, state.value) for state in State]


class Protocol(models.Model):
    """One protocol under its id on the wire; its versions are immutable once submitted."""

    id = models.CharField(max_length=64, primary_key=True)
    sites = models.ManyToManyField(
        "access.Site",
        related_name="protocols",
        help_text=_("whose people see it: the sites at which its first writer writes protocols"),
    )
    library_row = models.PositiveSmallIntegerField(
        null=True, help_text=_("the row of the library that it was taken from")
    )
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.id


class Version(models.Model):
    """One version.  A draft may be incomplete; what is submitted is complete, has a hash, and never changes."""

    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=_STATES, default=State.DRAFT.value)
    body = models.TextField(
        help_text=_("JSON of the document; a draft's may lack values (null); RFC 8785 once submitted")
    )
    sha256 = models.CharField(
        max_length=64, blank=True, help_text=_("of the RFC 8785 bytes; blank: incomplete")
    )
    title = models.CharField(max_length=200, blank=True)
    based_on = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="followers",
        help_text=_("what it was taken from"),
    )
    library_row = models.PositiveSmallIntegerField(null=True)
    to_confirm = models.JSONField(
        default=list,
        help_text=_("paths of values from memory, such as steps.0.on_s: each needs a note at approval"),
    )
    rev = models.PositiveIntegerField(default=1, help_text=_("rises with every edit of the draft"))
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, help_text=_("approved or rejected"))
    decided_by = models.CharField(max_length=150, blank=True)
    decision_reason = models.CharField(max_length=300, blank=True)
    confirmation = models.CharField(
        max_length=1000, blank=True, help_text=_("the approver's note on what was to be confirmed")
    )
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=150, blank=True)
    withdrawal_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["protocol", "-number"]
        constraints = [models.UniqueConstraint(fields=["protocol", "number"], name="version_once")]
        indexes = [
            models.Index(fields=["sha256"], name="version_by_hash"),
            models.Index(
                fields=["submitted_at"],
                name="version_to_approve",
                condition=models.Q(state=State.SUBMITTED.value),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.protocol_id} {self.number}"


class Author(models.Model):
    """Somebody who wrote a part of a version: they never approve it."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="authors")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="protocols_written"
    )
    name = models.CharField(max_length=150, help_text=_("user name; kept when the user goes"))
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "name"], name="author_once")]

    def __str__(self) -> str:
        return self.name
