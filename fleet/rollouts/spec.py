"""Which devices a rollout is for: a list of serials, or a filter.  And what it says of them before it begins."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from fleet.access.models import Site
from fleet.access.queries import sites_where
from fleet.rollouts import sight
from fleet.rollouts.errors import Unusable
from fleet.rollouts.sight import Standing

MOST: Final = 20_000
"""Devices of one rollout."""
_FILTERS: Final = ("site", "room", "model", "tag")
_LONGEST: Final = 64  # characters of a word, as everywhere where devices are described


def read(given: object) -> dict[str, Any]:
    """Return the devices that are asked for, tidied: `{"serials": […]}`, or the filters that were given.

    Raises:
        Unusable: It is neither, or names nothing.
    """
    if not isinstance(given, Mapping):
        raise Unusable(_("targets: a list of serials, or a filter, is expected."), path="targets")
    if odd := sorted(str(one) for one in given.keys() - {"serials", *_FILTERS}):
        raise Unusable(
            _("targets: %(odd)s is unknown; expected: %(known)s.")
            % {"odd": repr(odd[0][:40]), "known": f"serials, {', '.join(_FILTERS)}"},
            path="targets",
        )
    told = {name: value for name, value in given.items() if value not in (None, "")}
    if "serials" in told:
        if len(told) > 1:
            raise Unusable(_("targets: give serials, or a filter, not both."), path="targets")
        return {"serials": _serials(told["serials"])}
    if not told:
        raise Unusable(_("targets: name at least a site, a room, a model or a tag."), path="targets")
    return {name: _word(told[name], name) for name in _FILTERS if name in told}


def sites_of(writer: User | None, spec: Mapping[str, Any]) -> list[Site]:
    """Return the sites at which the rollout's devices stand, or may come to stand.

    Raises:
        Unusable: A device is none of the writer's, or there is none of that name; both are told in the same words.
    """
    may = list(Site.objects.all() if writer is None else sites_where(writer, "write_rollout"))
    if "serials" in spec:
        here = {site.pk: site for site in may}
        found = {one.serial: one for one in sight.named(spec["serials"]) if one.site_id in here}
        if missing := [one for one in spec["serials"] if one not in found]:
            raise Unusable(
                _("targets: there is no such device: %(serial)s.") % {"serial": ", ".join(missing[:5])},
                path="targets.serials",
            )
        return [here[id_] for id_ in sorted({one.site_id for one in found.values()})]
    if "site" not in spec:
        if not may:
            raise Unusable(_("targets: there is no site at which you write rollouts."), path="targets")
        return may
    named = [site for site in may if site.slug == spec["site"]]
    if not named:
        raise Unusable(
            _("targets: there is no such site: %(site)s.") % {"site": repr(spec["site"])}, path="targets.site"
        )
    return named


def matching(spec: Mapping[str, Any], site_ids: Collection[int]) -> list[Standing]:
    """Return the devices of the rollout that stand at these sites now, by serial.

    Of a list also those that were revoked: whoever named them is told why they are left out.
    """
    if "serials" in spec:
        return [one for one in sight.named(spec["serials"]) if one.site_id in site_ids]
    return [one for one in sight.at_sites(site_ids) if not one.is_revoked and matches(spec, one)]


def matches(spec: Mapping[str, Any], one: Standing) -> bool:
    """Whether a device at one of the rollout's sites is what the filter asks for."""
    return (
        spec.get("room", one.room) == one.room
        and spec.get("model", one.model) == one.model
        and ("tag" not in spec or spec["tag"] in one.tags)
    )


def _serials(given: object) -> list[str]:
    path = "targets.serials"
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise Unusable(_("targets: serials: a list of at least one serial is expected."), path=path)
    if len(given) > MOST:
        raise Unusable(
            _("targets: at most %(most)d devices; seen: %(seen)d.") % {"most": MOST, "seen": len(given)},
            path=path,
        )
    return sorted({_word(one, "serials") for one in given})


def _word(given: object, name: str) -> str:
    if not isinstance(given, str) or not given.strip() or len(given) > _LONGEST or "\0" in given:
        raise Unusable(
            _("targets: %(name)s: a word of up to %(most)d characters is expected; seen: %(seen)s.")
            % {"name": name, "most": _LONGEST, "seen": repr(given)[:80]},
            path=f"targets.{name}",
        )
    return given.strip()
