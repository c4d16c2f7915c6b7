"""What every process can say about itself, for its `Pulse.detail` and for `/metrics`."""

from prometheus_client import ProcessCollector


def of_this_process() -> dict[str, dict[str, float]]:
    """Return counters and gauges by name: CPU seconds, memory in bytes, open files, start time.

    Empty where the system has no /proc.
    """
    measured: dict[str, dict[str, float]] = {"counters": {}, "gauges": {}}
    for family in ProcessCollector(registry=None).collect():
        kind = measured["counters" if family.type == "counter" else "gauges"]
        kind |= {sample.name: sample.value for sample in family.samples}
    return measured
