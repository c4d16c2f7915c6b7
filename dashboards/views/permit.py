"""`/sites/<slug>/permit/`: what an open page asks for every few minutes."""

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards import permits
from dashboards.api.problems import answer
from devices.moments import iso, to_ms
from fleet.access import queries as access
from fleet.control.permits import signed


@require_safe
@never_cache
def permit(request: HttpRequest, slug: str) -> HttpResponse:
    """A script asks: whoever is not logged in is told so, not sent to a form."""
    if not isinstance(request.user, User):
        return answer(request, 401, _("Log in."))
    site = access.sites_of(request.user).filter(slug=slug).first()
    given = None if site is None else permits.permit_of(request, request.user, site)
    if given is None:
        raise Http404
    return JsonResponse(
        {"site": given.site, "permit": signed(given), "expires_at": iso(to_ms(given.expires_at))}
    )
