"""Keeps the broker's files and the running broker in step with the rows of `BrokerAccount`.

"Dirty" is not remembered anywhere: it is the difference between a fingerprint of the rows and the one of the
last reload.  So a change that one process could not tell the broker (another uid, a restart, changes being
collected) is found by whoever calls `sync_if_dirty` next, and none can be lost.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from zlib import crc32

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from devices import broker
from devices.enrolment import EnrolmentRefused
from devices.models import BrokerAccount

log = structlog.get_logger(__name__)

_LOCK: Final = 0x6D79_6F01  # PostgreSQL advisory lock: one enrolment, and one writer of the files, at a time
_NOTE: Final = "told.json"
_FOR_ANOTHER_S: Final = 3.0  # a process that may signal the broker looks each second
# Part of the fingerprint, so that new rules of ours reach the broker like any other change.
_RULES: Final = crc32(broker.render_acl(("_ingest", "_dispatch", "_bench")).encode())


@dataclass(frozen=True, slots=True)
class Sync:
    """What became of telling the broker; `advice` is for people, empty when nothing is left to do."""

    outcome: Literal["told", "deferred", "not_running", "out_of_reach", "elsewhere"]
    advice: str = ""
    due: float = 0.0  # Unix seconds: when to try a deferred one again


def sync_if_dirty() -> Sync:
    """Make the broker's files and tell it, if accounts changed since it was last told.  Never waits.

    Cheap enough to be called each second by a process that runs all the time; safe in several at once.

    Raises:
        django.db.Error: The database cannot be asked; nothing was changed.
    """
    if not settings.MQTT_ACCOUNTS_DIR:
        return Sync(
            "elsewhere", "MQTT_ACCOUNTS_DIR is not set here; the process that has it tells the broker."
        )
    if _Told.read().fingerprint == _fingerprint():
        return Sync("told")
    return _write_and_tell(forced=False)


def sync() -> Sync:
    """Make the broker's files again from the database and tell it, changed or not.

    Raises:
        EnrolmentRefused: As `ensure_server_accounts`.
    """
    if not settings.MQTT_ACCOUNTS_DIR:
        return sync_if_dirty()
    ensure_server_accounts()
    return _write_and_tell(forced=True)


def sync_until_told(
    since: float, *, timeout_s: float = 15.0, pause: Callable[[float], object] = time.sleep
) -> Sync:
    """Wait until the broker was told of everything committed before `since` (Unix s), by us or by another.

    Args:
        pause: Waits that many seconds; what it returns, if true, ends the waiting.
    """
    started = time.monotonic()
    while True:
        outcome = sync_if_dirty()
        if settings.MQTT_ACCOUNTS_DIR and _Told.read().read_at >= since:
            return Sync("told")
        patience_s = {"deferred": timeout_s, "out_of_reach": _FOR_ANOTHER_S}.get(outcome.outcome, 0.0)
        if time.monotonic() - started >= patience_s:
            return outcome
        if pause(min(0.25, max(0.02, outcome.due - time.time()))):
            return outcome


def ensure_server_accounts() -> None:
    """Bring the server's own accounts into line with MQTT_SERVER_ACCOUNTS and MQTT_BENCH_ACCOUNT.

    A process that was not given MQTT_SERVER_ACCOUNTS leaves them alone: it cannot know them.

    Raises:
        EnrolmentRefused: There are none and none are given, or a setting names what is no server part.
    """
    if not settings.MQTT_SERVER_ACCOUNTS:
        if not BrokerAccount.objects.filter(username__startswith="_", revoked_at=None).exists():
            raise EnrolmentRefused(
                "the server's own broker accounts are not known, and files without them would shut it out; "
                "set MQTT_SERVER_ACCOUNTS to _ingest:password,_dispatch:password,_direct:password"
            )
        return
    wanted = dict(_account_of(pair) for pair in settings.MQTT_SERVER_ACCOUNTS.split(",") if pair.strip())
    if settings.MQTT_BENCH_ACCOUNT:
        wanted.update([_account_of(settings.MQTT_BENCH_ACCOUNT)])
    with transaction.atomic():
        lock_accounts()
        ours = BrokerAccount.objects.filter(username__startswith="_")
        kept = {account.username: account.password_hash for account in ours if account.revoked_at is None}
        ours.exclude(username__in=wanted).delete()
        changed = {n: p for n, p in wanted.items() if n not in kept or not broker.matches(p, kept[n])}
        store_passwords(changed, iterations=broker.TYPED_ITERATIONS)


def store_passwords(passwords: dict[str, str], *, iterations: int) -> None:
    """Write the accounts' rows with new hashes; an account that was revoked is one again."""
    now = timezone.now()
    rows = [
        BrokerAccount(
            username=name, password_hash=broker.new_hash(word, iterations=iterations), created_at=now
        )
        for name, word in passwords.items()
    ]
    fields = ["password_hash", "created_at", "revoked_at"]
    BrokerAccount.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["username"], update_fields=fields
    )


def lock_accounts() -> None:
    """Let one change of accounts, or one writer of the files, in at a time; until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


@dataclass(frozen=True, slots=True)
class _Told:
    """What the broker was last told, kept beside its files: which rows, and how often."""

    fingerprint: str = ""
    read_at: float = 0.0  # everything committed before is in the files (Unix seconds)
    pace: broker.Pace = field(default_factory=broker.Pace)

    @classmethod
    def read(cls) -> "_Told":
        """Return it; a missing or damaged note, or a password file that is not ours, means: tell it again."""
        folder = _folder()
        with suppress(OSError, ValueError, KeyError, TypeError):
            note = json.loads((folder / _NOTE).read_text())
            pace = broker.Pace(float(note["last"]), float(note["filled"]))
            if note["passwd"] != _identity(folder / broker.PASSWD_FILE):
                return cls(pace=pace)
            return cls(str(note["fingerprint"]), float(note["read_at"]), pace)
        return cls()

    def write(self) -> None:
        note = {
            "fingerprint": self.fingerprint,
            "read_at": self.read_at,
            "last": self.pace.last,
            "filled": self.pace.filled,
            "passwd": _identity(_folder() / broker.PASSWD_FILE),
        }
        broker.write_atomically(_folder() / _NOTE, json.dumps(note))


def _write_and_tell(*, forced: bool) -> Sync:
    with transaction.atomic():
        if not _try_lock():
            return Sync("deferred", "another process is changing accounts.", time.time() + 0.1)
        now = time.time()
        fingerprint, told = _fingerprint(), _Told.read()
        if fingerprint == told.fingerprint and not forced:
            return Sync("told")  # another process was quicker
        try:
            ensure_server_accounts()
            fingerprint = _fingerprint()
            rows = BrokerAccount.objects.filter(revoked_at=None).values_list("username", "password_hash")
            broker.write_files(_folder(), rows)
            outcome, told = _tell(told, fingerprint, now)
            told.write()
        except EnrolmentRefused as refused:
            outcome = Sync("out_of_reach", str(refused))
        except OSError as error:
            seen = f"the broker's files in {_folder()} cannot be written ({error.strerror})"
            outcome = Sync("out_of_reach", f"{seen}; see docs/enrolment.md.")
    _log_once(outcome.advice if outcome.outcome == "out_of_reach" else "")
    return outcome


def _tell(told: _Told, fingerprint: str, now: float) -> tuple[Sync, _Told]:
    """Tell the broker if it is due; return what came of it, and what it was told by then."""
    if settings.MQTT_BROKER_WATCHES:
        return Sync("told"), _Told(fingerprint, now, told.pace)
    due = told.pace.due(now)
    if due > now:
        advice = f"changes are collected; the broker is told in {due - now:.0f} s."
        return Sync("deferred", advice, due), _Told(pace=told.pace)
    if not settings.MQTT_PID_FILE:
        advice = "the files are written, but MQTT_PID_FILE is not set: send SIGHUP to the broker yourself."
        return Sync("out_of_reach", advice), _Told(fingerprint, now, told.pace)
    reload = broker.reload(Path(settings.MQTT_PID_FILE))
    if reload.outcome == "reloaded":
        return Sync("told"), _Told(fingerprint, now, told.pace.after(now))
    if reload.outcome == "starting":
        return Sync("deferred", reload.advice, now + 0.1), _Told(pace=told.pace)
    return Sync(reload.outcome, reload.advice), _Told(pace=told.pace)


def _fingerprint() -> str:
    """Return what changes with every account that may connect, in whatever order changes are committed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), bit_xor(hashtextextended(username || ' ' || password_hash, 0))"
            " FROM devices_brokeraccount WHERE revoked_at IS NULL"
        )
        count, mixed = cursor.fetchone()
    return f"{_RULES:x}.{count}.{mixed or 0:x}"


def _try_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


def _folder() -> Path:
    return Path(settings.MQTT_ACCOUNTS_DIR)


def _identity(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_ino, found.st_mtime_ns, found.st_size]


_last_advice = ""


def _log_once(advice: str) -> None:
    """The caller comes each second: say the same thing once."""
    global _last_advice
    if advice and advice != _last_advice:
        log.warning("broker not told", advice=advice)
    _last_advice = advice


def _account_of(pair: str) -> tuple[str, str]:
    username, _, password = pair.strip().partition(":")
    if broker.role_of(username) is None or not password:
        raise EnrolmentRefused(
            f"MQTT_SERVER_ACCOUNTS names {username!r}; expected _ingest:password,_dispatch:password… "
            "(and _bench:password in MQTT_BENCH_ACCOUNT only)"
        )
    return username, password
