"""Lists in parts: each item once, in order, to the end."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from dashboards.api import examples, protocol_examples, rollout_examples
from devices.models import Device, Ledger, Reject, Session
from devices.moments import to_ms
from devices.wire.messages import ProtocolRef
from fleet.access.models import AuditEntry, Membership, Role
from fleet.control import service as control
from fleet.protocols import service as protocols
from fleet.protocols.models import Version
from fleet.rollouts.models import Decision, Target
from fleet.safety import service
from fleet.safety.signals import Key, Rise
from fleet.safety.words import Priority
from tests.dashboards import rolled
from tests.dashboards.api.ward import Get, Ward
from tests.devices import history

LONG_OVER = timedelta(minutes=10)  # what became of a stop of just now is another thing a second later


def _devices(ward: Ward) -> None:
    Device.objects.bulk_create(Device(serial=f"P-{number}", site=ward.north) for number in range(4))


def _records(ward: Ward) -> None:
    for boot in (6, 7):
        messages = [history.telemetry(seq, boot=boot) for seq in range(1, 4)]
        history.store_telemetry(ward.running, ward.now, messages, received_at=ward.now, rolled_up=False)
        history.store_event(
            ward.running, ward.now, history.event(4, "session_paused", boot=boot), received_at=ward.now
        )


def _ledgers(ward: Ward) -> None:
    for boot in (0, 3, 5, 8, 2**53 - 1):
        Ledger.objects.create(device=ward.running, boot=boot, first_seq=1, stored=[(1, 9)])


def _sessions(ward: Ward) -> None:
    for number in range(5):  # two of them at one moment
        at = ward.now - timedelta(seconds=number // 2)
        Session.objects.create(
            device=ward.running, session=f"S-{number}", boot=7, last_at=at, last_up_ms=number
        )


def _rejects(ward: Ward) -> None:
    for number in range(5):
        at = ward.now - timedelta(seconds=number // 2)
        Reject.objects.create(
            at=at, hour=at, serial="EMS-0001", device=ward.running, topic="t", reason="json", excerpt=b"{"
        )


def _deeds(ward: Ward) -> None:
    for number in range(5):
        AuditEntry.objects.create(actor_name="ada", action="token.made", site=ward.north, subject=f"{number}")


def _alerts(ward: Ward) -> None:
    for number in range(5):
        _raise(ward, number, number // 2)


def _commands(ward: Ward) -> None:
    for number in range(5):  # two of them at one moment
        _ask(ward, number // 2)


def _ask(ward: Ward, ago_s: int) -> None:
    control.ask(
        actor=None, device=ward.running, verb="pause", args={}, now=ward.now - timedelta(seconds=ago_s)
    )


def _stops(ward: Ward) -> None:
    for number in range(5):
        asked_at = ward.now - LONG_OVER - timedelta(seconds=number // 2)
        control.stop_site(actor=None, site=ward.north, now=asked_at)


def _raise(ward: Ward, channel: int, ago_s: int) -> None:
    at = ward.now - timedelta(seconds=ago_s)
    news = Rise(
        Key("electrode_off", ward.running.pk, channel + 1), to_ms(at), Priority.MEDIUM, facts={"ma": 34.0}
    )
    service.take([news], ward.now)


def _protocols(ward: Ward) -> None:
    for number in range(5):
        _write(ward, f"P-{number}")


VERSION = f"protocols/{protocol_examples.DOCUMENT['id']}/versions/1/devices"


def _holders(ward: Ward) -> None:
    writer = User.objects.create(username="clinician")
    Membership.objects.create(user=writer, site=ward.north, role=Role.CLINICIAN)
    protocols.create(actor=writer, document=protocol_examples.DOCUMENT, now=ward.now)
    for number in range(5):
        _holder(ward, f"P-{number}")


def _holder(ward: Ward, serial: str) -> None:
    version = Version.objects.get()
    device = Device.objects.create(serial=serial, site=ward.north)
    ref = ProtocolRef(id=version.protocol_id, version=version.number, sha256=version.sha256)
    history.say(device, ward.now, protocol=ref)


def _write(ward: Ward, name: str) -> None:
    writer, _made = User.objects.get_or_create(username="clinician")
    Membership.objects.get_or_create(user=writer, site=ward.north, role=Role.CLINICIAN)
    protocols.create(actor=writer, document={"id": name}, now=ward.now)


ROLLOUT = rollout_examples.ROLLOUT_ID


def _rollouts(ward: Ward) -> None:
    for number in range(5):  # two of them at one moment
        at = ward.now - timedelta(seconds=number // 2)
        rolled.write([(ward.running, "planned", "")], now=at)


def _targets(ward: Ward) -> None:
    serials = [f"P-{number}" for number in range(5)]
    devices = [Device.objects.create(serial=serial, site=ward.north) for serial in serials]
    rolled.write([(one, "planned", "") for one in devices], id=ROLLOUT)


def _decisions(ward: Ward) -> None:
    rolled.write([(ward.running, "planned", "")], id=ROLLOUT)
    for number in range(5):
        _decide(ward, number + 1)


def _decide(ward: Ward, number: int) -> None:
    Decision.objects.create(rollout_id=ROLLOUT, number=number, at=ward.now, kind="paused", to="paused")


LISTS = {
    "alerts": (_alerts, 5),
    "commands": (_commands, 5),
    "stops": (_stops, 5),
    "devices": (_devices, 7),
    "devices/EMS-0001/records": (_records, 8),
    "devices/EMS-0001/ledger": (_ledgers, 5),
    "sessions": (_sessions, 5),
    "rejects": (_rejects, 5),
    "audit": (_deeds, 5),
    "protocols": (_protocols, 5),
    VERSION: (_holders, 5),
    "rollouts": (_rollouts, 5),
    f"rollouts/{ROLLOUT}/targets": (_targets, 5),
    f"rollouts/{ROLLOUT}/decisions": (_decisions, 5),
}
lists = pytest.mark.parametrize("path", LISTS)


def _reader(path: str) -> str:
    return "admin" if path == "audit" else "nurse"


def test_these_are_all_the_lists_there_are(get: Get) -> None:
    document = get("openapi.json", None).json()
    paged = {
        path.removeprefix("/api/v1/").format(
            serial="EMS-0001", rollout_id=ROLLOUT, protocol_id=protocol_examples.DOCUMENT["id"], number=1
        )
        for path, operations in document["paths"].items()
        for parameter in operations.get("get", {}).get("parameters", [])
        if parameter["name"] == "cursor"
    }
    assert paged == set(LISTS)


@lists
@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_every_item_comes_once_and_in_order(get: Get, ward: Ward, path: str, limit: int) -> None:
    fill, count = LISTS[path]
    fill(ward)
    whole = get(path, _reader(path)).json()["items"]
    assert len(whole) == count
    items: list[Any] = []
    cursor = None
    while True:
        page = get(path, _reader(path), limit=limit, cursor=cursor).json()
        assert 0 < len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [_named(one) for one in items] == [_named(one) for one in whole]


@lists
def test_what_is_added_meanwhile_moves_nothing_that_is_still_to_come(get: Get, ward: Ward, path: str) -> None:
    """No item twice, none left out of those that were there when the reading began."""
    LISTS[path][0](ward)
    before = [_named(one) for one in get(path, _reader(path)).json()["items"]]
    first = get(path, _reader(path), limit=2).json()
    _add(ward, path)
    rest = get(path, _reader(path), cursor=first["next"]).json()
    walked = [_named(one) for one in first["items"] + rest["items"]]
    assert [one for one in walked if one in before] == before
    assert rest["next"] is None


def _add(ward: Ward, path: str) -> None:
    """Something newer, or elsewhere in the order, than all there is."""
    later = ward.now + timedelta(seconds=5)
    match path:
        case one if one.startswith("rollouts"):
            _add_rollout(ward, path)
        case "alerts":
            _raise(ward, 9, -5)
        case "commands":
            _ask(ward, -5)
        case "stops":
            control.stop_site(actor=None, site=ward.north, now=later)
        case one if one.startswith("protocols"):
            (_write if one == "protocols" else _holder)(ward, "AAA-0")
        case "devices":
            Device.objects.create(serial="AAA-0", site=ward.north)
        case "devices/EMS-0001/records":
            history.store_event(ward.running, ward.now, history.event(1, "x", boot=2), received_at=ward.now)
        case "devices/EMS-0001/ledger":
            Ledger.objects.create(device=ward.running, boot=1, first_seq=1, stored=[(1, 9)])
        case "sessions":
            Session.objects.create(device=ward.running, session="new", boot=8, last_at=later, last_up_ms=1)
        case "rejects":
            Reject.objects.create(
                at=later,
                hour=later,
                serial="EMS-0001",
                device=ward.running,
                topic="t",
                reason="json",
                excerpt=b"",
            )
        case "audit":
            AuditEntry.objects.create(actor_name="ada", action="token.made", site=ward.north, subject="y")


def _add_rollout(ward: Ward, path: str) -> None:
    later = ward.now + timedelta(seconds=5)
    if path == "rollouts":
        rolled.write([(ward.running, "planned", "")], now=later)
    elif path.endswith("/decisions"):
        _decide(ward, 6)
    else:
        device = Device.objects.create(serial="AAA-0", site=ward.north)
        turn = {"wave": 1, "place": 9, "want_sha256": rolled.SHA, "joined_at": later}
        Target.objects.create(rollout_id=ROLLOUT, device=device, **turn)


@lists
def test_a_cursor_that_was_changed_or_is_another_lists_is_refused_by_name(
    get: Get, ward: Ward, path: str
) -> None:
    LISTS[path][0](ward)
    cursor = get(path, _reader(path), limit=1).json()["next"]
    changed = [cursor[:n] + ("A" if one != "A" else "B") + cursor[n + 1 :] for n, one in enumerate(cursor)]
    foreign = [one for name, one in examples.CURSORS.items() if OPERATIONS[name] != path]
    for wrong in (*changed, cursor[:-1], cursor + "A", cursor[:-1] + "=", *foreign):
        answer = get(path, _reader(path), cursor=wrong)
        assert answer.status_code == 422, wrong
        assert [one["parameter"] for one in answer.json()["errors"]] == ["cursor"]


OPERATIONS = {
    "listAlerts": "alerts",
    "listCommands": "commands",
    "listStops": "stops",
    "listDevices": "devices",
    "listRecords": "devices/EMS-0001/records",
    "getLedger": "devices/EMS-0001/ledger",
    "listSessions": "sessions",
    "listRejects": "rejects",
    "listAudit": "audit",
    "listProtocols": "protocols",
    "listProtocolDevices": VERSION,
    "listRollouts": "rollouts",
    "listRolloutTargets": f"rollouts/{ROLLOUT}/targets",
    "listRolloutDecisions": f"rollouts/{ROLLOUT}/decisions",
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_cursors_of_the_description_are_good_ones(get: Get, ward: Ward, operation: str) -> None:
    path = OPERATIONS[operation]
    if ROLLOUT in path or path == VERSION:
        LISTS[path][0](ward)
    assert get(path, _reader(path), cursor=examples.CURSORS[operation]).status_code == 200


def _named(item: dict[str, Any]) -> dict[str, Any]:
    """Without what moves between two requests."""
    return {name: value for name, value in item.items() if name != "age_ms"}


def test_a_page_that_ends_with_the_list_says_so(get: Get) -> None:
    assert get("devices", limit=3).json()["next"] is None


def test_records_can_be_followed_within_one_boot_by_cursor_or_by_seq(get: Get, ward: Ward) -> None:
    _records(ward)
    page = get("devices/EMS-0001/records", boot=6, after_seq=1, limit=2).json()
    assert [one["seq"] for one in page["items"]] == [2, 3]
    rest = get("devices/EMS-0001/records", boot=6, limit=2, cursor=page["next"]).json()
    assert [(one["boot"], one["seq"]) for one in rest["items"]] == [(6, 4)]
    assert rest["next"] is None


def test_filters_hold_on_every_page(get: Get, ward: Ward) -> None:
    _devices(ward)
    page = get("devices", q="P-", limit=3).json()
    rest = get("devices", q="P-", limit=3, cursor=page["next"]).json()
    assert [one["serial"] for one in page["items"] + rest["items"]] == ["P-0", "P-1", "P-2", "P-3"]


def test_a_cursor_opens_nothing_that_its_reader_may_not_see(get: Get, ward: Ward) -> None:
    cursor = get("devices", "nurse", limit=1).json()["next"]
    assert [one["serial"] for one in get("devices", "stranger", cursor=cursor).json()["items"]] == [
        "EMS-0100"
    ]
