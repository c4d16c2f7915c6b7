"""Element-wise sum, minimum and maximum of arrays: what adds a roll-up's delta to its row.

An array that is shorter is filled up with nulls, which count for nothing.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION myofleet_sums(a double precision[], b double precision[]) RETURNS double precision[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT coalesce(array_agg(coalesce(x, 0) + coalesce(y, 0) ORDER BY n), '{}')
       FROM ROWS FROM (unnest(a), unnest(b)) WITH ORDINALITY AS v(x, y, n) $$;
CREATE FUNCTION myofleet_sums(a integer[], b integer[]) RETURNS integer[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT coalesce(array_agg(coalesce(x, 0) + coalesce(y, 0) ORDER BY n), '{}')
       FROM ROWS FROM (unnest(a), unnest(b)) WITH ORDINALITY AS v(x, y, n) $$;
CREATE FUNCTION myofleet_least(a double precision[], b double precision[]) RETURNS double precision[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT coalesce(array_agg(least(x, y) ORDER BY n), '{}')
       FROM ROWS FROM (unnest(a), unnest(b)) WITH ORDINALITY AS v(x, y, n) $$;
CREATE FUNCTION myofleet_greatest(a double precision[], b double precision[]) RETURNS double precision[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT coalesce(array_agg(greatest(x, y) ORDER BY n), '{}')
       FROM ROWS FROM (unnest(a), unnest(b)) WITH ORDINALITY AS v(x, y, n) $$;
"""
BACKWARDS = """
DROP FUNCTION myofleet_sums(double precision[], double precision[]);
DROP FUNCTION myofleet_sums(integer[], integer[]);
DROP FUNCTION myofleet_least(double precision[], double precision[]);
DROP FUNCTION myofleet_greatest(double precision[], double precision[]);
"""


class Migration(migrations.Migration):
    dependencies = [("devices", "0002_telemetry_by_day")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
