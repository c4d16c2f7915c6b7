"""Every page that a person can reach by following links, as the server renders it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from devices.models import Ledger, Reject, Session
from tests.dashboards.api.ward import Ward
from tests.devices import history

FOOT = "The device's own alarm and stop come first"
MOST_PAGES = 300  # a page for each rule, among others
# A moment as pages write it, or as the database does; durations such as 1:02 are something else.
MOMENT = re.compile(
    r"\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b|\b20\d\d-\d\d-\d\d\b|\b\d\d:\d\d:\d\d\b"
)
_NOT_READ = {"time", "script", "style", "title", "pre", "code", "textarea", "template"}
PEOPLE = ("engineer", "admin", "stranger")  # a nurse sees no page that an engineer does not


@dataclass
class Read(HTMLParser):
    """What a page holds: its links, its words outside `<time>`, its tags, its moments (their text under "")."""

    links: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    times: list[dict[str, str | None]] = field(default_factory=list)
    _inside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "a" and given.get("href") and "template" not in self._inside:
            self.links.append(str(given["href"]))
        if tag == "time":
            self.times.append(given | {"": ""})
        if tag in _NOT_READ:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.words.append(data)
        elif self._inside[-1] == "time":
            self.times[-1][""] = f"{self.times[-1]['']}{data}"


@pytest.fixture
def lived_in(ward: Ward) -> Ward:
    """Something of everything, so that no page is only its empty state."""
    start = ward.now - timedelta(seconds=60)
    history.store_telemetry(
        ward.running, start, [history.telemetry(n) for n in (1, 2, 9)], received_at=ward.now, rolled_up=True
    )
    history.store_event(ward.running, start, history.event(4, "session_paused"), received_at=ward.now)
    Ledger.objects.create(device=ward.running, boot=7, first_seq=1, stored=[(1, 2), (9, 9)], dropped=[(3, 3)])
    for device in (ward.running, ward.foreign):
        Session.objects.update_or_create(
            device=device,
            session=history.SESSION,
            defaults={
                "boot": 7, "started_at": start, "started_up_ms": 0, "last_at": ward.now, "last_up_ms": 60_000,
            },
        )  # fmt: skip
    Reject.objects.create(
        at=ward.now,
        hour=ward.now,
        serial="EMS-0001",
        device=ward.running,
        topic="t",
        reason="json",
        excerpt=b"{",
    )
    return ward


def pages_of(client: Client) -> Iterator[tuple[str, HttpResponse, Read | None]]:
    """Yield each address that links lead to from the first page, with its answer; each path once or twice."""
    waiting, seen = ["/"], {"/": 1}
    while waiting:
        address = waiting.pop(0)
        answer = client.get(address, follow=True)
        read = None
        if answer["Content-Type"].startswith("text/html"):
            read = Read()
            read.feed(answer.content.decode())
            for link in read.links:
                whole = urldefrag(urljoin(address, link)).url
                parts = urlsplit(whole)
                if not parts.scheme and parts.path.startswith("/") and seen.get(whole) is None:
                    times = sum(1 for one in seen if urlsplit(one).path == parts.path)
                    if times < 2 and not parts.path.startswith(("/static/", "/admin/")):  # filters of a list
                        seen[whole] = 1
                        waiting.append(whole)
        assert len(seen) < MOST_PAGES, "links lead on without an end"
        yield address, answer, read


@pytest.mark.parametrize("who", PEOPLE)
def test_every_link_leads_to_a_page_with_its_foot_and_moments_in_a_zone(
    lived_in: Ward, client: Client, who: str
) -> None:
    client.force_login(User.objects.get(username=who))
    wrong: list[str] = []
    paths = set()
    for address, answer, read in pages_of(client):
        paths.add(urlsplit(address).path)
        if answer.status_code != 200:
            wrong.append(f"{address}: {answer.status_code}")
        elif read is not None:
            wrong += [f"{address}: {one}" for one in _complaints(answer.content.decode(), read)]
    assert not wrong, "\n".join(wrong)
    assert {"/", "/devices/", "/sessions/", "/help/", "/account/"} <= paths


def _complaints(page: str, read: Read) -> Iterator[str]:
    words = " ".join("".join(read.words).split())
    if FOOT not in words:
        yield "has no foot"
    if read.tags.count("h1") != 1:
        yield f"has {read.tags.count('h1')} h1"
    if "lang=" not in page[:300] or "<title>" not in page:
        yield "has no language or no title"
    for one in read.words:
        if re.search(r"{{|{%|\bundefined\b|\bNaN\b", one) or one.strip() in {"None", "True", "False", "null"}:
            yield f"shows the code behind it: {one.strip()[:80]!r}"
    for found in MOMENT.finditer(words):
        yield f"a moment without its zone: …{words[max(0, found.start() - 40) : found.end() + 20]}…"
    for one in read.times:
        is_age = not MOMENT.search(str(one[""]))  # "3 min ago" is the same in every zone
        if not is_age and (not one.get("datetime") or "UTC" not in str(one.get("title"))):
            yield f"a moment without UTC on hover: {one}"
