"""One alert over time, told step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fleet.safety import lifecycle
from fleet.safety.life import Kind, Life, Noted, Step
from fleet.safety.signals import Fall, Key, Rise, Weigh
from fleet.safety.words import Disposition, Priority

KEY = Key("electrode_off", device_id=7, channel=2)
NURSE, COLLEAGUE = 1, 2
HIGH, MEDIUM, LOW = Priority.HIGH, Priority.MEDIUM, Priority.LOW


@dataclass
class Story:
    """One alert over time; times are seconds."""

    life: Life | None = None
    noted: list[Noted] = field(default_factory=list)
    now_ms: int = 0

    def _took(self, step: Step | None) -> Story:
        if step is not None:
            self.life = step.life
            self.noted += step.noted
        return self

    def rises(self, at_s: float, priority: Priority = MEDIUM, **more: Any) -> Story:
        self.now_ms = round(at_s * 1000)
        fields: dict[str, Any] = {"session": "s1", "in_session": True} | more
        news = Rise(KEY, fields.pop("event_ms", self.now_ms), priority, **fields)
        return self._took(lifecycle.take(self.life, news, self.now_ms))

    def weighs(self, at_s: float, priority: Priority) -> Story:
        self.now_ms = round(at_s * 1000)
        return self._took(lifecycle.take(self.life, Weigh(KEY, self.now_ms, priority), self.now_ms))

    def falls(self, at_s: float) -> Story:
        self.now_ms = round(at_s * 1000)
        return self._took(lifecycle.take(self.life, Fall(KEY, self.now_ms), self.now_ms))

    def acknowledged(self, at_s: float, by: int = NURSE) -> Story:
        assert self.life
        return self._took(lifecycle.acknowledge(self.life, by=by, now_ms=round(at_s * 1000)))

    def shelved(self, at_s: float, until_s: float, *, one_shot: bool = False) -> Story:
        assert self.life
        return self._took(
            lifecycle.shelve(
                self.life,
                until_ms=round(until_s * 1000),
                reason="why",
                one_shot=one_shot,
                by=NURSE,
                now_ms=round(at_s * 1000),
            )
        )

    def unshelved(self, at_s: float) -> Story:
        assert self.life
        return self._took(lifecycle.unshelve(self.life, by=NURSE, now_ms=round(at_s * 1000)))

    def closed(self, at_s: float, disposition: Disposition = Disposition.ACTIONABLE) -> Story:
        assert self.life
        return self._took(
            lifecycle.close(self.life, disposition=disposition, note="", by=NURSE, now_ms=round(at_s * 1000))
        )

    def waits_until(self, at_s: float) -> Story:
        assert self.life
        return self._took(lifecycle.pass_time(self.life, round(at_s * 1000)))

    @property
    def now(self) -> Life:
        assert self.life
        return self.life

    @property
    def kinds(self) -> list[Kind]:
        return [one.kind for one in self.noted]


def begins(priority: Priority = MEDIUM, **more: Any) -> Story:
    return Story().rises(0, priority, **more)
