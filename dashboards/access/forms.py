"""Forms about people, sites, tokens and screens: what may be typed, and what is said beside the field if it cannot be.

Rules that hold for every door (pages, API, shell) live in `fleet.access`; their Refused is shown beside the field
it speaks of.
"""

from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fleet.access.models import Role, Site

LONGEST_TOKEN_DAYS: Final = 366  # on pages; the shell may make longer ones
USUAL_TOKEN_DAYS: Final = 90


class FullNameForm(forms.Form):
    full_name = forms.CharField(
        label=gettext_lazy("Full name"),
        max_length=150,
        error_messages={
            "required": gettext_lazy("Type the name that colleagues know, such as Nora Lindqvist.")
        },
        help_text=gettext_lazy("As colleagues know it; stands in the record of who did what."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class NewPersonForm(FullNameForm):
    """`sites`: those at which the reader may add people."""

    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=150,
        error_messages={"required": gettext_lazy("Choose a user name, such as nora.")},
        help_text=gettext_lazy("What they type to log in: letters, digits and @ . + - _, no spaces."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    site = forms.ModelChoiceField(
        Site.objects.none(),
        label=gettext_lazy("Site"),
        to_field_name="slug",
        error_messages={"required": gettext_lazy("Choose the site where they work.")},
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role there"),
        error_messages={"required": gettext_lazy("Choose what they may do there.")},
        help_text=gettext_lazy("What each role may do stands on this page, beside or below."),
    )
    field_order = ("full_name", "username", "site", "role")

    def __init__(self, *args: Any, sites: QuerySet[Site], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site = self.fields["site"]
        assert isinstance(site, forms.ModelChoiceField)  # noqa: S101  declared above
        site.queryset = sites
        site.empty_label = None if sites.count() == 1 else _("Choose a site")
        role = self.fields["role"]
        assert isinstance(role, forms.ChoiceField)  # noqa: S101  declared above
        role.choices = [("", _("Choose a role")), *Role.choices]


class RoleForm(forms.Form):
    """A role at a site; `seen` is the role that the page showed ("" for none), so that two tabs cannot cross."""

    site = forms.SlugField()
    role = forms.ChoiceField(choices=[("", "–"), *Role.choices], required=False)
    seen = forms.ChoiceField(choices=[("", "–"), *Role.choices], required=False)


class TokenForm(forms.Form):
    """`today`: the day it is where the reader is."""

    name = forms.CharField(
        label=gettext_lazy("What is it for?"),
        max_length=80,
        error_messages={"required": gettext_lazy("Say what it is for, to know later which one to revoke.")},
        help_text=gettext_lazy(
            "Such as “export to the ward's report”. Tokens of one person have different names."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    last_day = forms.DateField(
        label=gettext_lazy("Until"),
        error_messages={
            "required": gettext_lazy("Choose a day: a token that never ends is one nobody remembers."),
            "invalid": gettext_lazy("This is no day; write it like 2026-11-22."),
        },
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, today: date, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.person = today, person
        self.most = today + timedelta(days=LONGEST_TOKEN_DAYS)
        field = self.fields["last_day"]
        field.initial = today + timedelta(days=USUAL_TOKEN_DAYS)
        field.help_text = _("The day it stops working; at most %(most)d days from now.") % {
            "most": LONGEST_TOKEN_DAYS
        }
        field.widget.attrs |= {
            "min": (today + timedelta(days=1)).isoformat(),
            "max": self.most.isoformat(),
        }

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if self.person.tokens.filter(name=name, revoked_at=None).exists():
            raise forms.ValidationError(
                _("There is a token named “%(name)s” already. Take another name, or revoke that one first.")
                % {"name": name}
            )
        return name

    def clean_last_day(self) -> date:
        day: date = self.cleaned_data["last_day"]
        if not self.today < day <= self.most:
            raise forms.ValidationError(
                _("%(day)s cannot be: a token ends between tomorrow and %(most)s.")
                % {"day": day.isoformat(), "most": self.most.isoformat()}
            )
        return day

    @property
    def days(self) -> int:
        """Of a valid form: how long the token lasts."""
        return int((self.cleaned_data["last_day"] - self.today).days)


class DisplayForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Where does the screen hang?"),
        max_length=80,
        error_messages={"required": gettext_lazy("Say where the screen hangs, such as Corridor.")},
        help_text=gettext_lazy("Such as “Corridor, 2nd floor”: so that you know later which link to end."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class SiteForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        error_messages={"required": gettext_lazy("Type the name of the site.")},
        help_text=gettext_lazy("Stands on the wall and in every list."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=64,
        error_messages={"required": gettext_lazy("Choose the time zone of the site, such as Europe/Berlin.")},
        help_text=gettext_lazy(
            "Type a city or region, such as Berlin, and choose. Pages show this site's times in it."
        ),
        widget=forms.TextInput(
            attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
        ),
    )

    def clean_time_zone(self) -> str:
        typed = self.cleaned_data["time_zone"].replace(" ", "_")
        known = available_timezones()
        if typed in known:
            return str(typed)
        near = [zone for zone in sorted(known) if typed.lower() == zone.lower().rpartition("/")[2]]
        hint = _("Did you mean %(zone)s?") % {"zone": near[0]} if near else _("Choose one from the list.")
        raise forms.ValidationError(_("“%(zone)s” is no time zone.") % {"zone": typed} + " " + hint)


class NewSiteForm(SiteForm):
    slug = forms.SlugField(
        label=gettext_lazy("Address"),
        max_length=64,
        help_text=gettext_lazy(
            "Stands in the address of the wall, /sites/…/: letters, digits, - and _. It cannot be changed later."
        ),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
        error_messages={
            "required": gettext_lazy("Choose an address, such as north-rehab."),
            "invalid": gettext_lazy(
                "An address has only letters, digits, - and _; no blanks and no accents."
            ),
        },
    )
    field_order = ("name", "slug", "time_zone")

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        if Site.objects.filter(slug=slug).exists():
            raise forms.ValidationError(
                _("There is a site with the address “%(slug)s” already.") % {"slug": slug}
            )
        return slug


class ChoosePasswordForm(forms.Form):
    """A new password, twice; held against the validators with what is known of the person."""

    new_password = forms.CharField(
        label=gettext_lazy("New password"),
        max_length=1024,
        error_messages={"required": gettext_lazy("Type a new password.")},
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("The same again"),
        max_length=1024,
        error_messages={
            "required": gettext_lazy("Type the new password again, so that no slip goes unnoticed.")
        },
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["new_password"].help_text = " ".join(password_validators_help_texts())

    def clean_new_password(self) -> str:
        password = str(self.cleaned_data["new_password"])
        validate_password(password, self.person)
        return password

    def clean_again(self) -> str:
        again = str(self.cleaned_data["again"])
        first = self.data.get(self.add_prefix("new_password"))
        if first is not None and first != again:
            raise forms.ValidationError(_("The two are not the same. Type the new password twice."))
        return again


def role_words() -> list[tuple[str, str]]:
    """Return each role with what it may do, in a sentence; `docs/access.md` has the whole table."""
    words = {
        Role.NURSE: _("Sees the site, stops, pauses and lowers, locks and unlocks, acknowledges alerts."),
        Role.CLINICIAN: _("As a nurse; also writes and approves protocols, and approves rollouts."),
        Role.COACH: _("Sees the site, stops, pauses and lowers, acknowledges alerts."),
        Role.ENGINEER: _(
            "As a nurse; also enrols devices, writes rules and rollouts, and sees the server's parts."
        ),
        Role.ADMIN: _(
            "Sees the site and stops; lets people in, makes tokens and display links, reads the audit."
        ),
    }
    return [(str(role.label), words[role]) for role in Role]
