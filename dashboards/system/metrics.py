"""Prometheus text of every process in one answer.

Each part of the server writes its figures into the `detail` of its `Pulse` row, about once a second:
`{"counters": {name: number}, "gauges": {name: number}, "rejects": {reason: number}}`.  Here they get the
label `part`.  So one scrape of the web sees ingest, dispatch and worker too, and no process opens a port for
it; what is shown is as old as `myofleet_pulse_age_seconds` says.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fleet.control.figures import Figures as CommandFigures
from fleet.rollouts.figures import Figures as RolloutFigures
from fleet.safety import queries as alert_queries

_NAME = re.compile(r"[^a-zA-Z0-9_]")


@dataclass(frozen=True, slots=True)
class Part:
    """One process: how old its word is (None: it is our own), and what it said."""

    name: str
    age_s: float | None
    detail: Mapping[str, Any]


class _Families(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def text(
    parts: Iterable[Part],
    counts: Mapping[str, Any] | None,
    alerts: alert_queries.Figures | None = None,
    commands: CommandFigures | None = None,
    protocols: Mapping[str, int] | None = None,
    rollouts: RolloutFigures | None = None,
) -> bytes:
    """Return the exposition text.

    Args:
        counts: Those of `queries.site_counts`; None: the database did not answer.
        alerts, commands, rollouts: As the database tells them; None: not known.
        protocols: How many versions stand in each state; None: not known.
    """
    registry = CollectorRegistry(auto_describe=False)
    parts = list(parts)
    ours = [*_pulses(parts), *_rejects(parts), *_devices(counts), *_alerts(alerts), *_commands(commands)]
    ours += [*_protocols(protocols), *_rollouts(rollouts)]
    taken = {family.name for family in ours}  # one name twice would make the whole answer unreadable
    told = [family for family in _figures(parts) if family.name not in taken]
    registry.register(_Families([*ours, *told]))
    return generate_latest(registry)


def _pulses(parts: Iterable[Part]) -> Iterator[Metric]:
    ages = GaugeMetricFamily(
        "myofleet_pulse_age_seconds", "Since this part last said it lives.", labels=["part"]
    )
    for part in parts:
        if part.age_s is not None:
            ages.add_metric([part.name], part.age_s)
    yield ages


def _figures(parts: Iterable[Part]) -> Iterator[Metric]:
    """Yield one family a name, with one sample a part that told it."""
    families: dict[str, Metric] = {}
    for part in parts:
        for kind, family_of in (("counters", CounterMetricFamily), ("gauges", GaugeMetricFamily)):
            for name, value in _numbers(part.detail.get(kind)):
                known = families.setdefault(name, family_of(name, f"{name} of each part.", labels=["part"]))
                if isinstance(
                    known, family_of
                ):  # another part may tell it as the other kind; the first one stands
                    known.add_metric([part.name], value)
    yield from families.values()


def _rejects(parts: Iterable[Part]) -> Iterator[Metric]:
    rejects = CounterMetricFamily(
        "myofleet_rejects", "Messages refused on the wire, by reason.", labels=["part", "reason"]
    )
    for part in parts:
        told = part.detail.get("rejects")
        for reason, value in told.items() if isinstance(told, dict) else ():
            if _is_number(value):
                rejects.add_metric([part.name, str(reason)], value)
    yield rejects


def _devices(counts: Mapping[str, Any] | None) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "myofleet_database_up", "Whether the database answered.", value=0 if counts is None else 1
    )
    if counts is None:
        return
    links = GaugeMetricFamily("myofleet_devices_by_link", "Devices in service, by link.", labels=["link"])
    for link, number in counts["links"].items():
        links.add_metric([link], number)
    yield links
    yield GaugeMetricFamily(
        "myofleet_devices_in_session", "Devices that said they are in session.", value=counts["in_session"]
    )


def _alerts(told: alert_queries.Figures | None) -> Iterator[Metric]:
    if told is None:
        return
    many = GaugeMetricFamily(
        "myofleet_alerts_open", "Alerts that are not closed.", labels=["priority", "state"]
    )
    for (priority, state), number in told.open.items():
        many.add_metric([priority, state], number)
    yield many
    waiting = GaugeMetricFamily(
        "myofleet_alerts_waiting_seconds",
        "How long the oldest alert waits that is true, and that nobody has acknowledged or shelved.",
        labels=["priority"],
    )
    for priority, seconds in told.waiting_s.items():
        waiting.add_metric([priority], seconds)
    yield waiting
    for name, number, says in (
        ("shelved", told.shelved, "Open alerts that are shelved."),
        ("explained", told.explained, "Open alerts that are listed under another one, their cause."),
        ("chattering", told.chattering, "Open alerts that come and go."),
    ):
        yield GaugeMetricFamily(f"myofleet_alerts_{name}", says, value=number)


def _commands(told: CommandFigures | None) -> Iterator[Metric]:
    if told is None:
        return
    many = GaugeMetricFamily(
        "myofleet_commands_last_hour",
        "What was asked of devices at sites in the last hour, by how it stands now.",
        labels=["verb", "state"],
    )
    for (verb, state), number in told.standing.items():
        many.add_metric([verb, state], number)
    yield many
    for name, found, says in (
        ("published", told.published_s, "From asked for until the broker had it, s, in the last hour."),
        ("proof", told.proved_s, "From asked for until the device had shown it, s, in the last hour."),
    ):
        times = GaugeMetricFamily(f"myofleet_command_{name}_seconds", says, labels=["verb", "quantile"])
        for (verb, quantile), seconds in found.items():
            times.add_metric([verb, f"{quantile:g}"], seconds)
        yield times


def _protocols(told: Mapping[str, int] | None) -> Iterator[Metric]:
    if told is None:
        return
    versions = GaugeMetricFamily(
        "myofleet_protocol_versions", "Versions of protocols, by where they stand.", labels=["state"]
    )
    for state, number in told.items():
        versions.add_metric([state], number)
    yield versions


def _rollouts(told: RolloutFigures | None) -> Iterator[Metric]:
    if told is None:
        return
    for name, says, counted in (
        ("myofleet_rollouts", "Rollouts, by where they stand.", told.rollouts),
        ("myofleet_rollout_devices", "Devices of the rollouts at work, by where they stand.", told.targets),
    ):
        many = GaugeMetricFamily(name, says, labels=["state"])
        for state, number in counted.items():
            many.add_metric([state], number)
        yield many


def _numbers(told: object) -> Iterator[tuple[str, float]]:
    for name, value in told.items() if isinstance(told, dict) else ():
        if _is_number(value):
            yield _named(str(name)), float(value)


def _named(name: str) -> str:
    name = _NAME.sub("_", name).removesuffix("_total")  # the counter family puts it back
    return name if name.startswith(("process_", "myofleet_")) else f"myofleet_{name}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
