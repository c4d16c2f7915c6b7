"""The picture of a version's life, from the table of its states.  Pure.

`manage.py lifecycle --write` puts it into docs/protocols.md; a test holds it current.
"""

from typing import Final

from fleet.protocols.lifecycle import BEFORE, State

_DEEDS: Final = {
    State.SUBMITTED: "somebody submits it,<br/>and it never changes again",
    State.APPROVED: "somebody else approves it",
    State.REJECTED: "a clinician rejects it",
    State.WITHDRAWN: "one clinician withdraws it",
}


def mermaid() -> str:
    """Return a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.DRAFT}: written, imported, or taken from the library"]
    lines.append(f"    {State.DRAFT} --> {State.DRAFT}: edited")
    for to, deed in _DEEDS.items():
        lines += [f"    {before} --> {to}: {deed}" for before in sorted(BEFORE[to])]
    lines += [f"    {state} --> [*]" for state in State if not any(state in one for one in BEFORE.values())]
    return "\n".join(lines)
