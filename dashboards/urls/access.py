"""Logging in and out; people, sites, tokens, display links; the record of who did what."""

from django.contrib.auth import views as auth
from django.urls import URLPattern, path

urlpatterns: list[URLPattern] = [
    path(
        "login/",
        auth.LoginView.as_view(template_name="dashboards/login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
]
