"""Words, marks and keys, for whoever is new here."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboards.words import glossary, legends, texts


@require_safe
@never_cache
@login_required
def help_page(request: HttpRequest) -> HttpResponse:
    marks = legends.marks(texts.wall_texts())
    return render(request, "dashboards/help.html", {"chapters": glossary.CHAPTERS, "marks": marks})
