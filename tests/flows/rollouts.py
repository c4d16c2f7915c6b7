"""A protocol, approved; a rollout of it; and what became of it: by the API, and in what the devices truly did."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from devices.simulator.truth import Truth
from tests.flows.operators import Answer, Operator
from tests.flows.simulator import Simulator
from tests.harness import House, wait_for

Object = dict[str, Any]
PATIENT_S = 60.0
_GATE = 4713  # an advisory lock

PLAN: Object = {
    "waves": [{"percent": 100}], "success_threshold": 0.95, "failure_threshold": 0.1, "failure_count": 20,
    "min_evaluated": 1, "deadline_s": 30, "soak_s": 0, "pace_per_minute": 6000, "retries": 1,
    "advance": "automatic", "start_at": None, "window": None,
}  # fmt: skip


def document(id: str, *, max_ma: float = 40.0) -> Object:
    """A protocol of one channel that every model of the demo can carry out."""
    step = {
        "name": "work", "kind": "work", "repeat": 15, "frequency_hz": 35, "phase_us": 250, "interphase_us": 0,
        "ramp_up_s": 2, "on_s": 6, "ramp_down_s": 1, "off_s": 12, "target_ma": None, "max_ma": [max_ma],
    }  # fmt: skip
    limits = {"max_session_s": 1200, "max_sessions_per_day": 2, "min_rest_h": 4}
    return {
        "id": id, "title": "Quadriceps after knee replacement", "indication": "tka", "channels_used": [1],
        "waveform": "symmetric_biphasic", "steps": [step], "limits": limits,
    }  # fmt: skip


class Office:
    """Those who decide: two clinicians and an engineer."""

    def __init__(self, house: House) -> None:
        self.writer, self.approver = Operator(house, "clinician"), Operator(house, "clinician2")
        self.engineer = Operator(house, "engineer")

    def approved(self, id: str, **changes: Any) -> Object:
        """Write the next version of a protocol, submit and approve it; return it."""
        version = said(self.writer.post("protocols", document(id, **changes)), 201)
        path = f"protocols/{id}/versions/{version['version']}"
        said(self.writer.post(f"{path}/submit", {}))
        return said(self.approver.post(f"{path}/approve", {"reason": "as agreed on the ward round"}))

    def withdraw(self, version: Object) -> Object:
        path = f"protocols/{version['id']}/versions/{version['version']}/withdraw"
        return said(self.approver.post(path, {"reason": "too strong in the second step"}))

    def written(self, version: Object, targets: Object, **plan: Any) -> "Rollout":
        """Write a rollout and have it approved; it waits for its start."""
        body = {"protocol": version["id"], "version": version["version"], "targets": targets, **PLAN, **plan}
        rollout = Rollout(self.engineer, said(self.engineer.post("rollouts", body), 201)["id"])
        rollout.do("submit")
        said(
            self.approver.post(f"rollouts/{rollout.id}/approve", {"reason": "waves and thresholds are right"})
        )
        return rollout

    def started(self, version: Object, targets: Object, **plan: Any) -> "Rollout":
        rollout = self.written(version, targets, **plan)
        rollout.do("start")
        return rollout


class Rollout:
    """One rollout, as the engineer who wrote it sees it."""

    def __init__(self, engineer: Operator, id: str) -> None:
        self.engineer, self.id = engineer, id

    def ask(self, verb: str, **body: Any) -> Answer:
        return self.engineer.post(f"rollouts/{self.id}/{verb}", body)

    def do(self, verb: str, **body: Any) -> Object:
        """The same, where it has to be allowed; return the rollout."""
        return said(self.ask(verb, **body))

    def look(self) -> Object:
        return dict(self.engineer.get(f"rollouts/{self.id}"))

    def targets(self) -> dict[str, Object]:
        """Its devices by serial."""
        return {one["serial"]: one for one in self._all("targets")}

    def decisions(self) -> list[Object]:
        """What was decided, oldest first."""
        return sorted(self._all("decisions"), key=lambda one: int(one["number"]))

    def by_state(self) -> Counter[tuple[str, str | None]]:
        """How many devices there are by state and reason."""
        return Counter((one["state"], one["reason"]) for one in self.targets().values())

    def in_state(self, *states: str) -> set[str]:
        return {serial for serial, one in self.targets().items() if one["state"] in states}

    def wait(self, state: str, reason: str | None = "", *, within_s: float = PATIENT_S) -> Object:
        """Wait until it is in this state, and (unless `""`) for this reason."""

        def found() -> Object | None:
            now = self.look()
            return now if now["state"] == state and reason in ("", now["reason"]) else None

        return wait_for(
            found, within_s=within_s, every_s=0.2, why=lambda: f"never {state}, {reason}: {self.told()}"
        )

    def wait_targets(
        self, serials: Collection[str], *states: str, reason: str | None = "", within_s: float = PATIENT_S
    ) -> dict[str, Object]:
        """Wait until all these devices are in one of these states."""

        def found() -> dict[str, Object] | None:
            all_of_them = self.targets()
            chosen = {serial: all_of_them[serial] for serial in serials if serial in all_of_them}
            right = (one["state"] in states and reason in ("", one["reason"]) for one in chosen.values())
            return chosen if len(chosen) == len(serials) and all(right) else None

        return wait_for(
            found,
            within_s=within_s,
            every_s=0.2,
            why=lambda: f"never {states}: {self._of(serials)}; {self.told()}",
        )

    def told(self) -> str:
        """How far it is, for whoever reads why a test failed."""
        now = self.look()
        last = [
            (one["kind"], one["serial"], one["wave"], one["reason"])
            for one in self.decisions()
            if one["serial"] is None
        ]
        return f"{now['state']} {now['reason']} {now['facts']} wave {now['wave']} {now['counts']}, decided: {last[-8:]}"

    def _of(self, serials: Iterable[str]) -> list[Any]:
        all_of_them = self.targets()
        return [
            (one, all_of_them.get(one, {}).get("state"), all_of_them.get(one, {}).get("reason"))
            for one in serials
        ]

    def _all(self, what: str) -> Iterator[Object]:
        cursor = ""
        while cursor is not None:
            page = self.engineer.get(f"rollouts/{self.id}/{what}?limit=1000&cursor={cursor}")
            yield from page["items"]
            cursor = page["next"]


def said(answer: Answer, status: int = 200) -> Object:
    """What was answered, where it had to be this status."""
    assert answer.status == status, answer
    return dict(answer.body)


# --- what the devices truly did ---


def offers(truth: Truth, serial: str) -> set[str]:
    """The ids of every protocol that the device was ever offered."""
    return {line["id"] for line in truth.about(serial, "command") if line["verb"] == "apply_protocol"}


def taken_over(truth: Truth, serial: str) -> list[str]:
    """The hash of every protocol that it took over, in order."""
    return [line["sha256"] for line in truth.about(serial, "protocol")]


def inside_a_session(truth: Truth) -> list[Object]:
    """Every protocol that was taken over while a session ran: there must be none."""
    return [line for line in truth.lines if line["what"] == "protocol" and line["session"] is not None]


def whole_truth(fleet: Simulator) -> Truth:
    """The truth log with all that happened until now; it is written about once a second."""
    marker = {"fault": "slow_commands", "serial": fleet.serials[0], "args": {"delay_ms": 0}}
    at_ms = fleet.ask(**marker)["at"]
    wait_for(
        lambda: any(line["what"] == "fault" and line["at"] >= at_ms for line in fleet.truth.lines[-500:]),
        within_s=PATIENT_S,
        every_s=0.3,
        why="the truth log stands still",
    )
    return fleet.truth


def wait_link(house: House, link: str, *serials: str, within_s: float = PATIENT_S) -> None:
    query = """SELECT count(*) FROM devices_state s JOIN devices_device d ON d.id = s.device_id
               WHERE d.serial = ANY(%s) AND s.link = %s"""
    wait_for(
        lambda: house.sql(query, list(serials), link)[0][0] == len(serials),
        within_s=within_s,
        why=f"not all of them are {link}",
    )


def tag(house: House, name: str, serials: Collection[str]) -> None:
    """Put a tag on devices, as somebody in the workshop would."""
    house.sql(
        "UPDATE devices_device SET tags = tags || %s::varchar WHERE serial = ANY(%s)", name, list(serials)
    )


def end_sessions(fleet: Simulator, serials: Iterable[str]) -> None:
    for serial in serials:
        fleet.ask(session="stop", serial=serial)


# --- the instant between a decision and its record ---


@contextmanager
def gate_before_offers(house: House) -> Iterator[None]:
    """Whoever writes down the decision that a device is offered something waits for the end of this block."""
    house.sql(
        f"""CREATE FUNCTION at_the_offer() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM pg_advisory_xact_lock({_GATE}); RETURN NEW; END $$;
            CREATE TRIGGER at_the_offer BEFORE INSERT ON rollouts_decision FOR EACH ROW
            WHEN (NEW.kind = 'offered') EXECUTE FUNCTION at_the_offer()"""
    )
    with psycopg.connect(house.servers.database_url(), autocommit=True) as gate:
        gate.execute("SELECT pg_advisory_lock(%s)", [_GATE])
        try:
            yield
        finally:
            for (backend,) in house.sql(
                _AT_THE_GATE
            ):  # whoever was killed there: it does not notice by itself
                house.sql("SELECT pg_terminate_backend(%s)", backend)
            gate.execute("SELECT pg_advisory_unlock_all()")
            house.sql("DROP TRIGGER at_the_offer ON rollouts_decision; DROP FUNCTION at_the_offer()")


_AT_THE_GATE = """SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = 'advisory'
                  AND query LIKE '%%rollouts_decision%%'"""


def wait_at_offer(house: House) -> None:
    """Wait until somebody has written down some of a batch of offers, and would write down the rest."""
    wait_for(lambda: house.sql(_AT_THE_GATE), within_s=PATIENT_S, why="nobody came to offer anything")
