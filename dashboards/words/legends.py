"""What every mark on a wall means: the words of its legend, and of the list of states one can choose."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from dashboards.words.choices import STATES, Choice
from dashboards.words.faces import Texts


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: the `data-tone` that draws it, its name, and what it means."""

    tone: str
    name: str
    meaning: str


def marks(texts: Texts) -> list[Mark]:
    """Return every shape that a tile can carry, the worst first."""
    return [
        Mark(
            "silent",
            texts["silent.on"],
            _("No longer heard, in a session when last heard. Current may flow."),
        ),
        Mark("conflict", texts["link.conflict"], _("What is shown may be the other device's.")),
        Mark("fault", texts["state.fault"], _("The device stopped itself, or was stopped at the device.")),
        Mark("on", texts["state.running"], _("Current flows.")),
        Mark("ramping", texts["state.ramping"], _("Current rises or falls.")),
        Mark("paused", texts["state.paused"], _("In a session, no current flows.")),
        Mark("ready", texts["state.ready"], _("A session can begin.")),
        Mark("idle", texts["state.idle"], _("Switched on, no session.")),
        Mark("charging", texts["state.charging"], _("On its charger.")),
        Mark(
            "lost", texts["link.lost"], _("Not heard, and not in a session when last heard; or switched off.")
        ),
        Mark("never", texts["link.never"], _("Enrolled, but never connected.")),
    ]


def states(texts: Texts) -> list[tuple[str, str]]:
    """Return each state that can be chosen, with its name."""
    names = {
        "in_session": _("In session"),
        "attention": _("Need attention"),
        "silent": _("Silent"),
        "on": _("On or ramping"),
        "lost": texts["link.lost"],
        "never": texts["link.never"],
        "conflict": texts["link.conflict"],
    }
    return [(state, names.get(state) or texts[f"state.{state}"]) for state in STATES]


def described(choice: Choice, texts: Texts) -> str:
    """Return what is chosen, in words: a screen on the wall shows no lists to read it from."""
    named = dict(states(texts)).get(choice.state, "")
    return " · ".join(filter(None, (choice.room, named, choice.text and f"“{choice.text}”")))
