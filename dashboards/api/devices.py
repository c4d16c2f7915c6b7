"""GET devices, and what one device said: records, ledger, trace."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from pydantic import Field

from dashboards.api import schemas
from dashboards.api.auth import asker, visible_device, visible_devices, visible_site
from dashboards.api.params import (
    Blank,
    Moment,
    Number,
    Page,
    Storable,
    Text,
    Whole,
    answered,
    cursor_of,
    listed,
)
from dashboards.api.problems import Problem, wrong_parameter
from devices import queries, traces
from devices.models import Device
from fleet import flows

MAX_POINTS = 10_000
DEFAULT_POINTS = 1_000
LONGEST_TRACE = timedelta(days=92)
DEFAULT_TRACE = timedelta(hours=1)
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)  # no device is older, and no arithmetic leaves the calendar

router = Router(tags=["devices"])


class Asked(Schema):
    """Filters; all that are given must hold."""

    site: Annotated[Text, Field(description="slug")] = None
    room: Text = None
    tag: Text = None
    link: Annotated[schemas.Link | None, Blank] = None
    state: Annotated[schemas.State | None, Blank] = None
    q: Annotated[Text, Field(description="part of the serial, name, room or model")] = None


class Part(Schema):
    """Which records."""

    boot: Annotated[Number, Field(description="only this boot; default: all, from the oldest on")] = None
    after_seq: Annotated[Number, Field(description="only beyond this `seq` of `boot`")] = None


class Range(Schema):
    """Which part of a trace, and how fine."""

    from_: Annotated[Moment, Field(alias="from", description="default: an hour before `to`")] = None
    to: Annotated[Moment, Field(description="default: now")] = None
    points: Annotated[int | None, Field(ge=1, le=MAX_POINTS), Whole, Blank] = DEFAULT_POINTS


@router.get(
    "/devices", response=schemas.Page[schemas.Device], operation_id="listDevices", summary="Devices now"
)
def list_devices(request: HttpRequest, asked: Query[Asked], page: Query[Page]) -> HttpResponse:
    """Devices in service at the sites you see, by serial."""
    if asked.site is not None:
        visible_site(request, asked.site)
    devices = queries.DeviceFilter(**asked.dict()).of(queries.in_service(visible_devices(request)))
    after = page.after(str, of="devices")
    if after is not None:
        devices = devices.filter(serial__gt=after[0])
    found = queries.device_objects(devices.order_by("serial")[: page.limit + 1], timezone.now())
    items = found[: page.limit]
    return listed(items, cursor_of(items[-1]["serial"], of="devices") if len(found) > page.limit else None)


@router.get("/devices/{serial}", response=schemas.Device, operation_id="getDevice", summary="One device now")
def get_device(request: HttpRequest, serial: str) -> HttpResponse:
    """Also one that is out of service: its history stays readable."""
    device = visible_device(request, serial)
    [found] = queries.device_objects(Device.objects.filter(pk=device.pk), timezone.now())
    return answered(found)


class Ended(Schema):
    """Why an identity conflict is over."""

    reason: Annotated[
        str, Field(min_length=3, max_length=200, examples=["RX-1003 was cloned; the copy is off"]), Storable
    ]


@router.post(
    "/devices/{serial}/end-conflict",
    response=schemas.Device,
    operation_id="endConflict",
    summary="One device speaks under this serial again",
)
def end_conflict(request: HttpRequest, serial: str, ended: Ended) -> HttpResponse:
    """For an engineer who has seen to it.  409 if the device is in no conflict."""
    device = visible_device(request, serial, verb="end_conflict")
    if not flows.end_conflict(actor=asker(request), device=device, reason=ended.reason, now=timezone.now()):
        raise Problem(409, _("%(serial)s is in no identity conflict.") % {"serial": serial})
    [found] = queries.device_objects(Device.objects.filter(pk=device.pk), timezone.now())
    return answered(found)


@router.get(
    "/devices/{serial}/records",
    response=schemas.Page[schemas.Record],
    operation_id="listRecords",
    summary="Stored records, oldest first",
)
def list_records(
    request: HttpRequest,
    serial: str,
    page: Query[Page],
    asked: Query[Part],
) -> HttpResponse:
    """Telemetry and events in the order the device gave them out: by boot, then by seq."""
    device = visible_device(request, serial)
    boot, after_seq = asked.boot, asked.after_seq
    if after_seq and boot is None:
        raise wrong_parameter("after_seq", _("`boot` beside it expected: each boot counts from 1"), after_seq)
    after = page.after(int, int, of="records") or (-1 if boot is None else boot, after_seq or 0)
    found = queries.records(device, after=(after[0], after[1]), boot=boot, limit=page.limit + 1)
    items = found[: page.limit]
    for item in items:
        item["body"] = msgspec.Raw(item["body"])
    last = items[-1] if len(found) > page.limit else None
    return listed(items, cursor_of(last["boot"], last["seq"], of="records") if last else None)


@router.get(
    "/devices/{serial}/ledger",
    response=schemas.Page[schemas.LedgerEntry],
    by_alias=True,
    operation_id="getLedger",
    summary="What became of every record",
)
def get_ledger(request: HttpRequest, serial: str, page: Query[Page]) -> HttpResponse:
    """One entry a boot, lowest first."""
    device = visible_device(request, serial, verb="see_ledger")
    after = page.after(int, of="ledger") or (-1,)
    found = queries.ledger(device, after_boot=after[0], limit=page.limit + 1)
    items = found[: page.limit]
    return listed(items, cursor_of(items[-1]["boot"], of="ledger") if len(found) > page.limit else None)


@router.get(
    "/devices/{serial}/trace",
    response=schemas.Trace,
    by_alias=True,
    operation_id="getTrace",
    summary="Currents, electrodes, battery and temperature over time",
)
def get_trace(request: HttpRequest, serial: str, asked: Query[Range]) -> HttpResponse:
    """Columnar, at most `points` points; the least and greatest sample of each interval are exact."""
    device = visible_device(request, serial)
    now = timezone.now()
    high = asked.to or now
    low = asked.from_ or max(high, EARLIEST) - DEFAULT_TRACE
    if low >= high:
        raise wrong_parameter("from", _("a moment before `to` (%(to)s) expected") % {"to": high}, str(low))
    if high - low > LONGEST_TRACE:
        expected = _("at most %(days)d days before `to` expected") % {"days": LONGEST_TRACE.days}
        raise wrong_parameter("from", expected, str(low))
    return answered(traces.trace(device, low=low, high=high, points=asked.points or DEFAULT_POINTS, now=now))
