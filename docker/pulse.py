"""Health of one part: exit code 0 if its pulse in the database is fresh.

    python -m docker.pulse ingest

The limits of age are those of /readyz, doubled: a container is slow to be called unhealthy, a wall is not.
"""

import sys

import psycopg

from fleet import env

LIMIT_S = {"ingest": 10.0, "dispatch": 10.0, "worker": 20.0, "courier": 20.0, "beat": 20.0}


def main(part: str) -> int:
    """Return the exit code; say why on standard output, where the engine keeps it."""
    if part not in LIMIT_S:
        print(f"{part} is no part of the server; expected one of {', '.join(LIMIT_S)}")
        return 1
    try:
        with psycopg.connect(env.text("DATABASE_URL"), connect_timeout=3) as connection:
            row = connection.execute(
                "SELECT extract(epoch FROM now() - at)::float8 FROM devices_pulse WHERE part = %s", [part]
            ).fetchone()
    except psycopg.Error as error:
        print(f"the database does not answer: {type(error).__name__}")
        return 1
    if row is None:
        print(f"{part} has no pulse yet")
        return 1
    print(f"{part} said it lives {row[0]:.1f} s ago; at most {LIMIT_S[part]:g}")
    return 0 if row[0] <= LIMIT_S[part] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
