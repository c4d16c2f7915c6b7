"""One device, and lists of them."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
