"""Prepared bodies: believable telemetry in which only the numbers that must differ are filled in."""

import json
import time


class Template:
    """The messages of one sender, from one boot on."""

    def __init__(self, channels: int, samples: int, boot: int, number: int) -> None:
        self.boot = boot
        self.channels = channels
        self.session = f"B{boot}-{number}"
        self.base_ms = time.time_ns() // 1_000_000
        ma = [[round(31 + (c + k) % 7 * 0.1, 1) for k in range(samples)] for c in range(channels)]
        self._tail = (
            f'"late":false,"session":"{self.session}","step":0,"phase":"on","cycle":1,"elapsed_ms":310000,'
            f'"every_ms":{1000 // samples},"set_ma":{_compact([32.0] * channels)},"ma":{_compact(ma)},'
            f'"ohm":{_compact([820 + 5 * c for c in range(channels)])},"contact":{_compact(["ok"] * channels)},'
            f'"charge_uc":{_compact([184233.1] * channels)},"pulses":{_compact([6100] * channels)},'
            '"soc":86.9,"mv":3889,"temp_c":31.4}'
        ).encode()

    def telemetry(self, seq: int, now_ms: int) -> bytes:
        """Return the message `seq`, taken now."""
        return b'{"v":1,"boot":%d,"seq":%d,"up_ms":%d,"t":%d,%b' % (
            self.boot,
            seq,
            now_ms - self.base_ms,
            now_ms,
            self._tail,
        )

    def status(self) -> bytes:
        """Return the birth of a device in session."""
        now_ms = time.time_ns() // 1_000_000
        return _compact(
            {
                "v": 1, "state": "running", "boot": self.boot, "conn": 1, "up_ms": now_ms - self.base_ms,
                "t": now_ms, "output": "on", "model": "RX-4", "firmware": "2.3.1", "channels": self.channels,
                "max_ma": 100.0, "self_stop_ms": 2000, "protocol": None, "session": self.session, "held": None,
                "locked": None, "conditions": [], "battery": {"soc": 87.0, "mv": 3890, "charging": False},
                "temp_c": 31.2, "rssi_dbm": -61, "buffered": [], "seq": 0,
            }
        ).encode()  # fmt: skip


class Lively(Template):
    """Telemetry in which everything moves that moves in a real session: each message draws a tile anew.

    `elapsed_ms` is `seq` seconds, so that whoever sees it knows which message it shows.
    """

    def __init__(self, channels: int, samples: int, boot: int, number: int) -> None:
        super().__init__(channels, samples, boot, number)
        self._samples = samples

    def telemetry(self, seq: int, now_ms: int) -> bytes:
        peaks = [24 + (seq * 7 + channel * 3) % 90 / 10 for channel in range(self.channels)]
        body = {
            "v": 1, "boot": self.boot, "seq": seq, "up_ms": now_ms - self.base_ms, "t": now_ms, "late": False,
            "session": self.session, "step": 0, "phase": "on", "cycle": 1 + seq // 20,
            "elapsed_ms": 1000 * seq, "every_ms": 1000 // self._samples, "set_ma": [32.0] * self.channels,
            "ma": [[round(peak + k % 3 / 10, 1) for k in range(self._samples)] for peak in peaks],
            "ohm": [820 + (seq * 5 + channel) % 40 for channel in range(self.channels)],
            "contact": ["ok"] * self.channels, "charge_uc": [round(1500.5 * seq, 1)] * self.channels,
            "pulses": [50 * seq] * self.channels, "soc": round(87 - seq / 600, 1), "mv": 3889, "temp_c": 31.4,
        }  # fmt: skip
        return _compact(body).encode()


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
