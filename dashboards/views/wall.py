"""The wall of one site."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards import reads, texts, tiles
from dashboards.people import member
from fleet.access import queries as access


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
    words = texts.wall_texts()
    shown = [tiles.tile(device, words) for device in reads.devices_of(site.pk, timezone.now())]
    return render(
        request,
        "dashboards/wall.html",
        {
            "site": site,
            "tiles": shown,
            "counts": tiles.counts(shown),
            "size": tiles.size(len(shown)),
            "channels": tiles.channel_rows(shown),
            "texts": words,
            "blank": tiles.tile(_BLANK, words),
            "blank_channel": _BLANK_CHANNEL,
        },
    )


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
}
_BLANK_CHANNEL = {"n": 0, "contact": "none", "fill": 0, "mark": 0}
