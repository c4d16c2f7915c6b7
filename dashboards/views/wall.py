"""The wall of one site, for people and for the screens that hang there."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access.people import member
from dashboards.asking import asking_of, watching_of
from dashboards.bar import bar_of_site
from dashboards.live import reads
from dashboards.live.build import build_id
from dashboards.templatetags.wall import ANY_SERIAL
from dashboards.words import legends, texts, tiles
from dashboards.words.choices import Choice, choice_of
from dashboards.words.stop_texts import stop_texts
from fleet.access import queries as access
from fleet.access.models import Site

ANY_STOP = UUID(int=0)  # in its place a script writes the id of a stop
REMEMBERED = "wall_order"  # the cookie in which a browser keeps the order that its person chose


@require_safe
@never_cache
@login_required
def wall(request: HttpRequest, slug: str) -> HttpResponse:
    """Every device of the site as the database knows it; `wall.js` takes over from there.

    Raises Http404 for a site that is not the reader's, as for one that does not exist.
    """
    site = access.sites_of(member(request)).filter(slug=slug).first()
    if site is None:
        raise Http404
    return wall_page(request, site, kiosk=request.GET.get("kiosk") == "1")


def wall_page(request: HttpRequest, site: Site, *, kiosk: bool, display: str = "") -> HttpResponse:
    """Render the wall for whoever may see it, which the caller has made sure of.

    `kiosk`: for a screen on the wall, without navigation.  `display`: the secret of the display link by which the
    page was opened; then nobody is logged in, the page leads nowhere else, and its socket shows the secret.
    """
    words = texts.wall_texts() | stop_texts()
    choice = choice_of(request.GET, remembered=request.COOKIES.get(REMEMBERED, ""), kiosk=kiosk)
    every = [tiles.tile(device, words) for device in reads.devices_of(site.pk, timezone.now())]
    about = {"site": site, "kiosk": kiosk, "display": display, "build": build_id(), "choice": choice}
    shown = about | _devices(every, choice, words, kiosk=kiosk) | _wording(words)
    if kiosk:
        shown["alert_bar"] = bar_of_site(site, display=display)
    if display:
        shown["asking"] = watching_of(site)
    else:
        shown |= _for_person(request, site, is_empty=not every)
    return render(request, "dashboards/wall.html", shown)


def _devices(
    every: list[tiles.Tile], choice: Choice, words: dict[str, str], *, kiosk: bool
) -> dict[str, Any]:
    arranged = tiles.arrange(every, choice, kiosk=kiosk)
    what = legends.described(choice, words)
    return arranged | {
        "counts": tiles.counts(every),
        "rooms": tiles.rooms(every),
        "size": tiles.size(len(every)),
        "channels": tiles.channel_rows(every),
        "chosen_words": words["chosen"].format(n=arranged["chosen"], m=len(every), what=what),
    }


def _wording(words: dict[str, str]) -> dict[str, Any]:
    return {
        "texts": words,
        "states": legends.states(words),
        "marks": legends.marks(words),
        "blank": tiles.tile(_BLANK, words),
        "blank_channel": _BLANK_CHANNEL,
    }


def _for_person(request: HttpRequest, site: Site, *, is_empty: bool) -> dict[str, Any]:
    """Return where a person can go from here, and on an empty wall what they can do or whom to ask."""
    asking = asking_of(request, site)
    return {
        "device_url": _device_url(),
        "asking": asking,
        "stop_url": reverse("dashboards:stop", args=[ANY_STOP]),
        "may_stop": "stop" in asking["may"],
        "can_enrol": is_empty and access.may(request.user, "enrol", site),
        "can_add_people": is_empty and access.may(request.user, "manage_people", site),
        "engineers": reads.who_may(site, "enrol") if is_empty else [],
    }


def _device_url() -> str:
    try:
        return reverse("dashboards:device", args=[ANY_SERIAL])
    except NoReverseMatch:
        return ""


# What `wall.js` clones when a device is enrolled while the page is open; every text in it is replaced.
_BLANK = {
    "serial": "",
    "name": "",
    "room": "",
    "rev": -1,
    "link": "never",
    "state": None,
    "output": None,
    "session": None,
    "heard_at": None,
    "age_ms": None,
    "clock_skew_ms": None,
    "battery": None,
    "channels": [],
    "phase": None,
    "cycle": None,
    "elapsed_ms": None,
    "conditions": [],
    "held": None,
    "locked": None,
    "worst_alert": None,
}
_BLANK_CHANNEL = {"n": 0, "contact": "none", "fill": 0, "mark": 0}
