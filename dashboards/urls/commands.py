"""What people ask of devices: one of them, a room, a site; and what became of it."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
