"""Forms of what people do with an alert."""

from typing import Any, Final

from django import forms
from django.contrib.auth.models import User
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboards.duty.forms import PersonField
from dashboards.words.alert_texts import DISPOSITIONS

format_html_lazy = lazy(format_html, SafeString)

SHIFT_MINUTES: Final = 480
SHELF_MINUTES: Final = (15, 60, 240, SHIFT_MINUTES)
LONG_SHELF_MINUTES: Final = (1_440, 4_320, 10_080)  # for whoever may shelve beyond a shift


class ShelveForm(forms.Form):
    """`may_be_long`: whether more than a shift is offered."""

    minutes = forms.TypedChoiceField(
        label=gettext_lazy("For how long"), coerce=int, widget=forms.RadioSelect, initial=60
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=200,
        error_messages={
            "required": gettext_lazy("Say why: whoever comes next must know why it is put aside.")
        },
        help_text=gettext_lazy("Everybody at the site can read it. Name no patient."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    one_shot = forms.BooleanField(
        label=gettext_lazy("Only until it is true no longer"),
        required=False,
        help_text=gettext_lazy(
            "If it comes back after that, it is told again, even before the time is over."
        ),
    )

    def __init__(self, *arguments: Any, may_be_long: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        offered = (*SHELF_MINUTES, *(LONG_SHELF_MINUTES if may_be_long else ()))
        self.fields["minutes"].choices = [(one, _span(one)) for one in offered]  # type: ignore[attr-defined]


class CloseForm(forms.Form):
    disposition = forms.ChoiceField(
        label=gettext_lazy("What was it?"),
        choices=[
            (value, format_html_lazy("{} <small>{}</small>", *words)) for value, words in DISPOSITIONS.items()
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what it was; “not known” is an answer.")},
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("What was found or done. Name no patient."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class AssignForm(forms.Form):
    """`people`: who may be given it."""

    person = PersonField(
        User.objects.none(),
        label=gettext_lazy("Who"),
        error_messages={"required": gettext_lazy("Choose somebody.")},
        help_text=gettext_lazy("It stays open, and goes on being told until somebody acknowledges it."),
    )

    def __init__(self, *arguments: Any, people: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]


class CommentForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Comment"),
        max_length=500,
        error_messages={"required": gettext_lazy("Write something first.")},
        help_text=gettext_lazy("Everybody at the site can read it. Name no patient."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def _span(minutes: int) -> str:
    if minutes < 60:
        return _("%(n)d minutes") % {"n": minutes}
    if minutes == 60:
        return _("1 hour")
    if minutes == SHIFT_MINUTES:
        return _("8 hours: a shift")
    if minutes < 1_440:
        return _("%(n)d hours") % {"n": minutes // 60}
    return _("1 day") if minutes == 1_440 else _("%(n)d days") % {"n": minutes // 1_440}
