"""Rules that raise an exception: reported once as an alert, and told to work again once they do.

A rule that fails finds nothing, which must not look like calm.
"""

from typing import Final

import structlog

from fleet.safety.models import Alert
from fleet.safety.rules import RULES
from fleet.safety.signals import Fall, Key, News, Rise
from fleet.safety.ward import JUDGING, RULES_HERE
from fleet.safety.words import TRUE

log = structlog.get_logger(__name__)

WORKS_AFTER_MS: Final = 60_000  # without a failure for so long, a rule works again
OWN: Final = RULES_HERE | {"events", JUDGING}
"""What is judged here; rules of silence are somebody else's to report."""
_RULE: Final = RULES["rule_broken"]


class Breaks:
    """Which rules are broken, and since when they last failed."""

    def __init__(self) -> None:
        self._fresh: dict[str, str] = {}  # failed since news were asked for last
        self._failed_ms: dict[str, int] | None = None  # None: not read yet
        self.count = 0

    def note(self, rule: str, error: Exception) -> None:
        """Note that a rule failed."""
        self.count += 1
        if rule not in self._fresh and rule not in (self._failed_ms or {}):
            log.error("a rule is broken; all others go on", rule=rule, exc_info=error)
        self._fresh[rule] = f"{type(error).__name__}: {error}"[:200]

    def forget(self) -> None:
        """What was told last was not committed: what the database says is read again."""
        self._failed_ms = None

    def refresh(self, now_ms: int) -> None:
        """Recall what a former life reported."""
        if self._failed_ms is None:
            told = Alert.objects.filter(rule=_RULE.id, subject__in=OWN, state__in=TRUE)
            self._failed_ms = dict.fromkeys(told.values_list("subject", flat=True), now_ms)

    def news(self, now_ms: int) -> list[News]:
        """Return what is to be told of rules that broke, or work again."""
        if self._fresh:
            self.refresh(now_ms)  # right after `forget`, what was reported before is not known here
        failed = self._failed_ms if self._failed_ms is not None else {}
        if not self._fresh and not failed:
            return []
        news: list[News] = []
        for rule, error in self._fresh.items():
            if rule not in failed:
                news.append(
                    Rise(
                        Key(_RULE.id, subject=rule),
                        now_ms,
                        _RULE.priorities[0],
                        duty=_RULE.duty,
                        facts={"rule": rule, "error": error},
                    )
                )
            failed[rule] = now_ms
        self._fresh = {}
        for rule in [rule for rule, ms in failed.items() if now_ms - ms >= WORKS_AFTER_MS]:
            del failed[rule]
            news.append(Fall(Key(_RULE.id, subject=rule), now_ms))
        self._failed_ms = failed
        return news
