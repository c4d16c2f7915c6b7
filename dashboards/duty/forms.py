"""Forms about duty, escalation and webhooks: what may be typed, and what is said beside the field if it cannot be."""

from collections.abc import Iterable, Sequence
from datetime import date, time
from typing import Any, Final

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.duty import words
from fleet.access.models import Site
from fleet.access.people import called
from fleet.paging import duty as duties
from fleet.paging.policies import Channel, Plan, StepPlan, Whom
from fleet.safety.words import Duty, Priority

MOST_STEPS: Final = 10  # as fleet.paging.service
_SPARE_ROWS: Final = 2  # empty ones, to add steps in
WEEKDAYS: Final = tuple((str(number), name) for number, name in enumerate(words.WEEKDAYS))
CHANNELS: Final = (
    (Channel.CONSOLE.value, gettext_lazy("open pages")),
    (Channel.PUSH.value, gettext_lazy("push")),
    (Channel.EMAIL.value, gettext_lazy("e-mail")),
    (Channel.WEBHOOK.value, gettext_lazy("webhooks")),
)
_CLOCK: Final = {"type": "time", "step": "60"}
_NO_TIME: Final = gettext_lazy("This is no time; write it like 07:00.")
_NO_DAY: Final = gettext_lazy("This is no day; write it like 2026-11-22.")


class PersonField(forms.ModelChoiceField):
    """Somebody, by the name that colleagues know."""

    def label_from_instance(self, obj: Any) -> str:
        return called(obj)


class NoteForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("For the next on duty"),
        max_length=500,
        error_messages={"required": gettext_lazy("Type what the next on duty should know.")},
        help_text=gettext_lazy("Write no name of a patient or athlete; say the room or the device."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ShiftForm(forms.Form):
    """A line of the rota on each of the chosen days; `site` says who may be chosen."""

    duty = forms.ChoiceField(label=gettext_lazy("Duty"))
    person = PersonField(
        User.objects.none(),
        label=gettext_lazy("Who"),
        empty_label=gettext_lazy("Choose a person"),
        error_messages={"required": gettext_lazy("Choose who is on duty.")},
    )
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("On these days"),
        choices=WEEKDAYS,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one day of the week.")},
    )
    starts = forms.TimeField(
        label=gettext_lazy("From"),
        widget=forms.TimeInput(format="%H:%M", attrs=_CLOCK),
        error_messages={"required": gettext_lazy("From when?"), "invalid": _NO_TIME},
    )
    ends = forms.TimeField(
        label=gettext_lazy("To"),
        widget=forms.TimeInput(format="%H:%M", attrs=_CLOCK),
        help_text=gettext_lazy(
            "At or before the beginning: on the next day. 00:00 to 00:00 is the whole day."
        ),
        error_messages={"required": gettext_lazy("Until when?"), "invalid": _NO_TIME},
    )
    first_day = forms.DateField(
        label=gettext_lazy("First day"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"required": gettext_lazy("From which day on?"), "invalid": _NO_DAY},
    )
    last_day = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: until it is taken off."),
        error_messages={"invalid": _NO_DAY},
    )

    def __init__(self, *args: Any, site: Site, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        duty, person = self.fields["duty"], self.fields["person"]
        assert isinstance(duty, forms.ChoiceField)  # noqa: S101  declared above
        assert isinstance(person, PersonField)  # noqa: S101  declared above
        duty.choices = duty_choices()
        ids = {user.pk for one in Duty for user in duties.anyone([site.pk], one)}
        person.queryset = User.objects.filter(pk__in=ids).order_by("first_name", "last_name", "username")
        self.fields["first_day"].initial = today
        for name in ("first_day", "last_day"):
            self.fields[name].widget.attrs["min"] = today.isoformat()
        self.today = today

    def clean_first_day(self) -> date:
        day: date = self.cleaned_data["first_day"]
        if day < self.today:
            raise forms.ValidationError(_("A rota is written for today or later: what was stays as it was."))
        return day


def duty_choices() -> list[tuple[str, str]]:
    return [
        (Duty.CARE.value, _("Care: people being treated")),
        (Duty.TECHNICAL.value, _("Technical: machines and connections")),
    ]


class StepForm(forms.Form):
    """One step of a policy; a row without a time is no step."""

    after = forms.IntegerField(
        label=gettext_lazy("After"),
        required=False,
        min_value=0,
        max_value=24 * 3600,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "size": 5}),
    )
    unit = forms.ChoiceField(
        label=gettext_lazy("Unit"), choices=(("s", gettext_lazy("s")), ("min", gettext_lazy("min")))
    )
    whom = forms.ChoiceField(label=gettext_lazy("Tell"))
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("By"), required=False, choices=CHANNELS, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, whom: Sequence[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["whom"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
        field.choices = whom

    def step(self) -> StepPlan | None:
        """Return the step of a valid row; None: the row is empty."""
        after = self.cleaned_data["after"]
        if after is None:
            return None
        kind, _colon, key = self.cleaned_data["whom"].partition(":")
        channels = tuple(one for one in Channel if one.value in self.cleaned_data["channels"])
        return StepPlan(
            after * (60 if self.cleaned_data["unit"] == "min" else 1),
            Whom(kind),
            channels,
            int(key) if kind == Whom.PERSON else None,
            int(key) if kind == Whom.SITE else None,
        )


class PlanForm(forms.Form):
    """What a policy says beside its steps."""

    repeat_after_min = forms.IntegerField(
        label=gettext_lazy("Begin again after (min)"),
        required=False,
        min_value=1,
        max_value=24 * 60,
        help_text=gettext_lazy("Counted from the last step, while nobody has acknowledged. Empty: never."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    repeats = forms.IntegerField(
        label=gettext_lazy("How often, at most"),
        required=False,
        min_value=1,
        max_value=20,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    quiet_from = forms.TimeField(
        label=gettext_lazy("Quiet from"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs=_CLOCK),
        error_messages={"invalid": _NO_TIME},
    )
    quiet_to = forms.TimeField(
        label=gettext_lazy("Quiet to"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs=_CLOCK),
        error_messages={"invalid": _NO_TIME},
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        for first, second in (("repeat_after_min", "repeats"), ("quiet_from", "quiet_to")):
            for one, other in ((first, second), (second, first)):
                if given.get(one) is not None and given.get(other) is None and other not in self.errors:
                    self.add_error(other, _("Fill in both, or leave both empty."))
        if given.get("quiet_from") is not None and given.get("quiet_from") == given.get("quiet_to"):
            self.add_error("quiet_to", _("Quiet hours end at another time than they begin."))
        return given


class Steps:
    """The rows of a policy as one form: those it has, and empty ones to add to."""

    def __init__(self, *, site: Site, sites: Iterable[Site], plan: Plan, data: Any = None) -> None:
        choices = whom_choices(site, sites, plan)
        count = min(MOST_STEPS, len(plan.steps) + _SPARE_ROWS)
        rows = [*plan.steps, *[None] * count][:count]
        self.forms = [
            StepForm(data, prefix=f"step{number}", whom=choices, initial=_row(step))
            for number, step in enumerate(rows, start=1)
        ]
        self.problem = ""

    def plan(self, around: PlanForm, priority: Priority) -> Plan | None:
        """Return the plan that was typed; None: it cannot be, and the forms or `problem` say why."""
        if not all([one.is_valid() for one in self.forms]) or not around.is_valid():  # noqa: C419  each says why
            return None
        steps = [step for one in self.forms if (step := one.step()) is not None]
        if not steps:
            self.problem = _("A policy needs at least one step: without one nobody would be told.")
            return None
        if priority == Priority.HIGH and steps[0].after_s > 0:
            self.problem = _("A high alert is told at once: the first step comes after 0 s.")
            return None
        given = around.cleaned_data
        after_min = given["repeat_after_min"]
        return Plan(
            tuple(steps),
            after_min * 60 if after_min else None,
            given["repeats"] or 0,
            given["quiet_from"],
            given["quiet_to"],
        )


def plan_form(plan: Plan, data: Any = None) -> PlanForm:
    after_s = plan.repeat_after_s
    initial: dict[str, int | time | None] = {
        "repeat_after_min": None if after_s is None else max(1, round(after_s / 60)),
        "repeats": plan.repeats or None,
        "quiet_from": plan.quiet_from,
        "quiet_to": plan.quiet_to,
    }
    return PlanForm(data, initial=initial)


def whom_choices(site: Site, sites: Iterable[Site], plan: Plan) -> list[tuple[str, Any]]:
    """Return whom a step of the site may tell; somebody a step names already stays on the list."""
    members = User.objects.filter(memberships__site=site, is_active=True).distinct()
    named = {step.person_id for step in plan.steps if step.person_id is not None}
    people = {user.pk: called(user) for user in members.order_by("first_name", "last_name", "username")}
    for user in User.objects.filter(pk__in=named - people.keys()):
        people[user.pk] = _("%(person)s (no longer at this site)") % {"person": called(user)}
    return [
        (Whom.DUTY.value, _("whoever is on duty")),
        (Whom.ANYONE.value, _("everybody who may take this duty")),
        (_("A person"), [(f"{Whom.PERSON}:{pk}", name) for pk, name in people.items()]),
        (
            _("Whoever is on duty at"),
            [(f"{Whom.SITE}:{one.pk}", one.name) for one in sites if one.pk != site.pk],
        ),
    ]


def _row(step: StepPlan | None) -> dict[str, Any]:
    if step is None:
        return {"unit": "min", "whom": Whom.DUTY.value, "channels": []}
    key = step.person_id if step.whom == Whom.PERSON else step.site_id
    in_minutes = step.after_s >= 60 and step.after_s % 60 == 0
    return {
        "after": step.after_s // 60 if in_minutes else step.after_s,
        "unit": "min" if in_minutes else "s",
        "whom": step.whom.value if key is None else f"{step.whom}:{key}",
        "channels": [one.value for one in step.channels],
    }


class WebhookForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Which system is it?"),
        max_length=80,
        error_messages={"required": gettext_lazy("Say which system is told, such as Nurse call.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    url = forms.CharField(
        label=gettext_lazy("Its address"),
        max_length=500,
        error_messages={"required": gettext_lazy("Type the address, such as https://calls.example/alerts.")},
        help_text=gettext_lazy("An https:// address that takes POST requests with JSON."),
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class AddressForm(forms.Form):
    address = forms.CharField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        error_messages={"required": gettext_lazy("Type the address that alerts are to be sent to.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
    )
