"""The questions above a list, and what their answers in the address may be."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext as _

_LONGEST: Final = 200  # characters of a filter's text

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a filter."""

    value: str
    label: Text


@dataclass(frozen=True, slots=True)
class Filter:
    """One question of the form above the list.

    `choice` takes one of `options`, `date` a day as YYYY-MM-DD, `text` anything; `options` of a text are offered
    while typing.
    """

    name: str
    label: Text
    kind: Literal["text", "choice", "date"] = "text"
    options: tuple[Option, ...] = ()
    hint: Text = ""

    def read(self, text: str) -> str | date:
        """Return the value of the address.  Raises ValueError with what was seen and what is allowed."""
        if "\0" in text or len(text) > _LONGEST:
            raise ValueError(
                _("%(label)s: at most %(most)d characters, none of them NUL.")
                % {"label": self.label, "most": _LONGEST}
            )
        if self.kind == "date":
            return self._day(text)
        if self.kind == "choice" and text not in {one.value for one in self.options}:
            raise ValueError(self._not_among(text))
        return text

    def _day(self, text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError(
                _("%(label)s “%(value)s” is no day; write it like 2026-11-22.")
                % {"label": self.label, "value": text[:40]}
            ) from None

    def _not_among(self, text: str) -> str:
        allowed = ", ".join(one.value for one in self.options[:12])
        if not allowed:
            allowed = _("nothing yet")
        elif len(self.options) > 12:
            allowed = _("%(some)s and %(more)d more") % {"some": allowed, "more": len(self.options) - 12}
        return _("%(label)s “%(value)s” is not known here; there are: %(allowed)s.") % {
            "label": self.label,
            "value": text[:40],
            "allowed": allowed,
        }
