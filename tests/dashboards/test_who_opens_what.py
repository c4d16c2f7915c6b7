"""Each page and each path of the API, for each person: as the table of roles says, spelled out row by row.

A page without a row here fails, so that nothing is served that nobody decided about.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver
from django.utils import timezone

from dashboards.api import rollout_examples
from devices.models import Session
from fleet.access import displays, service
from fleet.access.models import AuditEntry, Membership, Role, Token
from fleet.access.queries import digest_of
from fleet.access.roles import allows
from fleet.control import service as control
from fleet.paging.models import Shift, Turn, Webhook
from fleet.safety import service as safety
from fleet.safety.models import Replay
from fleet.safety.signals import Key, Rise
from fleet.safety.words import Priority
from tests.dashboards import prescribed, rolled
from tests.dashboards.api import ward as wards

NORTH = {"nurse", "clinician", "coach", "engineer", "admin"}
# What the API's deeds ask for, all in one: what a deed does not know it passes over.
BODY = (
    '{"reason": "trial", "text": "trial", "minutes": 30, "disposition": "actionable", "to": null, "ids": [ALERT],'
    ' "verb": "stop", "args": {}, "seconds": 10}'
)
_ROLLOUT = json.dumps(rollout_examples.ASKED)
BODIES = {
    "/api/v1/sites/north/identify": "{}",
    "/api/v1/protocols": json.dumps({"id": "elbow"}),
    "/api/v1/protocols/quad/versions/3": json.dumps({"document": {"title": "anew"}}),
    "/api/v1/rollouts": _ROLLOUT,
    "/api/v1/rollouts/preview": _ROLLOUT,
    "/api/v1/rollouts/ROLLOUT": _ROLLOUT,
    **dict.fromkeys(
        (f"/api/v1/rollouts/ROLLOUT/{verb}" for verb in ("submit", "reject", "advance")),
        '{"reason": "trial"}',
    ),
}
"""Of addresses that take no word that they do not know."""
CAPITALS = ("NURSE", "LINK", "TOKEN", "TURN", "HOOK", "SHIFT", "ALERT", "TRIED")
LONG = ("COMMAND", "STOP", "ROLLOUT")  # whose numbers are UUIDs

# Words: `all`: whoever is logged in, about themselves or their sites · `public`: whoever asks ·
# a verb of the table of roles, at the north site (`/site`) or at some site of one's own (`/any`), with what
# others of the site get (403: they may know that it is there; 404: it is about somebody they do not see).
PAGES = """
GET   /                                       all
GET   /sites/north/                           see/site             -
GET   /devices/                               all
GET   /devices.csv                            all
GET   /devices/EMS-0001/                      see/site             -
GET   /devices/EMS-0001/history/              see/site             -
GET   /devices/EMS-0001/recent.json           see/site             -
GET   /devices/EMS-0001/sessions/             see/site             -
GET   /devices/EMS-0001/events/               see/site             -
GET   /devices/EMS-0001/contact/              see/site             -
GET   /devices/EMS-0001/evidence/             see_ledger/site      -
GET   /devices/EMS-0001/credentials/          see/site             -
GET   /devices/EMS-0001/credentials/revoke/   enrol/site           403
GET   /devices/EMS-0001/service/              out_of_service/site  403
POST  /devices/EMS-0001/service/back/         out_of_service/site  403
GET   /devices/EMS-0001/commands/             see/site             -
POST  /devices/EMS-0001/ask/                  see/site             -
GET   /devices/EMS-0001/risk/                 enrol/site           403
GET   /protocols/                             all
GET   /protocols/new/                         write_protocol/any    403
POST  /protocols/new/                         write_protocol/any    403
GET   /protocols/approvals/                   all
GET   /protocols/library/                     all
GET   /protocols/library/4/                   all
POST  /protocols/library/4/                   write_protocol/any   403
GET   /protocols/import/                      write_protocol/any   403
POST  /protocols/import/                      write_protocol/any   403
GET   /protocols/quad/                        see/site             -
GET   /protocols/quad/versions/1/             see/site             -
GET   /protocols/quad/versions/3/edit/        write_protocol/site   403
POST  /protocols/quad/versions/3/edit/        write_protocol/site   403
POST  /protocols/quad/versions/3/submit/      write_protocol/site   403
POST  /protocols/quad/versions/1/next/        write_protocol/site   403
GET   /protocols/quad/versions/2/approve/     approve_protocol/site 403
POST  /protocols/quad/versions/2/approve/     approve_protocol/site 403
POST  /protocols/quad/versions/2/reject/      approve_protocol/site 403
GET   /protocols/quad/versions/1/withdraw/    approve_protocol/site 403
POST  /protocols/quad/versions/1/withdraw/    approve_protocol/site 403
GET   /protocols/quad/versions/1/devices/     see/site             -
GET   /protocols/quad/versions/1/print/       see/site             -
GET   /protocols/quad/versions/1.json         see/site             -
POST  /protocols/quad/versions/1/devices/lock/ see/site            -
POST  /protocols/quad/versions/1/devices/back/ see/site            -
GET   /rollouts/                              all
GET   /rollouts.csv                           all
GET   /rollouts/new/                          write_rollout/any    403
POST  /rollouts/new/                          write_rollout/any    403
GET   /rollouts/ROLLOUT/                      see/site             -
GET   /rollouts/ROLLOUT/edit/                 write_rollout/site   403
GET   /rollouts/ROLLOUT/targets/              see/site             -
GET   /rollouts/ROLLOUT/targets.csv           see/site             -
GET   /rollouts/ROLLOUT/decisions/            see/site             -
POST  /rollouts/ROLLOUT/submit/               write_rollout/site   403
POST  /rollouts/ROLLOUT/start/                write_rollout/site   403
POST  /rollouts/ROLLOUT/reject/               approve_rollout/site 403
GET   /commands/                              all
GET   /commands.csv                           all
GET   /commands/COMMAND/                      see/site             -
POST  /commands/COMMAND/reason/               stop/site            -
GET   /stops/STOP/                            see/site             -
POST  /stops/STOP/reason/                     stop/site            -
GET   /sites/north/stop/                      stop/site            -
POST  /sites/north/stop/                      stop/site            -
POST  /sites/north/identify/                  identify/site        -
GET   /rejects/                               all
GET   /rejects.csv                            all
GET   /sessions/                              all
GET   /sessions.csv                           all
GET   /sessions/EMS-0001/S-1/                 see/site             -
GET   /sessions/EMS-0001/S-1/plot.json        see/site             -
GET   /sessions/EMS-0001/S-1/samples.csv      see/site             -
GET   /alerts/                                all
POST  /alerts/acknowledge/                    all
GET   /alerts/history/                        all
GET   /alerts/history.csv                     all
GET   /alerts/burden/                         all
GET   /alerts/rules/                          all
GET   /alerts/rules/estop/                    all
GET   /sites/north/permit/                    stop/site            -
GET   /sites/north/rules/                     see/site             -
POST  /sites/north/rules/                     write_rule/site      403
GET   /sites/north/rules/tried/TRIED/         see/site             -
GET   /alerts/ALERT/                          see/site             -
GET   /alerts/ALERT/evidence.json             see/site             -
GET   /alerts/ALERT/close/                    close_alert/site     403
GET   /search/                                all
GET   /push-worker.js                          public
GET   /help/                                  all
GET   /system/                                see_system/any       404
GET   /duty/                                  all
GET   /duty/handover/TURN/                    see/site             -
GET   /sites/north/telling/                   see/site             -
GET   /sites/north/telling/high/              manage_telling/site  403
GET   /sites/north/telling/high/default/      manage_telling/site  403
POST  /sites/north/telling/rota/              manage_telling/site  403
GET   /sites/north/telling/rota/SHIFT/remove/ manage_telling/site  403
POST  /sites/north/telling/webhooks/          manage_telling/site  403
POST  /sites/north/telling/webhooks/HOOK/test/ manage_telling/site 403
GET   /sites/north/telling/webhooks/HOOK/revoke/ manage_telling/site 403
GET   /account/telling/                       all
POST  /account/telling/email/                 all
POST  /account/telling/email/forget/          all
POST  /account/telling/email/test/            all
POST  /account/telling/push/                  all
POST  /account/telling/push/1/forget/         all
GET   /people/                                manage_people/any    403
GET   /people.csv                             manage_people/any    403
GET   /people/new/                            manage_people/any    403
GET   /people/NURSE/                          manage_people/site   404
POST  /people/NURSE/name/                     manage_people/site   404
POST  /people/NURSE/email/                    manage_people/site   404
POST  /people/NURSE/role/                     manage_people/site   404
GET   /people/NURSE/role/north/withdraw/      manage_people/site   404
GET   /people/NURSE/password-link/            manage_people/site   404
POST  /people/NURSE/tokens/                   manage_tokens/site   404
GET   /people/NURSE/tokens/TOKEN/revoke/      manage_tokens/site   404
GET   /people/NURSE/end-login/                manage_people/site   404
GET   /account/                               all
POST  /account/name/                          all
GET   /account/password/                      all
GET   /account/confirm/                       all
GET   /account/mfa/                           all
GET   /sites/north/settings/                  manage_site/site     403
GET   /sites/north/displays/                  manage_displays/site 403
GET   /sites/north/displays/LINK/revoke/      manage_displays/site 403
GET   /audit/                                 see_audit/any        403
GET   /audit.csv                              see_audit/any        403
GET   /audit.jsonl                            see_audit/any        403
GET   /display/SECRET/                        public
GET   /healthz                                public
GET   /metrics                                public
GET   /api/v1/openapi.json                    public
GET   /api/v1/docs                            public
GET   /api/v1/devices                         all
GET   /api/v1/devices/EMS-0001                see/site             -
POST  /api/v1/devices/EMS-0001/end-conflict   end_conflict/site    403
GET   /api/v1/devices/EMS-0001/records        see/site             -
GET   /api/v1/devices/EMS-0001/ledger         see_ledger/site      -
GET   /api/v1/devices/EMS-0001/trace          see/site             -
GET   /api/v1/alerts                          all
GET   /api/v1/alerts/metrics                  all
GET   /api/v1/alerts/ALERT                    see/site             -
POST  /api/v1/alerts/acknowledge              acknowledge/site     -
POST  /api/v1/alerts/ALERT/acknowledge        acknowledge/site     -
POST  /api/v1/alerts/ALERT/shelve             shelve/site          403
POST  /api/v1/alerts/ALERT/unshelve           shelve/site          403
POST  /api/v1/alerts/ALERT/close              close_alert/site     403
POST  /api/v1/alerts/ALERT/assign             acknowledge/site     -
POST  /api/v1/alerts/ALERT/comment            acknowledge/site     -
GET   /api/v1/sites/north/permit              stop/site            -
POST  /api/v1/devices/EMS-0001/commands       stop/site            -
GET   /api/v1/devices/EMS-0001/lock           see/site             -
GET   /api/v1/commands                        all
GET   /api/v1/commands/COMMAND                see/site             -
POST  /api/v1/commands/COMMAND/reason         stop/site            -
POST  /api/v1/sites/north/stop                stop/site            -
POST  /api/v1/sites/north/identify            identify/site        -
GET   /api/v1/stops                           all
GET   /api/v1/stops/STOP                      see/site             -
POST  /api/v1/stops/STOP/reason               stop/site            -
GET   /api/v1/sessions                        all
GET   /api/v1/sessions/S-1                    see/site             -
GET   /api/v1/rejects                         all
GET   /api/v1/protocols/library               all
POST  /api/v1/protocols/library/22            write_protocol/any   403
GET   /api/v1/protocols                       all
POST  /api/v1/protocols                       write_protocol/any   403
POST  /api/v1/protocols/check                 all
GET   /api/v1/protocols/quad                  see/site             -
GET   /api/v1/protocols/quad/versions/1       see/site             -
GET   /api/v1/protocols/quad/versions/1/devices see/site           -
PUT   /api/v1/protocols/quad/versions/3       write_protocol/site  403
GET   /api/v1/protocols/quad/versions/2/difference see/site        -
POST  /api/v1/protocols/quad/versions/3/submit write_protocol/site 403
POST  /api/v1/protocols/quad/versions/2/approve approve_protocol/site 403
POST  /api/v1/protocols/quad/versions/2/reject approve_protocol/site 403
POST  /api/v1/protocols/quad/versions/1/withdraw approve_protocol/site 403
GET   /api/v1/rollouts                        all
POST  /api/v1/rollouts                        write_rollout/any    403
POST  /api/v1/rollouts/preview                write_rollout/any    403
GET   /api/v1/rollouts/ROLLOUT                see/site             -
PUT   /api/v1/rollouts/ROLLOUT                write_rollout/site   403
GET   /api/v1/rollouts/ROLLOUT/targets        see/site             -
GET   /api/v1/rollouts/ROLLOUT/decisions      see/site             -
POST  /api/v1/rollouts/ROLLOUT/submit         write_rollout/site   403
POST  /api/v1/rollouts/ROLLOUT/reject         approve_rollout/site 403
POST  /api/v1/rollouts/ROLLOUT/advance        write_rollout/site   403
GET   /api/v1/audit                           see_audit/any        403
"""

ELSEWHERE = """
/readyz                                  open to machines: tests/dashboards/test_health.py
/login/                                  tests/dashboards/test_door.py, as the rest of logging in
/logout/
/login/code/
/login/inactive/
/account/confirm/code/
/account/mfa/totp/activate/
/account/mfa/totp/deactivate/
/account/mfa/recovery-codes/
/account/mfa/recovery-codes/generate/
/account/tokens/                         who may make a token of their own depends on all their sites
/account/tokens/<int:token>/revoke/
/welcome/<str:number>/<str:token>/       a link that carries its own proof
/email/<str:secret>/                     a link that carries its own proof: tests/dashboards/duty
/duty/take/                              forms of the page Duty: tests/dashboards/duty
/duty/note/
/duty/turns/<int:number>/end/            whose turn it is, or who manages the rota: tests/dashboards/duty
/account/telling/push/<int:number>/test/ 404 but for one's own browsers
/new-site/                               superusers only
/audit/check/                            a form of the audit's page
/devices/<str:serial>/envelope.json      404 without such a session, for everybody
/api/v1/                                 an empty root
/^api(?:/|$)                             404 for everybody
/admin/                                  tests/fleet/test_admin.py
"""


@dataclass(frozen=True)
class Row:
    method: str
    address: str
    verb: str
    scope: str
    refused: int

    def expected(self, who: str) -> set[int]:
        """Return the statuses that this person may get; opened pages answer what they like, but no refusal."""
        opened = {200, 201, 202, 302, 409, 422}
        if self.verb == "public":
            return {200}
        if who == "nobody":
            by_scripts = self.address.startswith("/api/") or self.address.endswith("/permit/")
            return {401} if by_scripts else {302}
        if who == "stranger" and self.scope == "site":
            return {404}
        role = Role.NURSE if who == "stranger" else Role(who)
        if self.verb == "all" or allows(role, self.verb):
            return opened
        return {self.refused}


def rows() -> Iterator[Row]:
    for line in PAGES.strip().splitlines():
        method, address, who, *refused = line.split()
        verb, _, scope = who.partition("/")
        yield Row(method, address, verb, scope, int(refused[0]) if refused and refused[0] != "-" else 0)


ROWS = list(rows())


@pytest.fixture
def known(db: None) -> dict[str, str]:
    """What stands for the capitals of an address."""
    ward = wards.furnish()
    for name in ("clinician", "coach"):
        user = User.objects.create(username=name)
        Membership.objects.create(user=user, site=ward.north, role=Role(name))
        ends = ward.now + timedelta(days=1)
        Token.objects.create(user=user, name="t", digest=digest_of(f"token of {name}"), expires_at=ends)
    nurse = User.objects.get(username="nurse")
    link, secret = displays.make_link(actor=None, site=ward.north, name="Gym", now=timezone.now())
    token, _text = service.issue_token(actor=None, user=nurse, name="t", days=1)
    Session.objects.create(device=ward.running, session="S-1", boot=1, last_at=ward.now, last_up_ms=1)
    rise = Rise(Key("estop", ward.running.pk), int(1000 * ward.now.timestamp()), Priority.HIGH)
    tried = Replay.objects.create(
        site=ward.north, day=ward.now.date(), changes={}, asked_at=ward.now, error="no such day"
    )
    [alert] = safety.take([rise], ward.now).alerts
    command = control.ask(actor=nurse, device=ward.running, verb="stop", args={}, now=ward.now)
    for number, state in enumerate(("approved", "submitted", "draft"), start=1):
        prescribed.write(ward.north, number=number, state=state)
    return _telling(ward, nurse) | {
        "NURSE": str(nurse.pk),
        "LINK": str(link.pk),
        "TOKEN": str(token.pk),
        "SECRET": secret,
        "ALERT": str(alert.pk),
        "TRIED": str(tried.pk),
        "COMMAND": str(command.pk),
        "ROLLOUT": str(rolled.write([(ward.running, "planned", "")], state="draft").pk),
        "STOP": str(control.stop_site(actor=nurse, site=ward.north, now=ward.now).pk),
    }


def _telling(ward: wards.Ward, nurse: User) -> dict[str, str]:
    """Somebody's turn, a line of the rota, and a webhook."""
    turn = Turn.objects.create(site=ward.north, duty="care", user=nurse, since=ward.now)
    shift = Shift.objects.create(
        site=ward.north, duty="care", user=nurse, weekday=0, starts=time(7), ends=time(15), first_day=ward.now
    )
    hook = Webhook.objects.create(
        site=ward.north, name="h", url="https://127.0.0.1:1/", secret="whsec_c2VjcmV0", made_at=ward.now
    )
    return {"TURN": str(turn.pk), "SHIFT": str(shift.pk), "HOOK": str(hook.pk)}


def ask(method: str, address: str, body: str, who: str) -> HttpResponse:
    """Ask a page with a login, the API with a token."""
    client = Client()
    if address.startswith("/api/"):
        headers = {} if who == "nobody" else {"Authorization": f"Bearer token of {who}"}
        return client.generic(method, address, body, content_type="application/json", headers=headers)
    if who != "nobody":
        client.force_login(User.objects.get(username=who))
    return client.get(address) if method == "GET" else client.post(address)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.address}")
def test_each_page_opens_for_whom_the_table_of_roles_says_and_for_nobody_else(
    row: Row, known: dict[str, str]
) -> None:
    address, body = row.address, BODIES.get(row.address, BODY)
    for word, value in known.items():
        address, body = address.replace(word, value), body.replace(word, value)
    wrong = {}
    for who in (*sorted(NORTH), "stranger", "nobody"):
        answer = ask(row.method, address, body, who)
        is_door = answer.status_code == 302 and answer["Location"].startswith("/login/")
        if answer.status_code not in row.expected(who) or is_door != (
            who == "nobody" and answer.status_code == 302
        ):
            wrong[who] = answer.status_code
    assert wrong == {}


def addresses(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    for pattern in patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from [here] if here == "/admin/" else addresses(pattern.url_patterns, here)
        else:
            yield here


def test_every_page_has_a_row() -> None:
    decided = {route_of(row.address) for row in ROWS}
    decided |= {line.split()[0].lstrip("/") for line in ELSEWHERE.strip().splitlines()}
    served = {address.lstrip("/") for address in addresses(get_resolver().url_patterns)}
    assert served - decided == set(), "decide who opens these, and write a row"
    assert decided - served == set(), "these are served no more"


def route_of(address: str) -> str:
    for word in LONG:
        address = address.replace(word, str(UUID(int=1)))
    for word in CAPITALS:
        address = address.replace(word, "1")
    try:
        return str(get_resolver().resolve(address).route)
    except Resolver404:
        return address


@pytest.mark.parametrize(
    "address",
    [
        "/devices.csv",
        "/sessions.csv",
        "/rejects.csv",
        "/alerts/history.csv",
        "/commands.csv",
        "/sessions/EMS-0001/S-1/samples.csv",
        "/protocols/quad/versions/1.json",
    ],
)
def test_whatever_leaves_the_house_as_a_file_is_on_record(address: str, known: dict[str, str]) -> None:
    client = Client()
    client.force_login(User.objects.get(username="nurse"))
    stuffing = {"stuffing": "x" * 5_000, "q": "y" * 5_000}  # what is on record stays
    assert client.get(address, {"site": "north"} | stuffing).status_code == 200
    entry = AuditEntry.objects.get(action="data.exported")
    assert (entry.actor_name, entry.detail["address"]) == ("nurse", "127.0.0.1")
    assert entry.detail.get("filters", "site=north") == "site=north"
