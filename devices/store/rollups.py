"""Roll-ups and sessions: deltas added to their rows, and what a crash interrupted rolled up again."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from devices.batch.desk import SessionFact
from devices.batch.rollup import MinuteSum, Rollup, SessionSum
from devices.models import RollupMark
from devices.state import from_ms
from devices.store import sql
from devices.wire import codec
from devices.wire.data import SessionEnded, SessionStarted
from devices.wire.errors import WireError
from devices.wire.messages import Telemetry

_MINUTE = """
    INSERT INTO devices_minute AS m (device_id, minute, messages, samples, set_sum, ma_min, ma_max, ma_sum, ohm_sum,
        ohm_n, soc_sum, soc_n, temp_sum, temp_n)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (device_id, minute) DO UPDATE SET
        messages = m.messages + excluded.messages, samples = m.samples + excluded.samples,
        set_sum = myofleet_sums(m.set_sum, excluded.set_sum),
        ma_min = myofleet_least(m.ma_min, excluded.ma_min), ma_max = myofleet_greatest(m.ma_max, excluded.ma_max),
        ma_sum = myofleet_sums(m.ma_sum, excluded.ma_sum), ohm_sum = myofleet_sums(m.ohm_sum, excluded.ohm_sum),
        ohm_n = myofleet_sums(m.ohm_n, excluded.ohm_n), soc_sum = m.soc_sum + excluded.soc_sum,
        soc_n = m.soc_n + excluded.soc_n, temp_sum = m.temp_sum + excluded.temp_sum,
        temp_n = m.temp_n + excluded.temp_n"""

# What the device counts only rises within a session, so the greatest is the newest, in whatever order it came.
# `boot` is the one it began in, where its beginning is known.
_SESSION = """
    INSERT INTO devices_session AS s (device_id, session, boot, last_at, last_up_ms, elapsed_ms, messages, samples,
        set_sum, ma_sum, ma_max, charge_uc, pulses, disputed)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (device_id, session) DO UPDATE SET
        messages = s.messages + excluded.messages, samples = s.samples + excluded.samples,
        set_sum = myofleet_sums(s.set_sum, excluded.set_sum), ma_sum = myofleet_sums(s.ma_sum, excluded.ma_sum),
        ma_max = myofleet_greatest(s.ma_max, excluded.ma_max),
        charge_uc = myofleet_greatest(s.charge_uc, excluded.charge_uc),
        pulses = myofleet_greatest(s.pulses, excluded.pulses),
        elapsed_ms = greatest(s.elapsed_ms, excluded.elapsed_ms),
        boot = CASE WHEN s.started_at IS NULL AND s.ended_at IS NULL THEN greatest(s.boot, excluded.boot)
            ELSE s.boot END,
        last_at = greatest(s.last_at, excluded.last_at), last_up_ms = CASE
            WHEN excluded.boot = s.boot THEN greatest(s.last_up_ms, excluded.last_up_ms)
            WHEN s.started_at IS NULL AND s.ended_at IS NULL AND excluded.boot > s.boot THEN excluded.last_up_ms
            ELSE s.last_up_ms END,
        disputed = s.disputed OR excluded.disputed"""


def flush(rollup: Rollup, through: datetime) -> None:
    """Add the deltas to their rows and note up to which batch they hold everything."""
    if rollup.minutes or rollup.sessions:
        with connection.cursor() as cursor:
            cursor.executemany(_MINUTE, [_minute(*item) for item in sorted(rollup.minutes.items())])
            cursor.executemany(_SESSION, [_session(*item) for item in sorted(rollup.sessions.items())])
    RollupMark.objects.update_or_create(name="ingest", defaults={"through": through})


def _minute(key: tuple[int, int], one: MinuteSum) -> tuple[Any, ...]:
    device_id, minute_ms = key
    return (
        device_id, from_ms(minute_ms), one.messages, one.samples, one.set_sum, one.ma_min, one.ma_max, one.ma_sum,
        one.ohm_sum, one.ohm_n, one.soc_sum, one.soc_n, one.temp_sum, one.temp_n,
    )  # fmt: skip


def _session(key: tuple[int, str], one: SessionSum) -> tuple[Any, ...]:
    device_id, session = key
    return (
        device_id, session, one.boot, from_ms(one.last_ms), one.last_up_ms, one.elapsed_ms, one.messages,
        one.samples, one.set_sum, one.ma_sum, one.ma_max, one.charge_uc, one.pulses, one.disputed,
    )  # fmt: skip


def unfinished(received_after: datetime | None = None) -> Iterable[tuple[int, Telemetry, datetime, bool]]:
    """Yield (device, telemetry, placed at, disputed) of what was stored but not rolled up before a crash."""
    mark = RollupMark.objects.filter(name="ingest").first()
    after = mark.through if mark else received_after
    if after is None:
        return
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT device_id, body, placed_at, disputed FROM devices_telemetry WHERE received_at > %s",
            [after],
        )
        for device_id, body, placed_at, disputed in cursor:
            try:
                message = codec.decode("telemetry", bytes(body))
            except WireError:
                continue  # an older version of the contract let it in
            if isinstance(message, Telemetry):
                yield device_id, message, placed_at, disputed


# How long it lasted is a difference of `up_ms` where both ends are of one boot; `last_up_ms` is then the end's.
_LASTED = "(greatest(s.last_up_ms, excluded.last_up_ms) - {}.started_up_ms) * interval '1 ms'"

_STARTED = f"""
    INSERT INTO devices_session AS s (device_id, session, boot, last_at, last_up_ms, messages, samples, set_sum, ma_sum,
        ma_max, charge_uc, pulses, disputed, subject, protocol_id, protocol_version, protocol_sha256, planned_ms,
        started_at, started_up_ms)
    VALUES (%s, %s, %s, %s, %s, 0, 0, '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (device_id, session) DO UPDATE SET subject = excluded.subject, protocol_id = excluded.protocol_id,
        protocol_version = excluded.protocol_version, protocol_sha256 = excluded.protocol_sha256,
        planned_ms = excluded.planned_ms, started_at = excluded.started_at, started_up_ms = excluded.started_up_ms,
        boot = excluded.boot, disputed = s.disputed OR excluded.disputed,
        last_at = greatest(s.last_at, excluded.last_at), last_up_ms = CASE
            WHEN s.boot = excluded.boot THEN greatest(s.last_up_ms, excluded.last_up_ms) ELSE excluded.last_up_ms END,
        ended_at = CASE WHEN s.ended_at IS NOT NULL AND s.boot = excluded.boot
            THEN excluded.started_at + {_LASTED.format("excluded")} ELSE s.ended_at END"""

_ENDED = f"""
    INSERT INTO devices_session AS s (device_id, session, boot, last_at, last_up_ms, messages, samples, set_sum, ma_sum,
        ma_max, charge_uc, pulses, disputed, ended_at, end_reason, elapsed_ms, contractions)
    VALUES (%s, %s, %s, %s, %s, 0, 0, '{{}}', '{{}}', '{{}}', %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (device_id, session) DO UPDATE SET end_reason = excluded.end_reason,
        ended_at = CASE WHEN s.started_at IS NOT NULL AND s.boot = excluded.boot
            THEN s.started_at + {_LASTED.format("s")} ELSE excluded.ended_at END,
        elapsed_ms = greatest(s.elapsed_ms, excluded.elapsed_ms), contractions = excluded.contractions,
        charge_uc = myofleet_greatest(s.charge_uc, excluded.charge_uc),
        pulses = myofleet_greatest(s.pulses, excluded.pulses),
        boot = CASE WHEN s.started_at IS NULL THEN excluded.boot ELSE s.boot END,
        disputed = s.disputed OR excluded.disputed,
        last_at = greatest(s.last_at, excluded.last_at), last_up_ms = CASE
            WHEN s.boot = excluded.boot THEN greatest(s.last_up_ms, excluded.last_up_ms)
            WHEN s.started_at IS NULL THEN excluded.last_up_ms ELSE s.last_up_ms END"""


def write_sessions(facts: Sequence[SessionFact]) -> None:
    """Enter beginnings and ends of sessions, as the device's events told them."""
    for fact in facts:
        at = from_ms(fact.at_ms)
        common = (fact.device_id, fact.session, fact.boot, at, fact.up_ms)
        data = fact.data
        if isinstance(data, SessionStarted):
            protocol = data.protocol
            named = (protocol.id, protocol.version, protocol.sha256) if protocol else (None, None, None)
            sql.execute(
                _STARTED, (*common, fact.disputed, data.subject, *named, data.planned_ms, at, fact.up_ms)
            )
        elif isinstance(data, SessionEnded):
            counts = not fact.disputed  # what two devices said under one name counts for no dose
            totals = (list((counts and data.charge_uc) or ()), list((counts and data.pulses) or ()))
            reason = (data.reason.value, data.elapsed_ms, data.contractions)
            sql.execute(_ENDED, (*common, *totals, fact.disputed, at, *reason))
