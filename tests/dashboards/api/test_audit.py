"""Who did what, over the API."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from fleet.access import service
from fleet.access.models import Role
from tests.dashboards.api.ward import Get, Ward


@pytest.fixture
def happened(ward: Ward) -> Ward:
    admin, nurse = User.objects.get(username="admin"), User.objects.get(username="nurse")
    service.grant(actor=admin, user=nurse, site=ward.north, role=Role.COACH)
    service.record(nurse, "login", subject="nurse", address="10.0.0.1")
    service.record(None, "site.changed", site=ward.far, subject="far")
    service.record(User.objects.get(username="stranger"), "login", subject="stranger")
    return ward


def actions(get: Get, who: str = "admin", **asked: object) -> list[str]:
    answer = get("audit", who, **asked)
    assert answer.status_code == 200, answer.content
    return [item["action"] for item in answer.json()["items"]]


@pytest.mark.usefixtures("happened")
def test_an_administrator_reads_of_their_site_and_of_the_logins_they_answer_for(get: Get) -> None:
    assert actions(get) == ["login", "membership.granted"]


@pytest.mark.usefixtures("happened")
def test_filters_narrow_the_record(get: Get) -> None:
    assert actions(get, action="membership") == ["membership.granted"]
    assert actions(get, action="member") == []
    assert actions(get, actor="admin") == ["membership.granted"]
    assert actions(get, subject="nurse", site="north") == ["membership.granted"]
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    assert actions(get, from_=tomorrow) == []
    assert actions(get, to=tomorrow) == ["login", "membership.granted"]


@pytest.mark.usefixtures("happened")
def test_the_record_is_read_page_by_page(get: Get) -> None:
    first = get("audit", "admin", limit=1).json()
    second = get("audit", "admin", limit=1, cursor=first["next"]).json()
    assert [page["items"][0]["action"] for page in (first, second)] == ["login", "membership.granted"]
    assert second["next"] is None


@pytest.mark.usefixtures("happened")
@pytest.mark.parametrize(
    "who,site,status", [("nurse", None, 403), ("nurse", "north", 403), ("nurse", "far", 404)]
)
def test_others_read_nothing(get: Get, who: str, site: str | None, status: int) -> None:
    answer = get("audit", who, site=site)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
