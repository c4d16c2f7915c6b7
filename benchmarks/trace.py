"""How fast a day of one device is read: 24 hours, 8 of them in session, 1,000 points, over HTTP through daphne."""

import http.client
import json
import subprocess
import sys
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from benchmarks import houses
from tests.harness import ROOT, House

REQUESTS = 20


def measure(house: House, *, points: int = 1000) -> dict[str, Any]:
    """Return how long the first request and the ones after it took, ms, as the client sees them."""
    house.start("web")
    device = next(one for one in house.people["spare_devices"])
    command = [sys.executable, "-m", "benchmarks.day", device["serial"]]
    written = subprocess.run(command, env=house.env, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    day = json.loads(written.stdout)
    words = urlencode({"from": day["from"], "to": day["to"], "points": points})
    path = f"/api/v1/devices/{device['serial']}/trace?{words}"
    took_ms, body = _ask(house, path, 1 + REQUESTS)
    trace = json.loads(body)
    if not trace["t"] or len(trace["channels"]) != 4 or len(trace["t"]) > points:
        raise RuntimeError(f"that is no trace of the day: {body[:200]!r}")
    warm = sorted(took_ms[1:])
    return {
        "what": "trace",
        "messages": day["messages"],
        "points": len(trace["t"]),
        "kb": len(body) / 1000,
        "source": trace["source"],
        "first_ms": took_ms[0],
        "p50_ms": warm[len(warm) // 2],
        "max_ms": warm[-1],
    }


def _ask(house: House, path: str, times: int) -> tuple[list[float], bytes]:
    """Ask again and again over one connection; return how long each answer took, ms, and the last one."""
    token = house.people["users"]["nurse"]["token"]
    address = urlsplit(house.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 80, timeout=30)
    took_ms, body = [], b""
    for _ in range(times):
        started = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        body = answer.read()
        took_ms.append((time.perf_counter() - started) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {body[:200]!r}")
    connection.close()
    return took_ms, body


if __name__ == "__main__":
    with houses.house() as alone:
        print(json.dumps(measure(alone)))
