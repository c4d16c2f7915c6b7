"""Telemetry in day partitions, and storage settings of the hot tables.

The table has no unique index: uniqueness is the ledger's, and a unique index on a partitioned table would have
to contain the partition key.  A default partition takes what no day partition does, so that a missing one never
stops ingest.  `toast_tuple_target` keeps a live row whole: compressing a payload at each update would cost more
than the update.
"""

from django.db import migrations

FORWARDS = """
CREATE TABLE devices_telemetry (
    device_id bigint NOT NULL,
    boot bigint NOT NULL,
    seq bigint NOT NULL,
    up_ms bigint NOT NULL,
    placed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    placed_by "char" NOT NULL,
    late boolean NOT NULL,
    disputed boolean NOT NULL,
    session text,
    body bytea NOT NULL
) PARTITION BY RANGE (received_at);
CREATE INDEX telemetry_by_time ON devices_telemetry (device_id, placed_at);
CREATE INDEX telemetry_by_seq ON devices_telemetry (device_id, boot, seq);
CREATE INDEX telemetry_by_arrival ON devices_telemetry USING brin (received_at) WITH (autosummarize = on);
CREATE TABLE devices_telemetry_rest PARTITION OF devices_telemetry DEFAULT;
ALTER TABLE devices_state SET (fillfactor = 50, toast_tuple_target = 8160);
ALTER TABLE devices_state ALTER COLUMN telemetry SET STORAGE EXTERNAL, ALTER COLUMN status SET STORAGE EXTERNAL;
ALTER TABLE devices_ledger SET (fillfactor = 70);
"""


class Migration(migrations.Migration):
    dependencies = [("devices", "0001_machines_and_what_they_said")]
    operations = [migrations.RunSQL(FORWARDS, "DROP TABLE devices_telemetry")]
