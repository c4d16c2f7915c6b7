"""Logging in, the second factor, one's own password: the pages of django-allauth that we use, under its names.

All others (sign-up, mail addresses, resets by mail) have no address here.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, path

from dashboards.views.login_code import login_code

urlpatterns: list[URLPattern] = [
    path("login/", account.login, name="account_login"),
    path("logout/", LogoutView.as_view(), name="account_logout"),
    path("login/code/", login_code, name="mfa_authenticate"),
    path("login/inactive/", account.account_inactive, name="account_inactive"),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("account/mfa/", mfa.index, name="mfa_index"),
    path("account/mfa/totp/activate/", totp.activate_totp, name="mfa_activate_totp"),
    path("account/mfa/totp/deactivate/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/mfa/recovery-codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "account/mfa/recovery-codes/generate/",
        codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
]
