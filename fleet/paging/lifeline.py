"""Telling people directly when the database is gone: no outbox, no alert, no policy; what was remembered while it
lived.

One e-mail to whoever is on duty, or where nobody is, to everybody who may be on technical duty; one webhook to each
system that a site tells.  Each is tried once, all at once.  Nothing is written down but in the log, since nothing can
be; when the database is back, its silence is an alert like any other.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import uuid4

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from fleet.access.models import Site
from fleet.paging import duty as duties
from fleet.paging.channels import email, webhook
from fleet.paging.channels.answer import Answer
from fleet.paging.channels.email import Letter
from fleet.paging.models import Webhook
from fleet.safety import advice
from fleet.safety.words import Duty, Priority

log = structlog.get_logger(__name__)

_EVERY_S: Final = 15.0
_HANDS: Final = 8


@dataclass(frozen=True, slots=True)
class _Hook:
    url: str
    secret: str
    site: str


class Lifeline:
    """Whom to call without a database; only this process knows."""

    def __init__(self) -> None:
        self._mails: tuple[str, ...] = ()
        self._hooks: tuple[_Hook, ...] = ()
        self._remembered_s: float | None = None

    def remember(self) -> None:
        """Read whom to call; called every second, it reads every 15 s.  Raises what the database raises."""
        now_s = time.monotonic()
        if self._remembered_s is not None and now_s - self._remembered_s < _EVERY_S:
            return
        sites = list(Site.objects.all())
        on_duty = duties.on_duty(sites, timezone.now())
        people = [one.user for held in on_duty.values() for one in held]
        for site in sites:
            if not on_duty[site.pk, Duty.TECHNICAL]:
                people.extend(duties.anyone([site.pk], Duty.TECHNICAL))
        hooks = Webhook.objects.filter(revoked_at=None).select_related("site").order_by("pk")
        known = self._mails, self._hooks
        self._hooks = tuple(_Hook(one.url, one.secret, one.site.slug) for one in hooks)
        self._mails = tuple(sorted({user.email for user in people if user.email}))
        if self._remembered_s is None or known != (self._mails, self._hooks):
            log.info("whom to call without a database", people=len(self._mails), webhooks=len(self._hooks))
        self._remembered_s = now_s

    def call(self, what: str) -> None:
        """Tell them that this part of the server is gone; returns when each was tried, and never raises.

        Args:
            what: The part, such as "database".
        """
        if self._remembered_s is None:
            log.error("nobody can be called: the database was gone when this process started", part=what)
            return
        calls: list[tuple[str, Callable[[], Answer]]] = [
            (f"webhook of {hook.site}", partial(_post, hook, what)) for hook in self._hooks
        ]
        if self._mails and email.is_set_up():
            calls.append(("e-mail", partial(_mail, self._mails, what)))
        if not calls:
            log.error(
                "nobody can be called: no mail server with somebody's address, and no webhook", part=what
            )
            return
        pool = ThreadPoolExecutor(_HANDS, thread_name_prefix="lifeline")
        futures = {pool.submit(call): name for name, call in calls}
        done, _late = wait(futures, timeout=3 * settings.TELL_SECONDS)
        for one in done:
            _note(futures[one], one)
        pool.shutdown(wait=False, cancel_futures=True)


def _note(name: str, future: Future[Answer]) -> None:
    error = future.exception()
    if error is not None:
        log.error("the direct call failed", to=name, error=f"{type(error).__name__}: {error}")
    elif future.result().taken:
        log.info("called directly", to=name)
    else:
        log.error("the direct call was not taken", to=name, answer=future.result().text)


def _mail(to: tuple[str, ...], what: str) -> Answer:
    lines = [
        _said(what),
        "",
        _("From now on no alert is raised, and the pages show nothing new. Look at the devices themselves."),
        _("What to do: see that the server's %(part)s runs again.") % {"part": what},
        *([settings.PUBLIC_URL] if settings.PUBLIC_URL else []),
        "",
        _("This was sent once. The devices' own alarms work without this server."),
    ]
    subject = _("High · the server itself: %(what)s") % {"what": _said(what)}
    letter = Letter(to, subject, "\n".join(lines), str(uuid4()), urgent=True, hidden=True)
    return email.send(letter, seconds=settings.TELL_SECONDS)


def _post(hook: _Hook, what: str) -> Answer:
    now = timezone.now()
    message = {
        "type": "server.silent",
        "timestamp": now.isoformat(),
        "data": {
            "site": hook.site,
            "part": what,
            "priority": Priority.HIGH.value,
            "text": _said(what),
            "url": settings.PUBLIC_URL or None,
        },
    }
    return webhook.send(
        hook.url, hook.secret, message, id_=str(uuid4()), now=now, seconds=settings.TELL_SECONDS
    )


def _said(what: str) -> str:
    return str(advice.silences().get(f"{what}_silent") or _("the %(part)s does not answer") % {"part": what})
