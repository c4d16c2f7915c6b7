"""What `POST rollouts` takes, made into the fields of a row; and everything that is wrong with it, by field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from devices.moments import from_ms
from fleet.access.models import Site
from fleet.access.names import tidy
from fleet.protocols import queries as protocols
from fleet.protocols.lifecycle import State as VersionState
from fleet.protocols.models import Version
from fleet.rollouts import clock, plan, spec, texts
from fleet.rollouts.errors import Unusable
from fleet.rollouts.plan import Plan
from fleet.rollouts.sight import Standing
from fleet.rollouts.waves import unreached

PLANNED: Final = (
    "waves",
    "success_threshold",
    "failure_threshold",
    "failure_count",
    "min_evaluated",
    "deadline_s",
    "soak_s",
    "pace_per_minute",
    "retries",
    "advance",
    "start_at",
    "window",
)
_KNOWN: Final = frozenset({"id", "title", "protocol", "version", "targets", "rev", *PLANNED})
_LONGEST_TITLE: Final = 120


@dataclass(frozen=True, slots=True)
class Draft:
    """A rollout as it was asked for.

    Attributes:
        found: The devices that it is for, as they stand now.
        fields: Of `models.Rollout`, by name.
    """

    version: Version
    sites: list[Site]
    found: list[Standing]
    plan: Plan
    fields: dict[str, Any]


def read(writer: User, given: Mapping[str, Any]) -> Draft:
    """Return the draft that is asked for.

    Raises:
        Unusable: With every field that cannot be, and why.
    """
    wrong: list[tuple[str, str]] = []

    def tried(read_one: Callable[[], Any]) -> Any:
        try:
            return read_one()
        except Unusable as error:
            wrong.extend(error.each)
            return None

    if odd := sorted(str(one) for one in given.keys() - _KNOWN):
        wrong.append((odd[0][:40], _("%(odd)s is no field of a rollout.") % {"odd": repr(odd[0][:40])}))
    title = tried(lambda: _title(given.get("title")))
    version = tried(lambda: _version(writer, given))
    asked_for = tried(lambda: spec.read(given.get("targets")))
    sites = None if asked_for is None else tried(lambda: spec.sites_of(writer, asked_for))
    planned = tried(lambda: _plan(given, sites or []))
    if wrong or asked_for is None or sites is None:
        raise Unusable(wrong[0][1], path=wrong[0][0], each=wrong)
    fields = {"title": title, "version": version, "targets_spec": asked_for, **_columns(planned, given)}
    found = spec.matching(asked_for, [one.pk for one in sites])
    if left_out := unreached(planned.waves, clock.candidates(found, {})):
        raise Unusable(texts.fault(left_out), path=left_out.path)
    return Draft(version, sites, found, planned, fields)


def _title(given: object) -> str:
    if given is None:
        return ""
    if not isinstance(given, str) or len(given) > _LONGEST_TITLE or "\0" in given:
        raise Unusable(
            _("title: a text of up to %(most)d characters is expected.") % {"most": _LONGEST_TITLE},
            path="title",
        )
    return tidy(given)


def _version(writer: User, given: Mapping[str, Any]) -> Version:
    id_, number = given.get("protocol"), given.get("version")
    if not isinstance(id_, str) or not id_ or len(id_) > 200 or "\0" in id_:
        raise Unusable(_("protocol: the id of a protocol is expected."), path="protocol")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 2**31:
        raise Unusable(_("version: the number of a version is expected."), path="version")
    of_protocol = Version.objects.select_related("protocol").filter(
        protocol__in=protocols.visible(writer).filter(pk=id_)
    )
    if not of_protocol.exists():
        raise Unusable(_("protocol: there is no such protocol: %(id)s.") % {"id": repr(id_)}, path="protocol")
    found = of_protocol.filter(number=number).first()
    if found is None:
        raise Unusable(
            _("version: %(id)s has no version %(number)d.") % {"id": id_, "number": number}, path="version"
        )
    if found.state != VersionState.APPROVED:
        raise Unusable(texts.not_approved(found), path="version")
    return found


def _plan(given: Mapping[str, Any], sites: list[Site]) -> Plan:
    told = {name: given[name] for name in PLANNED if name in given}
    if isinstance(told.get("start_at"), str):
        told["start_at"] = _start_at(told["start_at"], sites).isoformat()
    try:
        return plan.read(told)
    except plan.Unusable as error:
        each = [(one.path, texts.fault(one)) for one in error.faults]
        raise Unusable(each[0][1], path=each[0][0], each=each) from None


def _start_at(text: str, sites: list[Site]) -> datetime:
    """Return when it begins; a time without an offset is one of the site's own clock."""
    try:
        moment = parse_datetime(text.strip())
    except ValueError:
        moment = None
    if moment is None:
        raise Unusable(
            _("start_at: a date and time is expected, such as 2026-03-01T08:00; seen: %(seen)s")
            % {"seen": repr(text[:40])},
            path="start_at",
        )
    if moment.tzinfo is not None:
        return moment
    zones = {one.time_zone for one in sites}
    if len(zones) > 1:
        raise Unusable(
            _("start_at: the sites are in different time zones; add an offset, such as +01:00."),
            path="start_at",
        )
    return moment.replace(tzinfo=ZoneInfo(next(iter(zones), "UTC")))


def _columns(planned: Plan, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "waves_spec": [dict(one) for one in given["waves"]],
        "success_threshold": planned.success_threshold,
        "failure_threshold": planned.failure_threshold,
        "failure_count": planned.failure_count,
        "min_evaluated": planned.min_evaluated,
        "deadline_s": planned.deadline_ms // 1000,
        "soak_s": planned.soak_ms // 1000,
        "pace_per_minute": planned.pace_per_minute,
        "retries": planned.retries,
        "advance": planned.advance.value,
        "start_at": None if planned.start_ms is None else from_ms(planned.start_ms),
        "window": given.get("window") or None,
    }
