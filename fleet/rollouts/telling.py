"""Pages hear of a rollout that changed, once that is committed."""

from django.db import transaction

from fleet.live import announce
from fleet.rollouts import queries
from fleet.rollouts.models import Rollout


def tell(row: Rollout) -> None:
    """Tell of it after the transaction; what gets lost on the way, pages read again."""
    transaction.on_commit(lambda: announce.rollouts(queries.told(queries.again([row.pk]))), robust=True)
