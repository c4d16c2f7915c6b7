"""What the passing of time does to alerts, once a second: whoever holds the clock calls `tick`.

That is the worker; while its pulse is missing, ingest (`fleet.standin`).  Both at once do no harm: an alert is open
once, and each step is the difference to what the database says.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Final

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from devices.models import Pulse
from devices.moments import to_ms
from fleet.safety import service
from fleet.safety.drift import Drift
from fleet.safety.models import Alert
from fleet.safety.pipeline import Watch
from fleet.safety.rules import RULES
from fleet.safety.signals import Fall, Key, News, Rise
from fleet.safety.sweep import Sweep
from fleet.safety.words import TRUE, Priority

log = structlog.get_logger(__name__)

WATCHED_BY_WORKER: Final = ("ingest", "dispatch", "courier", "broker")
_BROKEN: Final = "rule_broken"


class Clock:
    """One process's clock of alerts.

    Args:
        watched: The parts of the server that it looks at.
        trends: Whether it looks for what worsens over minutes, too: half a second of work now and then, and nothing
            that must be known at once.
    """

    def __init__(self, *watched: str, trends: bool = True, started_at: datetime | None = None) -> None:
        self.started_at = started_at or timezone.now()
        self.sweep = Sweep()
        # Each with the rule that judges nothing while the step fails.
        self._steps: dict[str, Callable[[datetime], object]] = {
            "link_lost": self.sweep.look,
            "ingest_silent": Watch(watched).look,
            "": service.pass_time,
        }
        if trends:
            self._steps["contact_drift"] = Drift().look
        self._broken: set[str] | None = None

    def tick(self, now: datetime) -> None:
        """Take every step, whatever became of the one before; one that fails is itself an alert.

        Raises OperationalError or InterfaceError where there is no database: then no step can be taken.
        """
        if self._broken is None:
            self._broken = _broken_before(self._steps)
        for rule, step in self._steps.items():
            try:
                step(now)
                self._mended(rule, now)
            except (OperationalError, InterfaceError):
                raise
            except Exception as error:
                log.exception("a step of the clock failed; the others go on", rule=rule)
                self._fails(rule, error, now)

    def _fails(self, rule: str, error: Exception, now: datetime) -> None:
        if rule and self._broken is not None:
            about = RULES[_BROKEN]
            facts = {"rule": rule, "error": f"{type(error).__name__}: {error}"[:200]}
            _tell(Rise(Key(_BROKEN, subject=rule), to_ms(now), about.priorities[0], about.duty, facts), now)
            self._broken.add(rule)

    def _mended(self, rule: str, now: datetime) -> None:
        if self._broken and rule in self._broken:
            _tell(Fall(Key(_BROKEN, subject=rule), to_ms(now)), now)
            self._broken.discard(rule)

    def holds_until(self, now: datetime) -> datetime | None:
        """Return until when alerts below high are told to nobody, or None.

        After a start of this process, or of ingest, what explains an alert may not be known yet.
        """
        hold = timedelta(seconds=settings.ALERT_HOLD_SECONDS)
        starts = [] if self.sweep.has_looked else [self.started_at]
        ingest = Pulse.objects.filter(part="ingest").first()
        ingest_since = parse_datetime(str(ingest.detail.get("started_at", ""))) if ingest else None
        starts += [ingest_since] if ingest_since is not None else []
        until = max((start + hold for start in starts), default=now)
        return until if until > now else None

    def held(self, now: datetime) -> Callable[[Alert], bool]:
        """Return whether an alert is to be told to nobody yet, as of now."""
        is_holding = self.holds_until(now) is not None
        return lambda alert: is_holding and alert.priority != Priority.HIGH


@cache
def of_this_process() -> Clock:
    """Return the clock of this process, which lasts as long as it does; the worker's is the one that goes."""
    return Clock(*WATCHED_BY_WORKER)


def _broken_before(steps: dict[str, Callable[[datetime], object]]) -> set[str]:
    """Return which steps an earlier process found broken."""
    rows = Alert.objects.filter(rule=_BROKEN, subject__in=[rule for rule in steps if rule], state__in=TRUE)
    return set(rows.values_list("subject", flat=True))


def _tell(news: News, now: datetime) -> None:
    try:
        service.take([news], now)
    except Exception:
        log.exception("that a step of the clock failed could not be told")
