"""The server itself, search and help."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
