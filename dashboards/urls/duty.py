"""Who is on duty, who is told of alerts, and one's own addresses."""

from django.urls import URLPattern, path

from dashboards.views import account_telling as own
from dashboards.views import duty, handover, telling, telling_policy, telling_rota, telling_webhooks

urlpatterns: list[URLPattern] = [
    path("duty/", duty.duty, name="duty"),
    path("duty/take/", duty.take, name="duty-take"),
    path("duty/note/", duty.note, name="duty-note"),
    path("duty/turns/<int:number>/end/", duty.end, name="duty-end"),
    path("duty/handover/<int:number>/", handover.handover, name="handover"),
    # Who is told of a site's alerts.
    path("sites/<slug:slug>/telling/", telling.telling, name="telling"),
    path("sites/<slug:slug>/telling/rota/", telling_rota.add, name="rota-add"),
    path("sites/<slug:slug>/telling/rota/<int:number>/remove/", telling_rota.remove, name="rota-remove"),
    path("sites/<slug:slug>/telling/webhooks/", telling_webhooks.make, name="webhook-make"),
    path("sites/<slug:slug>/telling/webhooks/<int:number>/test/", telling_webhooks.test, name="webhook-test"),
    path(
        "sites/<slug:slug>/telling/webhooks/<int:number>/revoke/",
        telling_webhooks.revoke,
        name="webhook-revoke",
    ),
    path("sites/<slug:slug>/telling/<slug:priority>/", telling_policy.policy, name="policy"),
    path("sites/<slug:slug>/telling/<slug:priority>/default/", telling_policy.default, name="policy-default"),
    # One's own addresses.
    path("account/telling/", own.telling, name="account-telling"),
    path("account/telling/email/", own.email, name="account-email"),
    path("account/telling/email/forget/", own.forget, name="account-email-forget"),
    path("account/telling/email/test/", own.test_email, name="account-email-test"),
    path("account/telling/push/", own.keep, name="account-push"),
    path("account/telling/push/<int:number>/forget/", own.forget_browser, name="account-push-forget"),
    path("account/telling/push/<int:number>/test/", own.test_browser, name="account-push-test"),
    path("email/<str:secret>/", own.confirm, name="email-confirm"),
]
