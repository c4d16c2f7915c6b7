"""What became of a stop: in the house's database, and in the log of what the devices truly did."""

import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from tests.flows.operators import PATIENT_S, Operator
from tests.flows.simulator import Simulator
from tests.harness import House, wait_for

Command = dict[str, Any]
_GATE = 4712  # an advisory lock

ATTEMPTS: tuple[tuple[str, dict[str, Any], set[int]], ...] = (
    *((verb, {}, {422}) for verb in ("start", "resume", "raise", "increase", "set", "turn", "Stop", "")),
    ("start", {"to_ma": 20}, {422}),
    ("apply_protocol", {"protocol": {}, "sha256": "0" * 64}, {403}),
    ("withdraw", {"id": str(uuid.UUID(int=1))}, {403}),
    ("lower", {}, {422}),
    ("lower", {"to_ma": -5}, {422}),
    ("lower", {"to_ma": "40"}, {422}),
    ("lower", {"to_ma": [40]}, {422}),
    ("lower", {"to_ma": 1e400}, {400, 422}),
    ("lower", {"to_ma": 10, "from_ma": 0}, {422}),
    ("lower", {"channel": 0, "to_ma": 1}, {422}),
    ("lower", {"channel": 9, "to_ma": 1}, {422}),
    ("lower", {"channel": None, "to_ma": 80}, {202, 409, 422}),  # above now: at most, never more
    ("lower", {"channel": 1, "to_ma": 9_999.5}, {202, 409, 422}),
    ("pause", {"resume": True}, {202, 422}),
)
"""What somebody may try: verb, arguments, and the statuses that are right."""


def in_session(house: House, fleet: Simulator, *serials: str) -> None:
    """Bring them into a session, and wait until the house knows."""
    fleet.start_sessions(*serials, set_ma=[25.0, 25.0])
    query = """SELECT count(*) FROM devices_state s JOIN devices_device d ON d.id = s.device_id
               WHERE d.serial = ANY(%s) AND s.output = 'on' AND s.state = 'running'"""
    wait_for(
        lambda: house.sql(query, list(serials))[0][0] == len(serials),
        within_s=PATIENT_S,
        why="the house never heard of the sessions",
    )


def alerted(house: House, *serials: str, state: str = "raised") -> set[str]:
    """Which of these have a high alert of a stop that nothing proves, in this state."""
    rows = house.sql(
        """SELECT d.serial FROM safety_alert a JOIN devices_device d ON d.id = a.device_id
           WHERE a.rule = 'stop_unconfirmed' AND a.priority = 'high' AND a.state = %s
           AND d.serial = ANY(%s)""",
        state,
        list(serials),
    )
    assert len(set(rows)) == len(rows), "one alert a device"
    return {serial for (serial,) in rows}


def audited(house: House, action: str, subject: str) -> list[tuple[str, dict[str, Any]]]:
    """(who, detail) of each entry in the audit for such a deed, oldest first."""
    query = "SELECT actor_name, detail FROM access_auditentry WHERE action = %s AND subject = %s ORDER BY id"
    return [(who, detail) for who, detail in house.sql(query, action, subject)]


def executions(fleet: Simulator, serial: str, id: str) -> int:
    """How often the device truly carried this command out; waits for it, since the log is a second behind."""
    wait_for(
        lambda: any(line["id"] == id for line in fleet.truth.about(serial, "command")),
        within_s=PATIENT_S,
        every_s=0.2,
        why=f"{serial} never had {id}",
    )
    return fleet.truth.executions(serial)[id]


def is_on(fleet: Simulator, serial: str) -> bool:
    """Whether current truly flows, or may without a new act; a liar's own word is not asked."""
    return bool(fleet.truth.about(serial, "output")[-1]["output"] != "off")


def times_off(fleet: Simulator, serial: str) -> int:
    """How often the output truly went off after a session had begun."""
    outputs = [line["output"] for line in fleet.truth.about(serial, "output")]
    return sum(before != "off" and after == "off" for before, after in pairwise(outputs))


def seconds(command: Command, step: str) -> float:
    """How long after it was asked for a step was taken, s, by the server's times."""
    asked, taken = (datetime.fromisoformat(command[name]) for name in ("requested_at", step))
    return (taken - asked).total_seconds()


@contextmanager
def frozen_database(house: House) -> Iterator[None]:
    """PostgreSQL takes connections and answers nobody: every process of it stands still."""
    postmaster = house.processes.pid("postgres")
    os.kill(postmaster, signal.SIGSTOP)  # first: it would make new ones
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    pids = [postmaster, *map(int, children)]
    for pid in pids[1:]:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):  # awake, the first of them has ended it
                os.kill(pid, signal.SIGCONT)


@contextmanager
def gate_before_record(house: House) -> Iterator[None]:
    """Whoever writes down that a command was published waits for the end of this block."""
    house.sql(
        f"""CREATE FUNCTION at_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM pg_advisory_xact_lock({_GATE}); RETURN NEW; END $$;
            CREATE TRIGGER at_the_gate BEFORE UPDATE ON control_command FOR EACH ROW
            WHEN (OLD.state = 'requested' AND NEW.state <> 'requested') EXECUTE FUNCTION at_the_gate()"""
    )
    with psycopg.connect(house.servers.database_url(), autocommit=True) as gate:
        gate.execute("SELECT pg_advisory_lock(%s)", [_GATE])
        try:
            yield
        finally:
            waiting = """SELECT pid FROM pg_stat_activity
                         WHERE wait_event_type = 'Lock' AND query LIKE '%%control_command%%'"""
            for (backend,) in house.sql(waiting):  # whoever was killed there: it does not notice by itself
                house.sql("SELECT pg_terminate_backend(%s)", backend)
            gate.execute("SELECT pg_advisory_unlock_all()")
            house.sql("DROP TRIGGER at_the_gate ON control_command; DROP FUNCTION at_the_gate()")


def wait_at_gate(house: House, *, within_s: float = PATIENT_S) -> None:
    """Wait until somebody would write down that a command was published."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = 'advisory'"
    wait_for(lambda: house.sql(waiting), within_s=within_s, why="nobody came to write it down")


@contextmanager
def killed_database(house: House) -> Iterator[None]:
    """It is gone as with a power cut, and comes back."""
    house.kill9("postgres")
    try:
        yield
    finally:
        house.start("postgres")


def wait_count(nurse: Operator, id: str, **counts: int) -> dict[str, Any]:
    """Wait until a stop's running count says this, and each of its commands is proved or given up."""

    def found() -> dict[str, Any] | None:
        told = nurse.get(f"stops/{id}")
        over = {one["state"] for one in told["commands"]} <= {"confirmed", "unconfirmed"}
        return told if over and counts.items() <= told.items() else None

    def why() -> str:
        told = nurse.get(f"stops/{id}")
        states = {one["device"]: (one["state"], one["acks"], one["answer"]) for one in told["commands"]}
        return (
            f"{ {name: told[name] for name in ('asked', 'confirmed', 'unconfirmed', 'waiting')} }: {states}"
        )

    return wait_for(found, within_s=PATIENT_S, why=why)


def proved(operator: Operator, id: str) -> Command | None:
    """The command, once it is confirmed."""
    command = operator.command(id)
    return command if command["state"] == "confirmed" else None


def wait_alive(house: House, part: str) -> None:
    """Wait until a process that was started says that it lives."""
    query = "SELECT 1 FROM devices_pulse WHERE part = %s AND at > now() - interval '2 s'"
    wait_for(lambda: house.sql(query, part), within_s=PATIENT_S, why=f"{part} does not live")


def wait_direct_path(house: House) -> None:
    """Wait until dispatch has copied who may stop what: it does so every two seconds."""
    query = "SELECT 1 FROM devices_pulse WHERE part = 'dispatch' AND (detail->>'direct')::bool"
    wait_for(lambda: house.sql(query), within_s=PATIENT_S, why="the direct path never opened")


def stopped(fleet: Simulator, serial: str) -> bool:
    return bool(fleet.look(serial)["status"]["output"] == "off")
