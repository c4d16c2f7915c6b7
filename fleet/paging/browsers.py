"""Browsers that are pushed to no more: their address and keys are erased, and what was told by them stays on record."""

from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.dispatch import receiver
from django.utils import timezone

from fleet.access.service import login_ended
from fleet.paging.models import PushAddress

_ERASED: Final = "erased:"


def kept(user: User) -> QuerySet[PushAddress]:
    """Return the browsers of this person, the newest first, also those whose push service forgot them."""
    mine = PushAddress.objects.filter(user=user).exclude(endpoint__startswith=_ERASED)
    return mine.order_by("-made_at", "-pk")


def erase(rows: QuerySet[PushAddress], now: datetime) -> int:
    """Push to these no more; return how many there were."""
    nowhere = Concat(Value(_ERASED), Cast("pk", CharField()))
    return rows.exclude(endpoint__startswith=_ERASED).update(
        endpoint=nowhere, p256dh="", auth="", gone_at=now
    )


@receiver(login_ended, dispatch_uid="paging.login_ended")
def forget(user: User, **_kwargs: Any) -> None:
    """Whoever could log in as them may have had a browser of their own told."""
    erase(kept(user).order_by(), timezone.now())
