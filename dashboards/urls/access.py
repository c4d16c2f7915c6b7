"""Logging in and out; people, sites, tokens, display links; the record of who did what."""

from allauth.account import views as account
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, path

from dashboards.views import account as own
from dashboards.views import audit, displays, people, people_acts, people_page, sites, tokens
from dashboards.views.display import display

urlpatterns: list[URLPattern] = [
    path("login/", account.login, name="login"),  # what follows it is in `door`, under allauth's own names
    path("logout/", LogoutView.as_view(), name="logout"),
    path("display/<str:secret>/", display, name="display"),
    # People.
    path("people/", people.people_list, name="people"),
    path("people.csv", people.people_list, {"as_csv": True}, name="people-csv"),
    path("people/new/", people.new_person, name="person-new"),
    path("people/<int:number>/", people_page.person, name="person"),
    path("people/<int:number>/name/", people_page.rename, name="person-name"),
    path("people/<int:number>/email/", people_page.email, name="person-email"),
    path("people/<int:number>/role/", people_page.role, name="person-role"),
    path("people/<int:number>/role/<slug:slug>/withdraw/", people_acts.withdraw, name="person-withdraw"),
    path("people/<int:number>/password-link/", people_acts.password_link, name="person-link"),
    path("people/<int:number>/tokens/", tokens.make_for, name="person-tokens"),
    path("people/<int:number>/tokens/<int:token>/revoke/", tokens.revoke_of, name="person-token-revoke"),
    path("people/<int:number>/<slug:name>/", people_acts.act, name="person-act"),
    path("welcome/<str:number>/<str:token>/", own.welcome, name="welcome"),
    # Oneself.
    path("account/", own.account, name="account"),
    path("account/name/", own.name, name="account-name"),
    path("account/tokens/", tokens.make_own, name="account-tokens"),
    path("account/tokens/<int:token>/revoke/", tokens.revoke_own, name="account-token-revoke"),
    # Sites.
    path("new-site/", sites.new_site, name="site-new"),
    path("sites/<slug:slug>/settings/", sites.site_settings, name="site-settings"),
    path("sites/<slug:slug>/displays/", displays.display_links, name="displays"),
    path("sites/<slug:slug>/displays/<int:number>/revoke/", displays.revoke, name="display-revoke"),
    # The record.
    path("audit/", audit.audit, name="audit"),
    path("audit.csv", audit.audit, {"as_file": "csv"}, name="audit-csv"),
    path("audit.jsonl", audit.audit, {"as_file": "jsonl"}, name="audit-lines"),
    path("audit/check/", audit.check, name="audit-check"),
]
