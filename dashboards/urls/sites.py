"""Walls."""

from django.urls import URLPattern, path

from dashboards.views.wall import wall

urlpatterns: list[URLPattern] = [path("sites/<slug:slug>/", wall, name="wall")]
