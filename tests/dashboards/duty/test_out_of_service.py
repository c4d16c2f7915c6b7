"""A device is taken out of service on its page, with a reason and an end, and back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from devices.models import Device
from fleet.access.models import AuditEntry, Site
from fleet.safety.models import OutOfService
from tests.dashboards.duty.conftest import Enter
from tests.dashboards.duty.test_duty_page import text

PAGE = "/devices/EMS-1/"


@pytest.fixture(autouse=True)
def bed(north: Site) -> Device:
    return Device.objects.create(serial="EMS-1", site=north, name="Bed 1", room="Room 3")


def test_a_nurse_takes_a_device_out_of_service_and_back_and_its_page_says_so(enter: Enter) -> None:
    nora = enter("nora")
    assert "Take out of service…" in text(nora.get(PAGE))
    form = text(nora.get(f"{PAGE}service/"))
    assert "A high alert with an open session is told all the same." in form
    page = text(nora.post(f"{PAGE}service/", {"reason": "new lead", "lasts": "4h"}, follow=True))
    assert "Out of service : new lead." in page
    assert "by Nora Lindqvist" in page
    assert "Take out of service…" not in page
    row = OutOfService.objects.get()
    assert row.until is not None
    assert timedelta(hours=3, minutes=59) < row.until - timezone.now() <= timedelta(hours=4)
    assert "is in service again" in text(nora.post(f"{PAGE}service/back/", follow=True))
    assert "was in service again already" in text(nora.post(f"{PAGE}service/back/", follow=True))
    assert list(
        AuditEntry.objects.filter(subject="EMS-1").order_by("pk").values_list("action", flat=True)
    ) == [
        "device.out_of_service",
        "device.back_in_service",
    ]


def test_who_may_not_do_it_reads_it_and_is_offered_no_button(enter: Enter) -> None:
    enter("nora").post(f"{PAGE}service/", {"reason": "new lead", "lasts": "open"})
    page = text(enter("carla").get(PAGE))
    assert "Out of service : new lead." in page
    assert "Back in service" not in page
    assert enter("carla").post(f"{PAGE}service/back/").status_code == 403


@pytest.mark.parametrize("typed", [{"reason": " ", "lasts": "4h"}, {"reason": "new lead", "lasts": "ever"}])
def test_without_a_reason_or_an_end_it_stays_in_service(enter: Enter, typed: dict[str, str]) -> None:
    assert enter("nora").post(f"{PAGE}service/", typed).status_code == 422
    assert not OutOfService.objects.exists()


def test_whoever_comes_second_is_told_that_it_is_out_already(enter: Enter) -> None:
    nora = enter("nora")
    typed = {"reason": "new lead", "lasts": "1h"}
    nora.post(f"{PAGE}service/", typed)
    answer = enter("emre").post(f"{PAGE}service/", typed)
    assert answer.status_code == 422
    assert "is out of service already" in text(answer)
