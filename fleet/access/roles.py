"""Who may do what: the one table.  A role holds at a site; nobody's role reaches beyond it.

`docs/access.md` shows the same table to people, and `tests/fleet/access/test_roles.py` spells out every cell.
"""

from typing import Final

from fleet.access.models import Role

_EVERYBODY: Final = frozenset(Role)
_NOBODY: Final[frozenset[Role]] = frozenset()
_STAFF: Final = _EVERYBODY - {Role.ADMIN}  # whoever works with people or machines

MAY: Final[dict[str, frozenset[Role]]] = {
    # Seeing: devices, their records, ledgers, traces, sessions, what was rejected, alerts.
    "see": _EVERYBODY,
    "see_ledger": _EVERYBODY,
    "see_rejects": _EVERYBODY,
    "see_unknown_rejects": frozenset({Role.ADMIN}),  # of serials that stand at no site
    "see_audit": frozenset({Role.ADMIN}),
    "see_system": frozenset(
        {Role.ENGINEER, Role.ADMIN}
    ),  # the server's own parts: no site's, and nobody's data
    # Commands that make things safer, or blink, are for whoever stands there.
    "stop": _EVERYBODY,
    "pause": _EVERYBODY,
    "lower": _EVERYBODY,
    "identify": _EVERYBODY,
    "acknowledge": _EVERYBODY,
    "lock": frozenset({Role.NURSE, Role.CLINICIAN, Role.ENGINEER}),
    "unlock": frozenset({Role.NURSE, Role.CLINICIAN, Role.ENGINEER}),
    "rebirth": frozenset({Role.ENGINEER}),
    "apply_protocol": _NOBODY,  # only through rollouts
    "withdraw": _NOBODY,  # only through rollouts
    # Devices.
    "enrol": frozenset({Role.ENGINEER}),
    "end_conflict": frozenset({Role.ENGINEER}),
    # Protocols and rollouts.
    "write_protocol": frozenset({Role.CLINICIAN}),
    "approve_protocol": frozenset({Role.CLINICIAN}),
    "write_rollout": frozenset({Role.ENGINEER}),
    "approve_rollout": frozenset({Role.CLINICIAN}),
    # Alerts.
    "shelve": _STAFF,
    "close_alert": _STAFF,
    "out_of_service": frozenset({Role.NURSE, Role.CLINICIAN, Role.ENGINEER}),
    "take_care": frozenset({Role.NURSE, Role.CLINICIAN, Role.COACH}),  # be on duty for people
    "take_technical": frozenset({Role.ENGINEER}),  # be on duty for machines
    "manage_telling": frozenset({Role.ENGINEER, Role.ADMIN}),  # rota, escalation, webhooks
    # Rules.
    "write_rule": frozenset({Role.ENGINEER}),
    "shelve_beyond_shift": frozenset({Role.ENGINEER}),
    # People.
    "manage_people": frozenset({Role.ADMIN}),
    "manage_site": frozenset({Role.ADMIN}),
    "manage_tokens": frozenset({Role.ADMIN}),
    "manage_displays": frozenset({Role.ADMIN}),  # links for screens on the wall
}


def allows(role: Role, verb: str) -> bool:
    """Whether the role may do this at its site.  Raises KeyError for a verb that the table does not have."""
    return role in MAY[verb]


def roles_for(verb: str) -> frozenset[Role]:
    """Return the roles that may do this.  Raises KeyError for a verb that the table does not have."""
    return MAY[verb]
