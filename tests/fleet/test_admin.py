"""Django's admin shows facts to superusers, changes nothing, and shows no secret."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from fleet.access import service
from fleet.access.models import AuditEntry, Site
from fleet.admin import facts
from fleet.paging.models import Webhook
from tests.dashboards.api import ward as wards


@pytest.fixture
def root(db: None, client: Client) -> Client:
    wards.furnish()
    service.record(None, "trial")
    client.force_login(User.objects.create_superuser("root", password="correct horse battery"))
    return client


MODELS = sorted(f"{model._meta.app_label}/{model._meta.model_name}" for model in facts._registry)


@pytest.mark.parametrize("model", MODELS)
def test_each_table_is_shown_and_nothing_in_it_can_be_changed(root: Client, model: str) -> None:
    page = root.get(f"/admin/{model}/")
    assert page.status_code == 200
    assert root.get(f"/admin/{model}/add/").status_code == 403
    found = facts._registry[
        next(m for m in facts._registry if f"{m._meta.app_label}/{m._meta.model_name}" == model)
    ]
    one = found.model._default_manager.first()
    if one is None:
        return
    shown = root.get(f"/admin/{model}/{one.pk}/change/")
    assert shown.status_code == 200
    assert 'name="_save"' not in shown.content.decode()
    assert root.post(f"/admin/{model}/{one.pk}/change/", {}).status_code == 403
    assert root.post(f"/admin/{model}/{one.pk}/delete/", {"post": "yes"}).status_code == 403


def test_no_secret_is_shown(root: Client) -> None:
    user = User.objects.get(username="root")
    token, _text = service.issue_token(actor=None, user=user, name="t", days=1)
    site, now = Site.objects.get(slug="north"), timezone.now()
    hook = Webhook.objects.create(site=site, url="https://x/zq81", secret="whsec_zq81", made_at=now)
    for path, secret in (
        (f"auth/user/{user.pk}", user.password),
        (f"access/token/{token.pk}", token.digest),
        (f"paging/webhook/{hook.pk}", "zq81"),
    ):
        page = root.get(f"/admin/{path}/change/").content.decode()
        assert secret not in page
        assert "pbkdf2" not in page


@pytest.mark.parametrize("name", ["nurse", "admin", "engineer"])
def test_to_anybody_but_a_superuser_there_is_no_such_page(db: None, client: Client, name: str) -> None:
    wards.furnish()
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/login/?next=/admin/"
    client.force_login(User.objects.get(username=name))
    for path in ("", "access/auditentry/", "auth/user/"):
        assert client.get(f"/admin/{path}", follow=True).status_code == 404


def test_the_record_is_not_bypassed_by_the_password_page(root: Client) -> None:
    assert root.get("/admin/password_change/").status_code == 404
    assert AuditEntry.objects.exists()


def test_it_leads_back_to_the_product_and_offers_no_way_around_it(root: Client) -> None:
    page = root.get("/admin/").content.decode()
    assert "Back to Myofleet" in page
    assert "password_change" not in page


def test_the_tables_are_called_by_their_right_names(root: Client) -> None:
    index = root.get("/admin/").content.decode()
    assert "Audit entries" in index
    assert "entrys" not in index
