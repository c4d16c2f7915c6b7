"""Alerts for the console's benchmark: thousands that are open, and then news of them, through the product's own door.

    python -m benchmarks.stirring '{"open": 5000, "site": "harbour-clinic", "seconds": 0}'

Needs the environment of a house.  With `seconds` it stirs what is open instead: 20 changes a second, and one new
high alert a second; it ends with a JSON object, `raised`: id and moment (Unix s, committed) of each high one.
"""

import json
import random
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from fleet.safety.signals import News

RULES = ("electrode_off", "low_current", "contact_drift", "battery_low", "clock_skew", "records_dropped")
PER_S = 20
BATCH = 250


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done."""

    open: int
    site: str
    seconds: float


def main(plan: Plan) -> dict[str, Any]:
    django.setup()
    from devices.models import Device

    devices = list(Device.objects.filter(site__slug=plan.site).order_by("pk").values_list("pk", flat=True))
    return _stir(plan, devices) if plan.seconds else _open(plan, devices)


def _open(plan: Plan, devices: list[int]) -> dict[str, Any]:
    from fleet.safety import service

    made = 0
    for low in range(0, plan.open, BATCH):
        news = [_rise(n, devices) for n in range(low, min(plan.open, low + BATCH))]
        made += len(service.take(news, _now()).alerts)
    return {"open": made}


def _stir(plan: Plan, devices: list[int]) -> dict[str, Any]:
    from fleet.safety import service
    from fleet.safety.signals import Key, Rise
    from fleet.safety.words import Priority

    dice, raised = random.Random(1), []
    began = time.monotonic()
    for n in range(int(plan.seconds * PER_S)):
        time.sleep(max(0.0, began + n / PER_S - time.monotonic()))
        if n % PER_S == 0:
            key = Key("over_current", devices[n // PER_S], 1)
            applied = service.take([Rise(key, _ms(), Priority.HIGH, facts={"ma": 52, "set_ma": 38})], _now())
            raised.append([applied.alerts[0].pk, time.time()])
        else:
            service.take([_change(dice, plan.open, devices)], _now())
    return {"raised": raised}


def _rise(n: int, devices: list[int]) -> "News":
    from fleet.safety.signals import Rise
    from fleet.safety.words import Priority

    priority = Priority.MEDIUM if n % 5 == 0 else Priority.LOW
    facts = {"ma": 20 + n % 40, "set_ma": 30 + n % 40, "soc": n % 100}
    return Rise(_key(n, devices), _ms() - 1000 * n, priority, facts=facts, in_session=n % 3 == 0)


def _change(dice: random.Random, count: int, devices: list[int]) -> "News":
    from fleet.safety.signals import Fall, Weigh
    from fleet.safety.words import Priority

    key = _key(dice.randrange(count), devices)
    if dice.random() < 0.5:
        return Fall(key, _ms())
    return Weigh(key, _ms(), dice.choice([Priority.MEDIUM, Priority.LOW]), {"ma": dice.randrange(60)})


def _key(n: int, devices: list[int]) -> Any:
    from fleet.safety.signals import Key

    rule, channel = divmod(n // len(devices), 8)
    return Key(RULES[rule % len(RULES)], devices[n % len(devices)], channel + 1)


def _now() -> Any:
    from django.utils import timezone

    return timezone.now()


def _ms() -> int:
    return int(time.time() * 1000)


if __name__ == "__main__":
    print(json.dumps(main(Plan(**json.loads(sys.argv[1])))))
