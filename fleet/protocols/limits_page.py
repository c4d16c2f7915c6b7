"""docs/safety/limits.md as the code says it."""

from typing import Final

from devices.protocols import LIMITS, POLICY, Limit
from devices.protocols.policy import LOAD_OHM, WHOLE_BODY, WHOLE_BODY_CHANNELS

_HEAD: Final = """\
# The limits of protocols

<!-- written by `manage.py limits --write`; a test holds it current -->

What a protocol is held against: while it is written, when it is submitted, and again when it is approved. An **error**
keeps it from being submitted; a **warning** is shown to whoever writes and whoever approves it, and left to them.

These are defaults of this software, to be confirmed by whoever answers for treatment. They are no claim that a standard
is met: of the standards named, the text itself was not read. Each limit says how sure its figure is:

- **found**: read in the source named;
- **memory**: not checked against a text, so not to be relied on before somebody has;
- **own**: this product's own choice.

The device has limits of its own, which hold whatever is written here. All currents are the highest that a step
allows (`max_ma`), peak of one phase; phases are ONE phase; r.m.s. and mean are over the time in which current flows,
rests left out. A protocol names no pad: density and power are judged for {pad_cm2:g} cm² (`PROTOCOL_PAD_CM2`), and on a
device that says its pads, for those, too. Power and energy are into {ohm} Ω.

| Limit | At most | | How sure | Where it comes from |
|---|---|---|---|---|
"""
_TAIL: Final = """
## How the figures are made

| Figure | Formula |
|---|---|
| charge of one phase, µC | mA × µs / 1000; of sinusoidal currents that of a rectangle, an upper bound |
| r.m.s. current, mA | mA × √(n × phase × frequency); `burst_ac`: 0.5 × mA; `interferential`: 0.707 × mA |
| mean absolute current, mA | n × charge × frequency / 1000 |
| density, mA/cm² | r.m.s. current / pad |
| power, W/cm² | r.m.s. current² × {ohm} Ω / pad |
| energy of a pulse, mJ | n × current² × {ohm} Ω × phase |
| net charge | symmetric: none; monophasic: all of it; asymmetric: the device has to balance it, and a warning says so |

n is 2 for symmetric and asymmetric biphasic pulses, and 1 for monophasic ones. The second phase of an asymmetric pulse
is lower: counted as the first, the figure is an upper bound. Of `burst_biphasic` the r.m.s. current is not known.

The alert rules count the same way ([the rules](rules.md)), and tests hold both to one figure.

For bursts and alternating currents `frequency_hz` is the rate of the bursts. What is in a burst the document does not
say: the lowest limit of the r.m.s. current holds, and a warning says so.

## Whole-body EMS

Held to the limits `wb_…` above: a protocol whose indication is `{wb}` (errors), and one that uses {channels} channels
or more (warnings). The first sessions are the dangerous ones: muscle can break down. Whether somebody has had ten
sessions a protocol cannot know, so a longer one than a novice's warns.

## What is wrong whatever the limits say

A value that is missing or that no device could read; a target above the highest current; phases and their gap that do
not fit between two pulses; a step without length, or of work without time on; more than 100,000 phases. Warned of: no
ramp, no rest between cycles, a session that ends before its steps do, rests that do not fit into a day, a channel in
use that never has current.

## On a device

A device is not offered a protocol that it cannot follow by what it says of itself: a channel that it does not have,
more current than it gives, a density above the limit with its own pads, or no `apply_protocol` among what it can. What
it never said is unknown, and forbids nothing: the device has the last word, and may refuse.
"""


def page() -> str:
    """Return the whole page."""
    rows = "".join(_row(limit) for limit in LIMITS.values())
    tail = _TAIL.format(ohm=LOAD_OHM, wb=WHOLE_BODY, channels=WHOLE_BODY_CHANNELS)
    return _HEAD.format(pad_cm2=POLICY.pad_cm2, ohm=LOAD_OHM) + rows + tail


def _row(limit: Limit) -> str:
    value = f"{limit.value:,g} {limit.unit}" if limit.value < 10_000 else f"{limit.value:g} {limit.unit}"
    least = "at least " if limit.name == "wb_rest_h" else ""
    return (
        f"| `{limit.name}`: {limit.what} | {least}{value} | {limit.severity}"
        f" | {limit.confidence} | {limit.source} |\n"
    )
