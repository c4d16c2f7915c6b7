"""What was asked for past the house survives any death, and is booked once."""

import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from fleet.control.journal import Entry, Journal, Ordered


def entry(device: str | None = "EMS-1", orders: int = 1) -> Entry:
    return Entry(
        id=uuid4(),
        device=device,
        room=None,
        site_id=1,
        user_id=3,
        username="nurse",
        address="10.0.0.1",
        asked_ms=1_763_800_000_000,
        orders=tuple(Ordered(uuid4(), n, f"EMS-{n}") for n in range(orders)),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def died(journal: Journal, path: Path) -> Journal:
    """Return what a process reads that starts after this one was killed."""
    journal.close()
    return Journal(path)


def test_what_was_asked_for_waits_until_it_is_booked_over_any_death(path):
    one, other = entry(), entry(device=None, orders=3)
    journal = Journal(path)
    journal.add(one)
    journal.add(other)
    journal.note_sent(other.orders[1].id, 5)
    journal = died(journal, path)
    assert journal.waiting() == [one, other]
    assert [journal.sent_ms(order.id) for order in other.orders] == [None, 5, None]
    journal.note_booked(one.id)
    journal = died(journal, path)
    assert journal.waiting() == [other]
    assert journal.sent_ms(other.orders[1].id) == 5
    journal.note_booked(other.id)
    assert died(journal, path).waiting() == []


def test_it_is_on_the_disk_before_it_may_be_published(path, monkeypatch):
    flushed = []
    journal = Journal(path)
    monkeypatch.setattr(os, "fsync", lambda file: flushed.append(path.read_bytes()))
    asked = entry()
    journal.add(asked)
    assert str(asked.id).encode() in flushed[-1]


@pytest.mark.parametrize("kept", range(0, 60, 7))
def test_a_line_torn_by_a_power_cut_is_skipped_and_takes_no_other_with_it(path, kept):
    first, torn = entry(), entry()
    journal = Journal(path)
    journal.add(first)
    size = path.stat().st_size
    journal.add(torn)
    os.truncate(path, size + kept)
    journal = died(journal, path)
    assert journal.waiting() == [first]
    later = entry()
    journal.add(later)
    assert died(journal, path).waiting() == [first, later]


def test_a_full_disk_loses_no_stop_that_this_process_knows_and_none_that_comes_after(path, monkeypatch):
    journal = Journal(path)
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, text: write(file, text[:20]))
    lost, later = entry(), entry()
    with pytest.raises(OSError, match="No space left"):
        journal.add(lost)
    assert journal.waiting() == [lost]
    journal.note_sent(lost.orders[0].id, 5)
    assert journal.failed == 1
    monkeypatch.setattr(os, "write", write)
    journal.add(later)
    assert died(journal, path).waiting() == [later]


def test_only_its_owner_reads_it(path):
    journal = Journal(path)
    journal.add(entry())
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_booked_does_not_pile_up(path):
    journal = Journal(path)
    for _ in range(60):
        asked = entry(device=None, orders=400)
        journal.add(asked)
        journal.note_booked(asked.id)
    assert path.stat().st_size < 1_100_000
    assert len(journal) == 0


def test_a_receipt_for_what_is_booked_already_is_no_news(path):
    journal = Journal(path)
    asked = entry()
    journal.add(asked)
    journal.note_booked(asked.id)
    journal.note_sent(asked.orders[0].id, 5)
    assert journal.sent_ms(asked.orders[0].id) is None
    assert journal.get(UUID(int=0)) is None
