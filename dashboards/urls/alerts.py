"""Alerts, who is on duty, and how they are told."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
