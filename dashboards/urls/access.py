"""Logging in and out; people, sites, tokens, display links; the record of who did what."""

from allauth.account import views as account
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, path

from dashboards.views.display import display

urlpatterns: list[URLPattern] = [
    path("login/", account.login, name="login"),  # what follows it is in `door`, under allauth's own names
    path("logout/", LogoutView.as_view(), name="logout"),
    path("display/<str:secret>/", display, name="display"),
]
