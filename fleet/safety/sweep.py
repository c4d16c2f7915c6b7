"""Looks, once a second, for what no message brings: silence, its causes, and what they explain.

Three transactions, in an order in which a crash between them loses nothing and pages nobody wrongly: the causes
first, so that what they explain is never told alone; then the devices, with what was found of each; then whatever is
listed under another line than before.  Each is the difference to what the database says, so the next look mends it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from devices.moments import from_ms, to_ms
from devices.store import silence as links
from fleet.safety import causes, contacts, lifecycle, rulesets, service, silence
from fleet.safety.causes import SITE, Cause, Contact
from fleet.safety.contacts import OpenCause, Place
from fleet.safety.intake import change, settle
from fleet.safety.models import Alert, Condition
from fleet.safety.rules import PRODUCT, RULES, Limits
from fleet.safety.signals import Fall, Key, News, Rise, Weigh
from fleet.safety.silence import Known
from fleet.safety.words import OPEN, Disposition, State

OWN_MS: Final = 60_000
"""A silence that was told alone for so long is a story of its own, and evidence for no cause."""
WITH_IT_MS: Final = 10_000
"""Who was last heard this long after a cause was told did not fall silent with it: that is news."""
NEWS_MS: Final = 20_000
_COMES_BACK_MS: Final = 3_000
"""Who is still silent when a cause ends has so long to come back, too, before it is told on a line of its own."""
_MOST: Final = 200  # devices a transaction, so that no lock is held for long
_FOLLOWERS: Final = tuple(name for name, rule in RULES.items() if rule.follows_silence)

Where = tuple[int, str]  # site, subject


@dataclass(slots=True)
class Sweep:
    """One process's look at silence.

    What it remembers from look to look is only a matter of comfort: how long a cause has been calm, what it has asked
    the history already, and which causes a person closed while they were true (the first look reads these anew).
    """

    _answers: contacts.Answers = field(default_factory=contacts.Answers)
    _calm_since: dict[Where, int | None] = field(default_factory=dict)
    _seen: set[Where] | None = None  # None: this process has not looked yet
    _limits: dict[int, Limits] = field(default_factory=dict)
    _versions: dict[int, int] | None = None
    has_looked: bool = False  # with silence that counts: causes are known

    def look(self, now: datetime) -> None:
        """Raise, clear and explain what is due by now."""
        counts_from_ms = links.counts_from(now, pulse_old=links.DOUBTED)
        self._read_rules()
        seen = self._seen = _closed_while_true(now) if self._seen is None else self._seen
        known = contacts.known()
        look = _Look(
            to_ms(now),
            counts_from_ms,
            contacts.places(now, self._answers, known),
            known,
            contacts.spoken(now),
            _open_causes(),
            self._limits,
        )
        found = self._causes(look)
        if service.take(list(self._about_causes(look, found)), now).alerts:
            look.causes = _open_causes()
        true = {where for where, one in look.causes.items() if one.is_true}
        self._seen = {where for where in found if where in seen or where in true}
        tops = _tops(found, look.causes)
        _take_devices(look, tops, now)
        if counts_from_ms is not None:
            _arrange(look.causes, tops, now)
            self.has_looked = True
        _close_with_cause(now)

    def _read_rules(self) -> None:
        versions = rulesets.versions()
        if versions != self._versions:
            self._limits, self._versions = rulesets.limits_everywhere(), versions

    def _causes(self, look: "_Look") -> dict[Where, Cause]:
        """Return the causes that hold now, and remember since when each is calm."""
        by_site: dict[int, list[Contact]] = {}
        for site_id, one in look.contacts():
            if one.is_quiet:
                by_site.setdefault(site_id, []).append(one)
        held = {where for where, one in look.causes.items() if one.is_true} | (self._seen or set())
        found: dict[Where, Cause] = {}
        for site_id, some in by_site.items():
            at_site = causes.find(
                some,
                look.limits_of(site_id),
                {subject: self._calm_since.get((site, subject)) for site, subject in held if site == site_id},
                look.now_ms,
                settle_ms=round(settings.ALERT_SETTLE_SECONDS * 1000),
                may_begin=look.may_begin,
                spoken=look.spoken.get(site_id),
            )
            found |= {(site_id, subject): cause for subject, cause in at_site.items()}
        self._calm_since = {where: cause.calm_since_ms for where, cause in found.items()}
        return found

    def _about_causes(self, look: "_Look", found: Mapping[Where, Cause]) -> Iterable[News]:
        """What is to be told of the causes themselves.

        A cause that a person closed while it was true is not raised again: it must end first.
        """
        for where, cause in found.items():
            known = look.causes.get(where)
            if known is not None and known.is_true:
                is_told = (known.silent, known.in_session) == (len(cause.devices), cause.in_session)
                grows = look.may_begin and look.is_lost_anew(cause, known.told_ms)
                if look.may_begin and (grows or not is_told):
                    yield _weighed(known, cause, look.now_ms, grows=grows)
            elif where not in (self._seen or ()) and (not where[1] or (where[0], SITE) not in found):
                yield _risen(where, cause, look)
        for where, known in look.causes.items():
            if known.is_true and where not in found:
                yield Fall(Key(known.rule, site_id=known.site_id, subject=known.subject), look.now_ms)


@dataclass(slots=True)
class _Look:
    """What one look has read."""

    now_ms: int
    counts_from_ms: int | None
    places: list[Place]
    known: dict[int, dict[str, Known]]
    spoken: dict[int, dict[str, int]]
    causes: dict[Where, OpenCause]
    limits: dict[int, Limits]

    @property
    def may_begin(self) -> bool:
        """Whether silence may be news: not while the server itself may be what was away."""
        return self.counts_from_ms is not None

    def limits_of(self, site_id: int) -> Limits:
        return self.limits.get(site_id, PRODUCT)

    def is_lost_anew(self, cause: Cause, told_ms: int) -> bool:
        """Whether somebody in a session came under the cause who was heard well after people were told of it.

        At most once in `NEWS_MS`, so that an access point that starts again and again is no flood.
        """
        if self.now_ms - told_ms < NEWS_MS:
            return False
        return any(
            place.heard.in_session and place.heard.heard_ms > told_ms + WITH_IT_MS
            for place in self.places
            if place.heard.device_id in cause.devices
        )

    def contacts(self) -> Iterable[tuple[int, Contact]]:
        """Yield each device's site and contact."""
        true = {one.id for one in self.causes.values() if one.is_true}
        explained = {
            one.device_id for one in contacts.followers(silence.ABOUT_DEVICES) if one.cause_id in true
        }
        for place in self.places:
            heard = place.heard
            is_old = any(
                self.now_ms - one.noted_ms > OWN_MS and one.since_ms == heard.heard_ms
                for one in self.known.get(heard.device_id, {}).values()
            )
            is_own = heard.said_goodbye or (is_old and heard.device_id not in explained)
            age_ms = self.now_ms - heard.heard_ms
            yield place.site_id, Contact(heard.device_id, place.group, heard.in_session, age_ms, is_own)


def _open_causes() -> dict[Where, OpenCause]:
    return {(one.site_id, one.subject): one for one in contacts.open_causes()}


def _closed_while_true(now: datetime) -> set[Where]:
    """Return the causes that a person closed and that may not have ended since.

    After `OWN_MS` the silence of their devices is evidence for no cause any more.
    """
    since = from_ms(to_ms(now) - OWN_MS)
    rows = Alert.objects.filter(
        rule__in=contacts.CAUSES,
        state=State.CLOSED,
        cleared_at=None,
        closed_at__gte=since,
        site__isnull=False,
    )
    return {(site_id, subject) for site_id, subject in rows.values_list("site_id", "subject") if site_id}


def _facts(cause: Cause) -> dict[str, int]:
    return {"silent": len(cause.devices), "in_session": cause.in_session}


def _weighed(known: OpenCause, cause: Cause, now_ms: int, *, grows: bool) -> Weigh:
    key = Key(known.rule, site_id=known.site_id, subject=known.subject)
    facts = _facts(cause) | {"told_ms": now_ms if grows else known.told_ms}
    return Weigh(key, now_ms, RULES[known.rule].priorities[0], facts, more=grows)


def _risen(where: Where, cause: Cause, look: _Look) -> Rise:
    site_id, subject = where
    rule = RULES["group_silent" if subject else "site_silent"]
    return Rise(
        Key(rule.id, site_id=site_id, subject=subject),
        look.now_ms,
        rule.priorities[0],
        rule.duty,
        _facts(cause),
        in_session=cause.in_session > 0,
        rule_version=look.limits_of(site_id).version,
    )


def _tops(found: Mapping[Where, Cause], known: Mapping[Where, OpenCause]) -> dict[int, int]:
    """Return the id of the alert that explains the silence of each device: its site's, or else its group's."""
    tops: dict[int, int] = {}
    for (site_id, subject), cause in sorted(
        found.items(), key=lambda one: one[0][1] == SITE
    ):  # the site's last
        alert = known.get((site_id, subject))
        if alert is not None and alert.is_true:
            tops |= dict.fromkeys(cause.devices, alert.id)
    return tops


# --- devices ---


@dataclass(slots=True)
class _Found:
    """What was found of one device: the news, and what is to be remembered."""

    news: list[News] = field(default_factory=list)
    begun: list[Condition] = field(default_factory=list)
    ended: list[tuple[int, str]] = field(default_factory=list)


def _take_devices(look: _Look, tops: Mapping[int, int], now: datetime) -> None:
    """Raise and clear what silence says of single devices, and remember what was found."""
    found = [_of_device(place, look, tops, now) for place in look.places]
    for device_id in look.known.keys() - {place.heard.device_id for place in look.places}:  # revoked
        rules = look.known[device_id]
        news: list[News] = [Fall(Key(rule, device_id), look.now_ms) for rule in rules]
        found.append(_Found(news, ended=[(device_id, rule) for rule in rules]))
    moved = [one for one in found if one.news]
    for start in range(0, len(moved), _MOST):
        _write(moved[start : start + _MOST], now)


def _of_device(place: Place, look: _Look, tops: Mapping[int, int], now: datetime) -> _Found:
    heard, limits = place.heard, look.limits_of(place.site_id)
    known, found = look.known.get(heard.device_id, {}), _Found()
    true = silence.found(heard, limits, known, look.now_ms, may_begin=look.may_begin)
    for rule in known.keys() - true.keys():
        found.news.append(Fall(Key(rule, heard.device_id), heard.heard_ms))
        found.ended.append((heard.device_id, rule))
    for rule, since_ms in true.items():
        before = known.get(rule)
        if before is not None and before.since_ms == since_ms:
            continue
        if before is not None:
            found.news.append(Fall(Key(rule, heard.device_id), heard.heard_ms))
        rise = silence.rise(
            rule,
            heard,
            limits,
            since_ms,
            not_before_ms=look.counts_from_ms or 0,
            cause_id=tops.get(heard.device_id),
        )
        found.news.append(rise)
        found.begun.append(_condition(heard.device_id, rule, since_ms, now))
    return found


def _condition(device_id: int, rule: str, since_ms: int, now: datetime) -> Condition:
    return Condition(
        device_id=device_id,
        rule=rule,
        is_true=True,
        told=True,
        since=from_ms(since_ms),
        seen_at=now,
        priority=RULES[rule].priorities[0].value,
    )


def _write(found: list[_Found], now: datetime) -> None:
    ended = [pair for one in found for pair in one.ended]
    gone = Q(pk__in=[])
    for rule in silence.ABOUT_DEVICES:
        gone |= Q(rule=rule, device__in=[device for device, name in ended if name == rule])
    with transaction.atomic():
        service.take([news for one in found for news in one.news], now)
        Condition.objects.bulk_create(
            [row for one in found for row in one.begun],
            update_conflicts=True,
            unique_fields=["device", "rule", "channel"],
            update_fields=["is_true", "told", "since", "seen_at", "priority"],
        )
        if ended:
            Condition.objects.filter(gone).delete()


# --- what explains what ---


def _arrange(known: Mapping[Where, OpenCause], tops: Mapping[int, int], now: datetime) -> None:
    """List each true consequence of silence under what explains it now, or on a line of its own."""
    followers = [one for one in contacts.followers(_FOLLOWERS) if one.is_true]
    lost = {one.device_id: one.id for one in followers if one.rule == silence.LINK_LOST}
    wanted: dict[int, tuple[int | None, int | None]] = {}
    for one in followers:
        top = tops.get(one.device_id or 0) or lost.get(one.device_id)
        wanted[one.id] = (one.cause_id, None if top == one.id else top)
    for (site_id, subject), group in known.items():
        if group.is_true and subject:
            site = known.get((site_id, SITE))
            wanted[group.id] = (group.cause_id, site.id if site is not None and site.is_true else None)
    closed = set(
        Alert.objects.filter(
            pk__in=[has for has, _wants in wanted.values() if has is not None], state=State.CLOSED
        ).values_list("pk", flat=True)
    )
    fresh = {
        one.id for one in known.values() if one.cleared_ms and to_ms(now) - one.cleared_ms < _COMES_BACK_MS
    }
    moves: dict[int | None, list[int]] = {}
    for alert_id, (has, wants) in wanted.items():
        if has != wants and has not in closed and not (wants is None and has in fresh):
            moves.setdefault(wants, []).append(alert_id)
    for cause, alert_ids in moves.items():
        step = (
            partial(lifecycle.surface, now_ms=to_ms(now))
            if cause is None
            else partial(lifecycle.explain, cause=cause, now_ms=to_ms(now))
        )
        with transaction.atomic():
            settle(change(Alert.objects.filter(pk__in=alert_ids), step, now))


def _close_with_cause(now: datetime) -> None:
    """Close what a person closed along with its cause: they have seen to all of it."""
    rows = Alert.objects.filter(state__in=OPEN, cause__state=State.CLOSED)
    by_cause: dict[tuple[Any, Any, Any], list[int]] = {}
    for alert_id, *about in rows.values_list("pk", "cause__disposition", "cause__closed_by", "cause"):
        by_cause.setdefault((about[0], about[1], about[2]), []).append(alert_id)
    for (disposition, by, _cause), alert_ids in by_cause.items():
        step = partial(
            lifecycle.close,
            disposition=Disposition(disposition or Disposition.UNDETERMINED),
            note="",
            by=by,
            now_ms=to_ms(now),
        )
        with transaction.atomic():
            settle(change(Alert.objects.filter(pk__in=alert_ids), step, now))
