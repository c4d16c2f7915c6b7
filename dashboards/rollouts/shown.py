"""A rollout as its page shows it: waves as bars, why each device waits, how it was written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.rollouts import plan_words
from dashboards.rollouts.bars import Bar, bar
from dashboards.rollouts.picture import picture
from dashboards.words.rollouts import TARGETS, Said
from fleet.access import people
from fleet.rollouts import texts
from fleet.rollouts.models import Rollout, Wave
from fleet.rollouts.states import RolloutState, TargetState

IN_ORDER: Final = (
    *(TargetState.FAILED, TargetState.TIMED_OUT, TargetState.REJECTED, TargetState.HELD),
    *(TargetState.OFFERED, TargetState.RECEIVED, TargetState.APPLYING, TargetState.CLAIMED),
    *(TargetState.PLANNED, TargetState.WITHDRAWN, TargetState.VERIFIED, TargetState.ALREADY_CURRENT),
)
"""What somebody may have to look at stands first."""


@dataclass(frozen=True, slots=True)
class Who:
    """What people call those who had a hand in a rollout; user names of those who are gone, blank for nobody."""

    writers: str
    submitted: str
    decided: str
    started: str
    approved_version: str


def who(rollout: Rollout) -> Who:
    """Return the names, in two queries."""
    writers = list(rollout.authors.order_by("username").values_list("username", flat=True))
    writers = writers or [rollout.created_by]
    others = (rollout.submitted_by, rollout.decided_by, rollout.started_by, rollout.version.decided_by)
    names = called([*writers, *others])
    return Who(", ".join(names[one] for one in writers), *(names[one] for one in others))


def called(usernames: Iterable[str]) -> dict[str, str]:
    """Return what people call each of these users; the user name itself of one who is gone."""
    wanted = set(usernames)
    known = {one.get_username(): people.called(one) for one in User.objects.filter(username__in=wanted)}
    return {one: known.get(one, one) for one in wanted}


@dataclass(frozen=True, slots=True)
class WaveShown:
    """One wave: who is in it, how far it is, and how it is judged."""

    row: Wave
    reach: str
    bar: Bar
    devices: int
    evaluated: int
    succeeded: int
    went_wrong: int
    is_open: bool

    @property
    def picture(self) -> str:
        return picture(self.bar)

    @property
    def mark(self) -> str:
        if self.row.opened_at is None:
            return "planned"
        if self.row.over_at is None:
            return "busy"
        return "over" if self.row.waived_at else "good" if self.row.passed_at else "held"

    @property
    def stands(self) -> str:
        """Say how far it is, in a word or two."""
        if self.row.opened_at is None:
            return _("not begun")
        if self.row.waived_at:
            return _("gone on in spite of its thresholds")
        if self.row.passed_at:
            return _("passed")
        return _("over") if self.row.over_at else _("open")

    @property
    def share(self) -> str:
        """Return the share of success among its evaluated devices; a dash before any is."""
        return plan_words.percent(self.succeeded / self.evaluated) if self.evaluated else "–"

    @property
    def wrong(self) -> str:
        return plan_words.percent(self.went_wrong / self.evaluated) if self.evaluated else "–"


@dataclass(frozen=True, slots=True)
class Group:
    """Devices that are in one state for one reason."""

    state: str
    reason: str
    said: Said
    why: str
    n: int


def waves(rollout: Rollout, told: Mapping[str, Any]) -> list[WaveShown]:
    rows = {row.number: row for row in rollout.waves.all()}
    shown = []
    for one in told["progress"]:
        number = one["wave"]
        row = rows[number]
        shown.append(
            WaveShown(
                row=row,
                reach=plan_words.reach(rollout.waves_spec[number - 1])
                if number <= len(rollout.waves_spec)
                else "",
                bar=bar(one["counts"], unreachable=one["unreachable"]),
                devices=one["devices"],
                evaluated=one["evaluated"],
                succeeded=one["succeeded"],
                went_wrong=one["went_wrong"],
                is_open=row.opened_at is not None and row.passed_at is None,
            )
        )
    return shown


def groups(rollout: Rollout, counted: Mapping[tuple[int, str, str], int]) -> list[Group]:
    """Return how many devices are in each state for each reason, what needs somebody first."""
    sums: dict[tuple[str, str, str], int] = {}
    for (wave, state, reason), n in counted.items():
        key = (state, reason, reason_words(rollout, wave, state, reason))
        sums[key] = sums.get(key, 0) + n
    order = {state.value: place for place, state in enumerate(IN_ORDER)}
    return [
        Group(state, reason, TARGETS[TargetState(state)], words, n)
        for (state, reason, words), n in sorted(
            sums.items(), key=lambda item: (order[item[0][0]], item[0][1:])
        )
    ]


def reason_words(
    rollout: Rollout,
    wave: int,
    state: str,
    reason: str,
    facts: Mapping[str, Any] | None = None,
    direction: str = "out",
) -> str:
    """Return why a device stands where it stands; also of one that waits for nothing but its turn."""
    words = texts.target(state, reason, facts or {}, direction=direction)
    if words or state != TargetState.PLANNED:
        return words or str(TARGETS[TargetState(state)].meaning)
    if wave > rollout.wave and direction == "out":
        return _("Its wave has not begun.")
    if rollout.state in (RolloutState.RUNNING, RolloutState.ROLLING_BACK):
        return _("It has its turn under the pace.")
    return _("No offer is out to it.")


def total_words(n: int, hidden: int) -> str:
    """Say how many devices there are, and how many of them stand where the reader sees none."""
    words = ngettext("%(n)d device", "%(n)d devices", n) % {"n": n}
    if not hidden:
        return words
    more = ngettext(
        "%(n)d of them at a site that you do not see", "%(n)d of them at sites that you do not see", hidden
    )
    return f"{words}, {more % {'n': hidden}}"


def why(rollout: Rollout) -> str:
    """Return why it stands where it stands; blank: its state says it all."""
    return texts.rollout(rollout.reason, rollout.facts)
