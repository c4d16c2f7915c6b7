"""Addresses of pages."""

from django.contrib.auth import views as auth
from django.urls import path

from dashboards.views.home import home
from dashboards.views.wall import wall

app_name = "dashboards"
urlpatterns = [
    path("", home, name="home"),
    path("sites/<slug:slug>/", wall, name="wall"),
    path(
        "login/",
        auth.LoginView.as_view(template_name="dashboards/login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
]
