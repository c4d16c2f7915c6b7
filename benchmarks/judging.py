"""What judging costs: the CPU of all rules on one telemetry message of four channels and forty samples.

Prepared facts of batches, as ingest has them after the messages were placed, go through the ward: sorting by device,
every rule, every device's memory.  No database: a calm fleet writes nothing.
"""

import time
from typing import Any

import msgspec

from benchmarks.bodies import Lively
from devices.batch.desk import Desk, Facts, Heard
from devices.batch.settle import Settler
from devices.state import LiveState
from devices.wire import codec
from devices.wire.canonical import decode_protocol
from devices.wire.messages import ProtocolDocument, ProtocolRef, Status
from fleet.safety.judging import Watch
from fleet.safety.rules import PRODUCT
from fleet.safety.signals import Rise
from fleet.safety.ward import Ward, by_device
from fleet.safety.yardstick import Knowledge

DEVICES = 500
ROUNDS = 40


def measure(*, rounds: int = ROUNDS) -> dict[str, Any]:
    """Return µs CPU a message: of a calm fleet, and of one in which every tenth device complains all the time."""
    return {
        "what": "judging",
        "devices": DEVICES,
        "messages": DEVICES * rounds,
        "cpu_us": _run(rounds, complaining=0),
        "complaining_cpu_us": _run(rounds, complaining=DEVICES // 10),
    }


def _run(rounds: int, *, complaining: int) -> float:
    ward, batches = _ward(), _batches(rounds, complaining)
    risen = 0
    started = time.thread_time()
    for now_ms, facts in batches:
        found, _changed = ward.hear(by_device(facts), {}, facts, now_ms)
        risen += sum(isinstance(one, Rise) for one in found)
    took_s = time.thread_time() - started
    if risen != complaining:
        raise RuntimeError(f"{risen} alerts rose where {complaining} devices complain")
    return took_s / (rounds * DEVICES) * 1e6


def _ward() -> Ward:
    known = Knowledge(_document(), is_approved=True)
    ward = Ward(_raise)
    for device_id in range(DEVICES):
        watch = ward.watches[device_id] = Watch(device_id, knows=lambda _protocol: known)
        status = codec.decode("status", Lively(4, 10, 1, device_id).status())
        assert isinstance(status, Status)
        protocol = ProtocolRef(id="bench", version=1, sha256="ab" * 32)
        watch.status = msgspec.structs.replace(status, protocol=protocol, electrode_cm2=(50.0,) * 4)
        watch.measure_by(PRODUCT)
    return ward


def _raise(_rule: str, error: Exception) -> None:
    raise error


def _batches(rounds: int, complaining: int) -> list[tuple[int, Facts]]:
    """Return a message of every device a round; some devices say that a pad is off."""
    bodies = [Lively(4, 10, 1, device_id) for device_id in range(DEVICES)]
    desk = Desk(
        {device_id: LiveState(device_id) for device_id in range(DEVICES)},
        {device_id: {} for device_id in range(DEVICES)},
    )
    batches = []
    for seq in range(1, rounds + 1):
        now_ms = bodies[-1].base_ms + 1000 * seq
        heard = []
        for device_id, body in enumerate(bodies):
            payload = body.telemetry(seq, now_ms)
            if device_id < complaining:
                payload = payload.replace(b'"contact":["ok"', b'"contact":["electrode"')
            heard.append(Heard(device_id, codec.decode("telemetry", payload), payload, now_ms, False))  # type: ignore[arg-type]
        batches.append((now_ms, Settler(desk).settle(heard)))
    return batches


def _document() -> ProtocolDocument:
    step = {
        "name": "work", "kind": "work", "repeat": 15, "frequency_hz": 50, "phase_us": 250, "interphase_us": 0,
        "ramp_up_s": 3, "on_s": 15, "ramp_down_s": 1, "off_s": 45, "target_ma": None, "max_ma": [80] * 4,
    }  # fmt: skip
    return decode_protocol(
        msgspec.json.encode(
            {
                "id": "bench", "version": 1, "title": "Bench", "indication": "bench", "channels_used": [1, 2, 3, 4],
                "waveform": "symmetric_biphasic", "steps": [step],
                "limits": {"max_session_s": 86_400, "max_sessions_per_day": 2, "min_rest_h": 4},
            }
        )
    )  # fmt: skip
