"""Where machines stand, who may see and do what there, and the record of who did."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Site(models.Model):
    slug = models.SlugField(unique=True, max_length=64)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    NURSE = "nurse", _("Nurse")
    CLINICIAN = "clinician", _("Clinician")
    COACH = "coach", _("Coach")
    ENGINEER = "engineer", _("Engineer")
    ADMIN = "admin", _("Administrator")


class Membership(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "site"], name="one_role_a_site")]

    def __str__(self) -> str:
        return f"{self.user} · {self.site} · {self.role}"


class Token(models.Model):
    """A bearer token of the API.  Only its SHA-256 is kept; the text is shown once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.user} · {self.name}"


class DisplayLink(models.Model):
    """What opens the wall of one site on a screen, read only, until it is revoked.

    Only the secret's SHA-256 is kept; the address is shown once.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="displays")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)  # to the minute: see `displays.note_seen`

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return f"{self.site} · {self.name}"


class EmailWish(models.Model):
    """An address that somebody is to get alerts at, until they have shown that its mail reaches them.

    Only then is it written to `User.email`, which holds confirmed addresses and nothing else.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="email_wish"
    )
    address = models.EmailField()
    digest = models.CharField(
        max_length=64, unique=True, help_text=_("SHA-256 of the link's secret, which the mail alone holds")
    )
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    sent_at = models.DateTimeField(null=True, help_text=_("when the mail server took the mail"))

    def __str__(self) -> str:
        return f"{self.user} · {self.asked_at:%Y-%m-%d %H:%M}"


class AuditEntry(models.Model):
    """One thing somebody did or was refused.  Written by `access.service.record` only; see `access.chain`.

    It names user and site without a constraint: deleting either must not change what is on record.
    """

    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=64)
    site = models.ForeignKey(
        Site, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    subject = models.CharField(max_length=200, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["site", "-at"], name="audit_by_site")]  # read by GET audit

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name} {self.action} {self.subject}"


class AuditLink(models.Model):
    """One link of the chain over all entries, in the order they were committed.  Written by the database."""

    number = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(
        AuditEntry, on_delete=models.DO_NOTHING, db_constraint=False, related_name="link"
    )
    content = models.TextField()  # the entry as JSON, exactly as it was hashed
    hash = models.CharField(max_length=64)  # SHA-256 of the previous hash, a line feed, and the content

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number} {self.hash}"
