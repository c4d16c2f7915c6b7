"""Who may do what with a rollout: the right is needed at every one of its sites."""

from collections.abc import Iterable
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from fleet.access import service as access
from fleet.access.models import Site
from fleet.access.queries import may_of, sites_of
from fleet.rollouts.models import Rollout

WRITE: Final = ("write_rollout",)
APPROVE: Final = ("approve_rollout",)
EITHER: Final = (*WRITE, *APPROVE)
"""What asks for less, or goes back to what was approved, nobody is kept waiting for."""

NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "edit": WRITE,
    "submit": WRITE,
    "approve": APPROVE,
    "reject": APPROVE,
    "start": WRITE,
    "pause": EITHER,
    "resume": WRITE,
    "advance": WRITE,
    "abort": EITHER,
    "rollback": EITHER,
    "retry": WRITE,
}
"""By verb: which rights, one of which is needed at each site."""


def require(actor: User | None, verb: str, rollout: Rollout) -> None:
    """Let the actor pass, or turn them away; before the transaction, so that a denial is on record.

    Args:
        actor: None: the shell, who may.

    Raises:
        access.NotVisible: The actor sees none of the rollout's sites.
        access.Denied: The actor may not do this at all of them.
    """
    if actor is not None:
        require_at(actor, NEEDS[verb], list(rollout.sites.all()), subject=str(rollout.pk))


def require_at(actor: User, rights: Iterable[str], sites: Iterable[Site], *, subject: str) -> None:
    """Let pass who has one of these rights at each of the sites.  Raises as `require`."""
    rights, sites = tuple(rights), list(sites)
    with transaction.atomic(durable=True):
        seen = {one.pk for one in sites_of(actor)}
        if sites and not any(one.pk in seen for one in sites):
            raise access.NotVisible(subject)
        missing = next((one for one in sites if not may_of(actor, rights, one)), None)
        if missing is None and sites:
            return
        at = missing if missing is not None and missing.pk in seen else None
        known = at or next((one for one in sites if one.pk in seen), None)
        access.record(actor, f"denied.{rights[0]}", site=known, subject=subject)
    raise access.Denied(rights[0], at.name if at else _("another site of this rollout"))


def may(actor: User, verb: str, rollout: Rollout) -> bool:
    """Whether the actor's roles allow this at every site of the rollout; nothing is recorded."""
    sites = list(rollout.sites.all())
    return bool(sites) and all(may_of(actor, NEEDS[verb], one) for one in sites)


def wrote(actor: User, rollout: Rollout) -> bool:
    """Whether the actor wrote any part of it; also under the name of somebody whose account is gone."""
    is_named = actor.get_username()[:150] in (rollout.created_by, rollout.submitted_by)
    return is_named or rollout.authors.filter(pk=actor.pk).exists()
