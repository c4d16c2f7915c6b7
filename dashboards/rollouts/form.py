"""The form that writes a rollout: what, to whom, how carefully, when.  It speaks the fields of `POST /api/v1/rollouts`.

What is wrong is told at its field: here what cannot be read, by the service what cannot be.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.rollouts import choices
from fleet.rollouts.errors import Unusable
from fleet.rollouts.models import Rollout

WAVES: Final = 8
_KINDS: Final = (
    ("percent", gettext_lazy("% of all devices, with those before")),
    ("count", gettext_lazy("more devices")),
    ("bench", gettext_lazy("all of risk class: bench")),
    ("staff", gettext_lazy("all of risk class: bench, staff")),
    ("low_risk", gettext_lazy("all of risk class: bench, staff, low risk")),
)
_CLASSES: Final = ("bench", "staff", "low_risk")
_DAYS: Final = (
    ("mon", gettext_lazy("Mon")),
    ("tue", gettext_lazy("Tue")),
    ("wed", gettext_lazy("Wed")),
    ("thu", gettext_lazy("Thu")),
    ("fri", gettext_lazy("Fri")),
    ("sat", gettext_lazy("Sat")),
    ("sun", gettext_lazy("Sun")),
)
_LOCAL: Final = "%Y-%m-%dT%H:%M"

DEFAULTS: Final[dict[str, Any]] = {
    "by": "filter",
    "w1_value": "5",
    "w2_value": "25",
    "w3_value": "100",
    "success": "95",
    "failure_share": "10",
    "failure_count": "3",
    "min_evaluated": "1",
    "deadline_min": "10",
    "retries": "1",
    "pace": "30",
    "soak_min": "15",
    "advance": "manual",
    "days": [key for key, _label in _DAYS[:5]],
}
"""What a careful engineer would begin with; each says why beside its field."""

_PLACES: Final = {
    "protocol": "version",
    "version": "version",
    "targets": "site",
    "targets.serials": "serials",
    "targets.site": "site",
    "targets.room": "room",
    "targets.model": "model",
    "targets.tag": "tag",
    "waves": "w1_value",
    "success_threshold": "success",
    "failure_threshold": "failure_share",
    "failure_count": "failure_count",
    "min_evaluated": "min_evaluated",
    "deadline_s": "deadline_min",
    "soak_s": "soak_min",
    "pace_per_minute": "pace",
    "retries": "retries",
    "advance": "advance",
    "start_at": "start_at",
    "window": "opens",
    "window.to": "closes",
    "window.days": "days",
    "title": "title",
}
"""At which field a complaint of the service stands, by its path."""


class RolloutForm(forms.Form):
    """One rollout.  Numbers are read as people write them: a comma or a point, with or without a unit's sign."""

    version = forms.ChoiceField(
        label=gettext_lazy("Protocol and version"),
        help_text=gettext_lazy(
            "Approved versions only; a draft, or one that was withdrawn, can go to no device."
        ),
        error_messages={"required": gettext_lazy("Choose the version that the devices are to have.")},
    )
    title = forms.CharField(
        label=gettext_lazy("Title"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("For people, such as “knee pilot, ward 3”. May stay empty."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    by = forms.ChoiceField(
        label=gettext_lazy("Which devices"),
        choices=(
            ("filter", gettext_lazy("All that match")),
            ("serials", gettext_lazy("These serial numbers")),
        ),
        widget=forms.RadioSelect,
    )
    site = forms.ChoiceField(label=gettext_lazy("Site"), required=False)
    room = forms.ChoiceField(label=gettext_lazy("Room"), required=False)
    model = forms.ChoiceField(label=gettext_lazy("Model"), required=False)
    tag = forms.ChoiceField(label=gettext_lazy("Tag"), required=False)
    serials = forms.CharField(
        label=gettext_lazy("Serial numbers"),
        required=False,
        help_text=gettext_lazy("One a line, or with commas between them."),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
    )
    success = forms.CharField(
        label=gettext_lazy("A wave is good from"),
        help_text=gettext_lazy(
            "% of its evaluated devices must be verified. Below, the rollout stops itself. 95: one in twenty may go "
            "wrong."
        ),
    )
    failure_share = forms.CharField(
        label=gettext_lazy("Stop at once from this share"),
        required=False,
        help_text=gettext_lazy(
            "% of a wave's evaluated devices that failed, refused or timed out. Empty: no share."
        ),
    )
    failure_count = forms.CharField(
        label=gettext_lazy("Stop at once from this number"),
        required=False,
        help_text=gettext_lazy(
            "Devices of one wave that went wrong. In a large wave a share would let many go wrong first. Empty: no "
            "number; one of the two is needed."
        ),
    )
    min_evaluated = forms.CharField(
        label=gettext_lazy("Judge from"),
        help_text=gettext_lazy(
            "Evaluated devices; with fewer, no share is judged, and a wave that is over with fewer stops the rollout."
        ),
    )
    deadline_min = forms.CharField(
        label=gettext_lazy("Time for each device"),
        help_text=gettext_lazy(
            "Minutes from the offer until its hash must be read back. Stands still while the device holds the offer, "
            "such as during a session."
        ),
    )
    retries = forms.CharField(
        label=gettext_lazy("Offers after the first"),
        help_text=gettext_lazy("After silence, or a wrong hash. A device that refuses is never asked again."),
    )
    pace = forms.CharField(
        label=gettext_lazy("At most, a minute"),
        help_text=gettext_lazy("Offers in any 60 seconds, repeated ones and late comers included."),
    )
    soak_min = forms.CharField(
        label=gettext_lazy("Watch each wave for"),
        help_text=gettext_lazy(
            "Minutes after a good wave before the next one begins by itself. Who opens it by hand need not wait."
        ),
    )
    advance = forms.ChoiceField(
        label=gettext_lazy("The next wave begins"),
        choices=(
            ("manual", gettext_lazy("when somebody says so")),
            ("automatic", gettext_lazy("by itself, after a good wave")),
        ),
        widget=forms.RadioSelect,
    )
    start_at = forms.CharField(
        label=gettext_lazy("Not before"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_LOCAL),
    )
    days = forms.MultipleChoiceField(
        label=gettext_lazy("Days"), required=False, choices=_DAYS, widget=forms.CheckboxSelectMultiple
    )
    opens = forms.CharField(
        label=gettext_lazy("From"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    closes = forms.CharField(
        label=gettext_lazy("To"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )

    def __init__(self, data: Any = None, *, offered: "choices.Offered", **more: Any) -> None:
        super().__init__(data, **more)
        self.offered = offered
        for name, options in offered.by_field().items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  our own fields
            field.choices = options
        for n in range(1, WAVES + 1):
            kind, value = _wave_fields(n)
            self.fields[f"w{n}_kind"], self.fields[f"w{n}_value"] = kind, value
        self.fields["start_at"].help_text = f"{offered.clock()} " + _(
            "Empty: it begins when somebody starts it after approval."
        )

    def _site(self) -> str:
        """Return whose clock the start is read by: a site that is still chosen beside a list of devices is not."""
        said = self.data if self.is_bound else self.initial
        return str(said.get("site") or "") if said.get("by") != "serials" else ""

    def waves(self) -> list[tuple[int, Any, Any]]:
        """Return the fields of each wave, with its number."""
        return [(n, self[f"w{n}_kind"], self[f"w{n}_value"]) for n in range(1, WAVES + 1)]

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        self.spec = {
            **self._what(said),
            "targets": self._whom(said),
            "waves": self._waves(said),
            "success_threshold": self._share("success"),
            "failure_threshold": self._share("failure_share"),
            "failure_count": self._whole("failure_count"),
            "min_evaluated": self._whole("min_evaluated"),
            "deadline_s": self._seconds("deadline_min"),
            "soak_s": self._seconds("soak_min"),
            "pace_per_minute": self._whole("pace"),
            "retries": self._whole("retries"),
            "advance": said.get("advance"),
            "start_at": self._start(said),
            "window": self._window(said),
        }
        return said

    def complain(self, wrong: Unusable) -> None:
        """Say at its field each thing that the service found; at the top where no field is about it."""
        for path, text in wrong.each:
            words = re.sub(
                r"^[a-z_0-9.]+: ", "", text
            )  # the API's name of the field: here it stands beside it
            self.add_error(self._field_of(path), words[:1].upper() + words[1:])

    def _field_of(self, path: str) -> str | None:
        wave = re.fullmatch(r"waves\.(\d+)(?:\..*)?", path)
        if wave and int(wave[1]) < len(self.order):
            return f"w{self.order[int(wave[1])]}_value"
        field = _PLACES.get(path) or _PLACES.get(path.partition(".")[0])
        if field == "site" and self.cleaned_data.get("by") == "serials":
            return "serials"
        return field

    def _what(self, said: Mapping[str, Any]) -> dict[str, Any]:
        protocol, _colon, number = str(said.get("version") or "").rpartition(":")
        return {"title": said.get("title", ""), "protocol": protocol, "version": int(number or 0)}

    def _whom(self, said: Mapping[str, Any]) -> dict[str, Any]:
        if said.get("by") == "serials":
            named = [one for one in re.split(r"[\s,;]+", said.get("serials") or "") if one]
            if not named:
                self.add_error("serials", _("Name at least one device."))
            return {"serials": named}
        asked = {name: said.get(name) for name in ("site", "room", "model", "tag") if said.get(name)}
        if not asked:
            self.add_error("site", _("Choose at least a site, a room, a model or a tag."))
        return asked

    def _waves(self, said: Mapping[str, Any]) -> list[dict[str, Any]]:
        self.order: list[int] = []  # which row of the form each wave of the plan is
        waves: list[dict[str, Any]] = []
        for n in range(1, WAVES + 1):
            kind, text = said.get(f"w{n}_kind") or "percent", said.get(f"w{n}_value")
            if kind in _CLASSES:
                waves.append({"risk_class": kind})
            elif not text:
                continue
            else:
                waves.append({kind: self._number(f"w{n}_value", whole=kind == "count")})
            self.order.append(n)
        if not waves:
            self.add_error("w1_value", _("At least one wave is needed."))
        elif waves[-1].get("percent") not in (None, 100):
            self.add_error(f"w{self.order[-1]}_value", _("The last wave must reach everybody: 100 %."))
        return waves

    def _number(self, name: str, *, whole: bool = False) -> float | int | None:
        """Return the number in a field; None, with a complaint where there is one, if there is none."""
        text = (self.cleaned_data.get(name) or "").strip().removesuffix("%").strip()
        if not text:
            return None
        try:
            value = float(text.replace(",", "."))
            if not abs(value) < 1e9:  # neither endless nor no number at all
                raise ValueError
        except ValueError:
            self.add_error(name, _("“%(text)s” is no number.") % {"text": text[:20]})
            return None
        if not whole:
            return int(value) if value == int(value) else value
        if value != int(value) or value < 0:
            self.add_error(name, _("“%(text)s”: a whole number is needed.") % {"text": text[:20]})
            return None
        return int(value)

    def _whole(self, name: str) -> int | None:
        value = self._number(name, whole=True)
        return None if value is None else int(value)

    def _share(self, name: str) -> float | None:
        percent = self._number(name)
        if percent is None:
            return None
        if not 0 < percent <= 100:
            self.add_error(name, _("Above 0 and at most 100 %."))
        return round(percent / 100, 6)

    def _seconds(self, name: str) -> int | None:
        minutes = self._number(name)
        return None if minutes is None else round(minutes * 60)

    def _start(self, said: Mapping[str, Any]) -> str | None:
        text = said.get("start_at")
        if not text:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            self.add_error(
                "start_at",
                _("“%(text)s” is no moment; write it like 2026-11-22T08:00.") % {"text": text[:40]},
            )
            return None
        zone = ZoneInfo(self.offered.zone_of(self._site()))
        return (at if at.tzinfo else at.replace(tzinfo=zone)).isoformat()

    def _window(self, said: Mapping[str, Any]) -> dict[str, Any] | None:
        opens, closes = said.get("opens"), said.get("closes")
        if not opens and not closes:
            return None
        if not opens or not closes:
            self.add_error("opens" if not opens else "closes", _("A window has a beginning and an end."))
        elif not said.get("days"):
            self.add_error("days", _("Choose at least one day on which the window begins."))
        return {"days": said.get("days"), "from": opens, "to": closes}


def _wave_fields(n: int) -> tuple[forms.Field, forms.Field]:
    kind = forms.ChoiceField(label=_("Wave %(n)d reaches") % {"n": n}, choices=_KINDS, required=False)
    value = forms.CharField(
        label=_("Wave %(n)d: how many") % {"n": n},
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    return kind, value


def initial_of(rollout: Rollout, zone: str) -> dict[str, Any]:
    """Return what the form of a draft begins with."""
    spec, window = rollout.targets_spec, rollout.window or {}
    share = rollout.failure_threshold
    start = rollout.start_at
    told: dict[str, Any] = {
        "version": f"{rollout.version.protocol_id}:{rollout.version.number}",
        "title": rollout.title,
        "by": "serials" if "serials" in spec else "filter",
        **{name: spec.get(name, "") for name in ("site", "room", "model", "tag")},
        "serials": "\n".join(spec.get("serials", ())),
        "success": f"{100 * rollout.success_threshold:g}",
        "failure_share": "" if share is None else f"{100 * share:g}",
        "failure_count": "" if rollout.failure_count is None else str(rollout.failure_count),
        "min_evaluated": str(rollout.min_evaluated),
        "deadline_min": f"{rollout.deadline_s / 60:g}",
        "soak_min": f"{rollout.soak_s / 60:g}",
        "pace": str(rollout.pace_per_minute),
        "retries": str(rollout.retries),
        "advance": rollout.advance,
        "start_at": start.astimezone(ZoneInfo(zone)).strftime(_LOCAL) if start else "",
        "days": window.get("days") or [key for key, _label in _DAYS],
        "opens": str(window.get("from", ""))[:5],
        "closes": str(window.get("to", ""))[:5],
    }
    for n, wave in enumerate(rollout.waves_spec[:WAVES], start=1):
        [(kind, value)] = wave.items()
        told |= (
            {f"w{n}_kind": value}
            if kind == "risk_class"
            else {f"w{n}_kind": kind, f"w{n}_value": f"{value:g}"}
        )
    return told
