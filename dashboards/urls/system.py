"""The server itself, search and help."""

from django.urls import URLPattern, path

from dashboards.views.help import help_page
from dashboards.views.search import found
from dashboards.views.system import system

urlpatterns: list[URLPattern] = [
    path("system/", system, name="system"),
    path("search/", found, name="search"),
    path("help/", help_page, name="help"),
]
