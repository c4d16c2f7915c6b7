"""Who sees what: the nurse, engineer and admin of the site, a stranger of another, and nobody."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from devices.models import Device, Reject, Session
from fleet.access.models import Token
from tests.dashboards.api.ward import Get, Ward

OF_A_DEVICE = ["", "/records", "/ledger", "/trace"]
LISTS = ["devices", "sessions", "rejects"]


@pytest.mark.parametrize("who", ["nurse", "engineer", "admin"])
@pytest.mark.parametrize("path", OF_A_DEVICE)
def test_who_belongs_to_the_site_sees_its_device(get: Get, who: str, path: str) -> None:
    assert get(f"devices/EMS-0001{path}", who).status_code == 200


@pytest.mark.parametrize("path", OF_A_DEVICE)
def test_to_a_stranger_a_device_is_as_absent_as_one_that_does_not_exist(get: Get, path: str) -> None:
    seen = get(f"devices/EMS-0001{path}", "stranger")
    absent = get(f"devices/EMS-9999{path}", "stranger")
    assert seen.status_code == absent.status_code == 404
    assert seen.json()["detail"].replace("EMS-0001", "EMS-9999") == absent.json()["detail"]


@pytest.mark.parametrize(
    "path", ["devices", "sessions", "rejects", *(f"devices/EMS-0001{one}" for one in OF_A_DEVICE)]
)
def test_nobody_sees_nothing(get: Get, path: str) -> None:
    response = get(path, None)
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("who", ["nurse", "engineer", "admin"])
def test_devices_are_those_of_ones_own_sites(get: Get, who: str) -> None:
    assert [one["serial"] for one in get("devices", who).json()["items"]] == [
        "EMS-0001",
        "EMS-0002",
        "EMS-0003",
    ]
    assert [one["serial"] for one in get("devices", "stranger").json()["items"]] == ["EMS-0100"]


@pytest.mark.parametrize("path", ["devices", "sessions"])
def test_asking_for_a_site_one_does_not_see_is_404(get: Get, path: str) -> None:
    assert get(path, "nurse", site="far").status_code == 404
    assert get(path, "nurse", site="nowhere").status_code == 404


def test_a_superuser_sees_every_site(get: Get) -> None:
    User.objects.filter(username="stranger").update(is_superuser=True)
    assert len(get("devices", "stranger").json()["items"]) == 4


def test_sessions_are_seen_by_who_sees_the_device(get: Get, ward: Ward) -> None:
    Session.objects.create(
        device=ward.running, session="S-1", boot=7, last_at=ward.now, last_up_ms=9, started_at=ward.now
    )
    for who in ("nurse", "engineer", "admin"):
        assert get("sessions/S-1", who).json()["device"] == "EMS-0001"
        assert len(get("sessions", who).json()["items"]) == 1
    assert get("sessions/S-1", "stranger").status_code == 404
    assert get("sessions", "stranger").json()["items"] == []
    assert get("sessions", "stranger", device="EMS-0001").status_code == 404


@pytest.fixture
def rejects(ward: Ward) -> None:
    for serial, device in (("EMS-0001", ward.running), ("EMS-0100", ward.foreign), ("GHOST", None)):
        Reject.objects.create(
            at=ward.now, hour=ward.now, serial=serial, device=device, topic=f"ems/v1/{serial}/event",
            reason="json", detail="no object", excerpt=b"\xff{",
        )  # fmt: skip


@pytest.mark.usefixtures("rejects")
def test_rejects_of_unknown_serials_are_seen_by_the_admin_only(get: Get) -> None:
    seen = {
        who: {one["serial"] for one in get("rejects", who).json()["items"]}
        for who in ("nurse", "engineer", "admin")
    }
    assert seen == {"nurse": {"EMS-0001"}, "engineer": {"EMS-0001"}, "admin": {"EMS-0001", "GHOST"}}
    assert {one["serial"] for one in get("rejects", "stranger").json()["items"]} == {"EMS-0100"}


@pytest.mark.usefixtures("rejects")
def test_rejects_of_one_serial_are_404_for_who_may_not_see_it(get: Get) -> None:
    assert get("rejects", "nurse", device="EMS-0100").status_code == 404
    assert get("rejects", "nurse", device="GHOST").status_code == 404
    assert len(get("rejects", "admin", device="GHOST").json()["items"]) == 1
    assert get("rejects", "admin", device="EMS-0100").json()["items"] == []


def test_a_session_cookie_is_as_good_as_a_token(ward: Ward) -> None:
    client = Client()
    client.force_login(User.objects.get(username="nurse"))
    assert client.get("/api/v1/devices/EMS-0001").status_code == 200


def test_a_token_that_is_no_good_is_refused_even_beside_a_good_cookie(ward: Ward) -> None:
    client = Client()
    client.force_login(User.objects.get(username="nurse"))
    assert client.get("/api/v1/devices", headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_a_revoked_token_and_an_inactive_owner_are_refused(get: Get) -> None:
    Token.objects.filter(user__username="nurse").update(revoked_at=timezone.now())
    User.objects.filter(username="engineer").update(is_active=False)
    assert get("devices", "nurse").status_code == get("devices", "engineer").status_code == 401


def test_a_revoked_device_leaves_the_list_and_keeps_its_history(get: Get) -> None:
    Device.objects.filter(serial="EMS-0001").update(revoked_at=timezone.now())
    assert "EMS-0001" not in {one["serial"] for one in get("devices").json()["items"]}
    assert get("devices/EMS-0001/records").status_code == 200


def test_the_description_of_the_api_is_for_everybody(get: Get) -> None:
    assert get("openapi.json", None).status_code == 200
