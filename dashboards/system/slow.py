"""Slow spells in words: where the time went, as a bar of its steps, and what to do about the largest."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from devices.models import SlowSpell

WIDTH = 1000
_TOLD = 4  # steps named below a bar


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the worst round; `left` and `width` of WIDTH."""

    key: str
    label: str
    ms: int
    left: int
    width: int


@dataclass(frozen=True, slots=True)
class Trace:
    """A spell with its bar."""

    spell: SlowSpell
    steps: list[Step]
    todo: str

    @property
    def lasted_ms(self) -> int:
        return round((self.spell.last_at - self.spell.began_at).total_seconds() * 1000)

    @property
    def largest(self) -> list[Step]:
        return sorted(self.steps, key=lambda step: -step.ms)[:_TOLD]

    @property
    def in_words(self) -> str:
        """The bar for those who do not see it."""
        return ", ".join(f"{step.label}: {step.ms} ms" for step in self.steps)


def traces(spells: Iterable[SlowSpell]) -> list[Trace]:
    return [_trace(spell) for spell in spells]


def _trace(spell: SlowSpell) -> Trace:
    told = [(str(name), int(ms)) for name, ms in spell.steps]
    if spell.waited_ms:
        told.insert(0, ("waited", spell.waited_ms))
    labels, whole, left = _labels(), max(1, sum(ms for _name, ms in told)), 0.0
    steps = []
    for name, ms in told:
        width = ms / whole * WIDTH
        steps.append(Step(name, labels.get(name, name), ms, round(left), max(1, round(width))))
        left += width
    largest = max(steps, key=lambda step: step.ms, default=None)
    return Trace(spell, steps, _todo(largest.key) if largest else "")


def _labels() -> dict[str, str]:
    return {
        "waited": _("waited to be taken"),
        "decode": _("decode"),
        "lay": _("read what is known"),
        "settle": _("work out"),
        "copy": _("copy records"),
        "ledger": _("write ledger"),
        "judge": _("judge, and write alerts"),
        "states": _("write states"),
        "changes": _("write changes"),
        "commit": _("commit"),
        "announce": _("announce"),
        "acknowledge": _("acknowledge"),
        "time": _("watermarks, roll-ups, pulse"),
        "database_away": _("database away"),
        "database": _("database"),
        "page": _("put the page together"),
        "pulse": _("write the pulse"),
        "silence": _("look for silent devices"),
        "accounts": _("look for changed accounts"),
    }


def _todo(largest: str) -> str:
    """What to look at when this step took most of the time."""
    if largest == "waited":
        return _(
            "More came at once than could be taken: see what the rounds before it did, and the processor's load."
        )
    if largest == "commit":
        return _("The disk was slow to keep what was written: look at its load, and at backups at that time.")
    if largest == "page":
        return _(
            "Redis or the database did not answer in time, the processor was busy, or the machine swapped."
        )
    if largest in ("decode", "settle", "announce", "acknowledge"):
        return _("The processor was busy with something else, or the machine swapped.")
    if largest == "database_away":
        return _("The database ended or was restarted: see its log at that time.")
    return _(
        "The database was busy, or a lock was held: look at long transactions, migrations and backups at that time."
    )
