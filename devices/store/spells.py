"""Slow spells in the database: one row each, written on while they last, a bounded number a day."""

from datetime import datetime, timedelta

from devices.models import SlowSpell
from devices.spells import Spell
from devices.state import from_ms

MOST_A_DAY = 200  # of one part; a house that is slower than that needs no more evidence
KEPT_DAYS = 30


def keep(part: str, spell: Spell) -> None:
    """Write the spell down, or what is new of it.  Beyond the day's number, new spells are not kept."""
    if spell.row is None:
        day = from_ms(spell.began_ms) - timedelta(days=1)
        if SlowSpell.objects.filter(part=part, began_at__gt=day).count() >= MOST_A_DAY:
            return
        spell.row = SlowSpell.objects.create(part=part, **_columns(spell)).pk
    else:
        SlowSpell.objects.filter(pk=spell.row).update(**_columns(spell))


def prune(now: datetime) -> None:
    """Forget what is past its time."""
    SlowSpell.objects.filter(began_at__lt=now - timedelta(days=KEPT_DAYS)).delete()


def _columns(spell: Spell) -> dict[str, object]:
    worst = spell.worst
    return {
        "began_at": from_ms(spell.began_ms),
        "last_at": from_ms(spell.last_ms),
        "rounds": spell.rounds,
        "worst_at": from_ms(spell.worst_at_ms),
        "worst_ms": worst.took_ms,
        "waited_ms": worst.waited_ms,
        "steps": list(worst.steps_ms.items()),
        "messages": worst.messages,
        "backlog": worst.backlog,
        "what": worst.what[:120],
    }
