"""What the search box of every page asks, as it is typed in."""

from dataclasses import asdict

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.access.people import member
from dashboards.context import navigation
from dashboards.lists import search
from dashboards.lists.scope import scope_of


@require_safe
@never_cache
@login_required
def found(request: HttpRequest) -> JsonResponse:
    """Answer `{"items": [...]}`, each as `dashboards.lists.search.Found`; nothing asked, the pages alone."""
    scope, ways = scope_of(request), list(navigation(request)["ways"])
    text = request.GET.get("q", "").strip()
    items = search.find(member(request), scope, ways, text, timezone.now()) if text else search.pages(ways)
    return JsonResponse({"items": [asdict(one) for one in items]})
