"""GET sites/<slug>/permit: what stops devices when the house itself cannot be asked."""

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import AwareDatetime

from dashboards import permits
from dashboards.api.auth import asker, visible_site
from dashboards.api.params import answered
from dashboards.api.problems import not_found
from devices.moments import iso, to_ms
from fleet.access import service
from fleet.control.permits import signed

router = Router(tags=["commands"])


class PermitGiven(Schema):
    """Whoever holds it may stop devices of this site, in your name, until it is over or your login ends."""

    site: str
    permit: str
    expires_at: AwareDatetime


@router.get(
    "/sites/{slug}/permit",
    response=PermitGiven,
    operation_id="getPermit",
    summary="What stops devices of a site when the house cannot be asked",
)
def get_permit(request: HttpRequest, slug: str) -> HttpResponse:
    """For `POST /direct/stop`.  Ask again every 5 minutes; keep it as you keep a password."""
    site, user = visible_site(request, slug), asker(request)
    service.require(user, "stop", site, subject=site.slug)
    given = permits.permit_of(request, user, site)
    if given is None:
        raise not_found(f"permit for {site.slug!r}")
    return answered({"site": site.slug, "permit": signed(given), "expires_at": iso(to_ms(given.expires_at))})
