"""The server itself, search and help."""

from django.urls import URLPattern, path

from dashboards.views.help import help_page
from dashboards.views.search import found

urlpatterns: list[URLPattern] = [
    path("search/", found, name="search"),
    path("help/", help_page, name="help"),
]
