"""The last minutes of a device's telemetry, as a live trace begins with them."""

from datetime import datetime
from typing import Any

from django.db import connection

from devices.models import Device
from devices.queries import record_object

MOST = 2_000  # records: half an hour of a device

_RECENT = """
SELECT boot, seq, 'telemetry', NULL, placed_at, placed_by::text, received_at, late, disputed, body
FROM devices_telemetry
WHERE device_id = %s AND placed_at >= %s AND received_at >= %s
ORDER BY placed_at DESC LIMIT %s
"""


def telemetry(device: Device, *, low: datetime, received: datetime) -> list[dict[str, Any]]:
    """Return what happened since `low` and was received since `received`, oldest first, of every boot.

    In the shape of `queries.records`; `body` holds the device's own bytes.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RECENT, [device.pk, low, received, MOST])
        rows = cursor.fetchall()
    return [record_object(*row) for row in reversed(rows)]
