"""What machines are, and what they said.  Thin: fields, constraints, and who reads each index.

`devices.store` writes the hot tables in batches; these models exist for migrations, the admin and ordinary reads.
Telemetry itself lives in `devices_telemetry`, partitioned by the day it was received (see migration 0002).
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from devices.fields import SpansField


class Link(models.TextChoices):
    NEVER = "never", _("never heard")
    ONLINE = "online", _("online")
    SUSPECT = "suspect", _("suspect")
    OFFLINE = "offline", _("offline")
    CONFLICT = "conflict", _("two devices under one name")


class Device(models.Model):
    serial = models.CharField(max_length=64, unique=True)
    site = models.ForeignKey("access.Site", on_delete=models.PROTECT, related_name="devices")
    name = models.CharField(max_length=120, blank=True)
    room = models.CharField(max_length=64, blank=True)
    uplink = models.CharField(
        max_length=64, blank=True, help_text=_("access point or gateway; default its room")
    )
    model = models.CharField(max_length=64, blank=True)
    tags = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    risk_class = models.CharField(max_length=32, blank=True)
    enrolled_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["serial"]
        indexes = [
            models.Index(fields=["site", "room", "name"], name="device_by_place")
        ]  # the wall, one site

    def __str__(self) -> str:
        return self.serial


class BrokerAccount(models.Model):
    """An account of the MQTT broker; a device's carries its serial.  The password is kept as the broker's hash."""

    username = models.CharField(max_length=64, unique=True)
    password_hash = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.username


class State(models.Model):
    """The live state of a device: what it last said, never what is hoped.  One row a device, newest wins.

    `rev` rises with every write and is compared before each, so that two writers never undo each other.
    `silent_after` is the next moment at which silence changes `link`; it moves with every message, so it
    carries no index and is swept.
    """

    device = models.OneToOneField(Device, on_delete=models.CASCADE, primary_key=True, related_name="live")
    rev = models.BigIntegerField(db_default=0)
    link = models.CharField(max_length=8, choices=Link, db_default="never")
    heard_at = models.DateTimeField(null=True)
    silent_after = models.DateTimeField(null=True)
    will_at = models.DateTimeField(
        null=True, help_text=_("when a valid will arrived with nothing newer since")
    )
    # Where the newest of each kind stands in the device's own time.
    boot = models.BigIntegerField(null=True)
    conn = models.BigIntegerField(null=True)
    up_ms = models.BigIntegerField(null=True)
    skew_ms = models.BigIntegerField(null=True, help_text=_("device clock minus server clock, ms"))
    # What people filter by.
    state = models.CharField(max_length=16, null=True)
    output = models.CharField(max_length=8, null=True)
    session = models.CharField(max_length=64, null=True)
    planned_ms = models.BigIntegerField(null=True, help_text=_("how long `planned_for` was to last, ms"))
    planned_for = models.CharField(max_length=64, null=True, help_text=_("the session that was planned"))
    soc = models.FloatField(null=True)
    mv = models.IntegerField(null=True)
    charging = models.BooleanField(null=True)
    temp_c = models.FloatField(null=True)
    # The device's own words, newest live telemetry and newest full status, with the time each was placed at.
    status = models.BinaryField(null=True)
    status_at = models.DateTimeField(null=True)
    telemetry = models.BinaryField(null=True)
    telemetry_at = models.DateTimeField(null=True)
    # Evidence for an identity conflict: recent changes of (boot, conn), JSON.
    lives = models.JSONField(db_default=models.Value([], models.JSONField()))
    # The worst open alert of the device as the API tells it.  Decided elsewhere; here it is a fact to be shown.
    worst_alert = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"{self.device_id} rev {self.rev} {self.link}"


class Ledger(models.Model):
    """What became of every `seq` of one boot of a device, and how that boot's clock was placed.

    `stored`, `dropped` and `rejected` are disjoint; stored beats both.  Never deleted, so that a record
    older than the kept telemetry is still known as stored.
    """

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="ledgers")
    boot = models.BigIntegerField()
    first_seq = models.BigIntegerField(null=True)
    stored = SpansField(default=list)
    dropped = SpansField(default=list)
    rejected = SpansField(default=list)
    awaited_since = models.DateTimeField(
        null=True, help_text=_("since when something below the highest is missing")
    )
    closed_at = models.DateTimeField(
        null=True, help_text=_("a birth omitted this boot: what is missing is lost")
    )
    pruned_to = models.BigIntegerField(null=True, help_text=_("telemetry up to this seq was pruned"))
    # Placing: server time = up_ms + offset_ms, in ms since 1970, with its evidence.
    offset_ms = models.BigIntegerField(null=True)
    placed_by = models.CharField(max_length=5, null=True, help_text="live, clock or order")
    skew_ms = models.BigIntegerField(null=True, help_text=_("device clock minus server clock, ms"))
    skew_told = models.BooleanField(db_default=False)
    first_heard_at = models.DateTimeField(null=True)
    last_heard_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["device", "boot"], name="one_ledger_a_boot")]

    def __str__(self) -> str:
        return f"{self.device_id} boot {self.boot}"


class PlacedBy(models.TextChoices):
    LIVE = "live", _("heard live")
    CLOCK = "clock", _("device clock, corrected")
    ORDER = "order", _("order of boots")


class Event(models.Model):
    """Something happened at an instant.  Kept for good; its bytes are the device's own."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="events")
    boot = models.BigIntegerField()
    seq = models.BigIntegerField()
    up_ms = models.BigIntegerField()
    kind = models.CharField(max_length=32)
    session = models.CharField(max_length=64, null=True)
    channel = models.SmallIntegerField(null=True)
    placed_at = models.DateTimeField()
    placed_by = models.CharField(max_length=5, choices=PlacedBy)
    received_at = models.DateTimeField()
    late = models.BooleanField()
    disputed = models.BooleanField(db_default=False)
    body = models.BinaryField()

    class Meta:
        indexes = [
            models.Index(fields=["device", "placed_at"], name="event_by_time"),  # device history
            models.Index(fields=["device", "boot", "seq"], name="event_by_seq"),  # records API, repeats
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.boot}/{self.seq} {self.kind}"


class Change(models.Model):
    """A status that changed more than its clocks, or a link that changed: link history and a replayed day."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="changes")
    rev = models.BigIntegerField()
    placed_at = models.DateTimeField()
    received_at = models.DateTimeField()
    boot = models.BigIntegerField(null=True)
    conn = models.BigIntegerField(null=True)
    up_ms = models.BigIntegerField(null=True)
    link = models.CharField(max_length=8, choices=Link)
    state = models.CharField(max_length=16, null=True)
    output = models.CharField(max_length=8, null=True)
    session = models.CharField(max_length=64, null=True)
    why = models.CharField(max_length=64)
    body = models.BinaryField(null=True)

    class Meta:
        indexes = [models.Index(fields=["device", "placed_at"], name="change_by_time")]  # link history

    def __str__(self) -> str:
        return f"{self.device_id} rev {self.rev} {self.link} {self.why}"


class Session(models.Model):
    """One session of treatment, joined over reconnects.  Durations are differences of the device's `up_ms`."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="sessions")
    session = models.CharField(max_length=64)
    boot = models.BigIntegerField()
    subject = models.CharField(max_length=64, null=True)
    protocol_id = models.CharField(max_length=200, null=True)
    protocol_version = models.BigIntegerField(null=True)
    protocol_sha256 = models.CharField(max_length=64, null=True)
    planned_ms = models.BigIntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    started_up_ms = models.BigIntegerField(null=True)
    last_at = models.DateTimeField(help_text=_("placed time of the newest record of this session"))
    last_up_ms = models.BigIntegerField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=32, null=True)
    elapsed_ms = models.BigIntegerField(null=True)
    contractions = models.BigIntegerField(null=True)
    disputed = models.BooleanField(db_default=False)
    # One entry a channel; sums and counts, so that late records can be added in any order.
    charge_uc = ArrayField(models.FloatField(), default=list)
    pulses = ArrayField(models.FloatField(), default=list)
    set_sum = ArrayField(models.FloatField(), default=list)
    ma_sum = ArrayField(models.FloatField(), default=list)
    ma_max = ArrayField(models.FloatField(), default=list)
    messages = models.BigIntegerField(default=0)
    samples = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["device", "session"], name="one_row_a_session")]
        indexes = [
            models.Index(fields=["device", "-last_at"], name="session_by_time"),  # sessions of a device
            models.Index(fields=["subject", "-last_at"], name="session_by_subject"),  # a person's ledger
            models.Index(fields=["session"], name="session_by_id"),  # GET sessions/<id>
        ]

    def __str__(self) -> str:
        return self.session


class ProtocolDocument(models.Model):
    """A protocol document by its hash: what a session was prescribed, wherever its `sha256` was reported.

    Content-addressed, so a row never changes; kept as the RFC 8785 bytes that the hash is of.
    """

    sha256 = models.CharField(max_length=64, primary_key=True)
    protocol_id = models.CharField(max_length=200)
    version = models.BigIntegerField()
    title = models.CharField(max_length=200)
    body = models.BinaryField()
    kept_at = models.DateTimeField(db_default=Now())
    approved_at = models.DateTimeField(null=True)
    approved_by = models.CharField(
        max_length=150, blank=True, help_text=_("user name; kept when the user goes")
    )
    approval_reason = models.CharField(max_length=300, blank=True)
    withdrawn_at = models.DateTimeField(null=True, help_text=_("since then it is as if never approved"))

    class Meta:
        indexes = [models.Index(fields=["protocol_id", "version"], name="document_by_version")]  # the library

    def __str__(self) -> str:
        return f"{self.protocol_id} {self.version} {self.sha256[:12]}"


class Minute(models.Model):
    """One minute of one device, rolled up from its telemetry; sums and counts, so late records mend it.

    Arrays hold one entry a channel; `ohm_n`, `soc_n` and `temp_n` count the values that were told.
    """

    pk = models.CompositePrimaryKey("device_id", "minute")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="minutes")
    minute = models.DateTimeField()
    messages = models.IntegerField()
    samples = models.IntegerField()
    set_sum = ArrayField(models.FloatField())
    ma_min = ArrayField(models.FloatField())
    ma_max = ArrayField(models.FloatField())
    ma_sum = ArrayField(models.FloatField())
    ohm_sum = ArrayField(models.FloatField())
    ohm_n = ArrayField(models.IntegerField())
    soc_sum = models.FloatField()
    soc_n = models.IntegerField(db_default=0)
    temp_sum = models.FloatField()
    temp_n = models.IntegerField(db_default=0)

    def __str__(self) -> str:
        return f"{self.device_id} {self.minute:%Y-%m-%d %H:%M}"


class RollupMark(models.Model):
    """Up to which batch the roll-ups hold everything; after a crash the rest is rolled up again from records."""

    name = models.CharField(max_length=32, primary_key=True)
    through = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.through}"


class Reject(models.Model):
    """What was refused on the wire, by reason; at most 100 rows a device and hour, the rest counted on the last."""

    at = models.DateTimeField()
    hour = models.DateTimeField()
    serial = models.CharField(max_length=64, blank=True)
    device = models.ForeignKey(Device, null=True, on_delete=models.CASCADE, related_name="rejects")
    topic = models.CharField(max_length=300)
    reason = models.CharField(max_length=32)
    detail = models.CharField(max_length=300)
    excerpt = models.BinaryField()
    count = models.BigIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["serial", "hour"], name="reject_by_hour"),  # the hourly bound
            models.Index(fields=["-at"], name="reject_by_time"),  # GET rejects, prune
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.serial} {self.reason}"


class UnknownRecord(models.Model):
    """A well-formed message of a broker account without an enrolled device: kept apart, claimable at enrolment."""

    serial = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    received_at = models.DateTimeField()
    claimed = models.BooleanField(db_default=False, help_text=_("to be taken in as of when it arrived"))
    body = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["serial", "id"], name="unknown_by_serial")]  # claiming, the bound

    def __str__(self) -> str:
        return f"{self.serial} {self.kind} {self.received_at:%Y-%m-%d %H:%M:%S}"


class Pulse(models.Model):
    """When each part of the server last said it lives, with what it said."""

    part = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.part} {self.at:%H:%M:%S}"


class SlowSpell(models.Model):
    """A stretch in which a part of the server worked slowly, with where the time of its worst round went."""

    part = models.CharField(max_length=32)
    began_at = models.DateTimeField()
    last_at = models.DateTimeField(help_text=_("when its last slow round ended"))
    rounds = models.IntegerField(help_text=_("how many rounds were slow: batches, ticks, requests"))
    worst_at = models.DateTimeField()
    worst_ms = models.IntegerField()
    waited_ms = models.IntegerField(help_text=_("how old the oldest message was before the work on it began"))
    steps = models.JSONField(help_text=_("[step, ms] of the worst round, in the order they were first done"))
    messages = models.IntegerField()
    backlog = models.IntegerField()
    what = models.CharField(max_length=120, blank=True, help_text=_("the route of a request"))

    class Meta:
        indexes = [
            models.Index(fields=["-began_at"], name="spell_by_time")
        ]  # the system page, prune, the bound

    def __str__(self) -> str:
        return f"{self.part} {self.began_at:%Y-%m-%d %H:%M:%S} {self.worst_ms} ms"
