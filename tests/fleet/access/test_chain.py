"""The record can be added to, and nothing else; what the database's owner changes all the same shows."""

import io
import json
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from fleet.access import chain, service
from fleet.access.models import AuditEntry, AuditLink

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def three(nurse, north):
    for serial in ("EMS-1", "EMS-2", "EMS-3"):
        service.record(nurse, "command.stop", site=north, subject=serial, why="trial", number=1.5)


def as_owner(*statements):
    """What only the owner of the tables can do: switch the triggers off, and write."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in ("access_auditentry", "access_auditlink"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)
        for table in ("access_auditentry", "access_auditlink"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER access_audit_stays_whole")


def test_each_entry_is_chained_to_the_one_before(three):
    links = list(AuditLink.objects.all())
    assert [link.number for link in links] == [1, 2, 3]
    previous = chain.START
    for link in links:
        assert link.hash == chain.hash_of(previous, link.content)
        assert json.loads(link.content)["subject"] == link.entry.subject
        previous = link.hash
    assert chain.verify() == chain.Whole(3, previous)


def test_an_empty_record_is_whole(db):
    assert chain.verify() == chain.Whole(0, chain.START)


def test_a_deed_that_is_undone_leaves_no_link(nurse):
    with transaction.atomic():
        service.record(nurse, "command.stop")
        transaction.set_rollback(True)
    assert not AuditLink.objects.exists()


@pytest.mark.parametrize("model", [AuditEntry, AuditLink])
def test_nothing_on_record_is_changed_or_removed_through_django(model, three):
    one = model.objects.first()
    for attempt in (
        lambda: model.objects.update(**{"subject" if model is AuditEntry else "content": "x"}),
        lambda: model.objects.all().delete(),
        lambda: model.objects.filter(pk=one.pk)._raw_delete("default"),
        one.delete,
        one.save,
    ):
        with pytest.raises(DatabaseError, match="stays as it was written"), transaction.atomic():
            attempt()
    assert chain.verify().links == 3


@pytest.mark.parametrize("table", ["access_auditentry", "access_auditlink"])
def test_the_record_is_not_emptied_at_once(table, three):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER access_audit_stays_whole")
        with pytest.raises(DatabaseError, match="stays as it was written"), transaction.atomic():
            cursor.execute(f"TRUNCATE {table} CASCADE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER access_audit_stays_whole")
    assert chain.verify().links == 3


def test_nobody_but_the_database_makes_a_link(three):
    with pytest.raises(DatabaseError, match="by the database alone"), transaction.atomic():
        AuditLink.objects.create(number=9, entry_id=99, content="{}", hash="0" * 64)


def test_a_user_and_a_site_may_go_and_what_they_did_stays(three, nurse, north):
    nurse.delete()
    north.delete()
    assert chain.verify().links == 3
    assert set(AuditEntry.objects.values_list("actor_name", flat=True)) == {"alice"}


@pytest.mark.parametrize(
    "statement,number,why",
    [
        (
            "UPDATE access_auditentry SET subject = 'EMS-9' WHERE subject = 'EMS-2'",
            2,
            "its entry was changed",
        ),
        ("UPDATE access_auditlink SET content = '{}' WHERE number = 2", 2, "does not follow"),
        ("DELETE FROM access_auditentry WHERE subject = 'EMS-2'", 2, "its entry is gone"),
        ("DELETE FROM access_auditlink WHERE number = 2", 3, "does not follow"),
        ("DELETE FROM access_auditlink WHERE number = 3", 3, "is not in the chain"),
    ],
)
def test_what_the_owner_of_the_database_changes_is_named(statement, number, why, three):
    as_owner(statement)
    found = chain.verify()
    assert isinstance(found, chain.Broken)
    assert found.number == number
    assert why in found.why


def test_a_chain_made_anew_or_cut_off_does_not_fit_a_hash_noted_elsewhere(three):
    whole = chain.verify()
    as_owner(
        "DELETE FROM access_auditlink WHERE number = 3",
        "DELETE FROM access_auditentry WHERE subject = 'EMS-3'",
    )
    assert chain.verify().links == 2
    found = chain.verify(noted=(whole.links, whole.head))
    assert isinstance(found, chain.Broken)
    assert "cut off" in found.why
    found = chain.verify(noted=(2, "0" * 64))
    assert isinstance(found, chain.Broken)
    assert "made anew" in found.why


def test_many_at_once_make_one_chain_and_block_nobody(nurse):
    """Each of them also holds a row of its own while it records, as services do."""

    def work(number):
        try:
            for _ in range(10):
                with transaction.atomic():
                    service.record(nurse, "command.stop", subject=f"EMS-{number}")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert chain.verify().links == 60


def test_an_exported_piece_is_checked_without_the_database(three, tmp_path):
    lines = [link.as_line() for link in chain.links(since=None, before=None)]
    assert chain.verify_lines(lines) == chain.verify()
    assert chain.verify_lines(lines[1:]).links == 3
    assert chain.verify_lines([lines[0], lines[2]]).number == 3
    forged = lines[1].replace("EMS-2", "EMS-9")
    assert chain.verify_lines([lines[0], forged, lines[2]]).number == 2
    assert chain.verify_lines(["{}"]).number == 1


def test_a_piece_holds_every_entry_of_its_time(three):
    now = timezone.now()
    assert len(list(chain.links(since=now - timedelta(minutes=1), before=now))) == 3
    assert list(chain.links(since=now, before=None)) == []


def test_the_shell_says_whether_the_record_is_whole_and_names_what_is_not(three, tmp_path):
    out = io.StringIO()
    call_command("audit", "verify", stdout=out)
    head = chain.verify().head
    assert f"note the last one elsewhere: 3:{head}" in out.getvalue()
    call_command("audit", "verify", "--noted", f"3:{head}", stdout=out)
    exported = io.StringIO()
    call_command("audit", "export", "--from", "2020-01-01", stdout=exported, stderr=io.StringIO())
    file = tmp_path / "audit.jsonl"
    file.write_text(exported.getvalue())
    call_command("audit", "verify", "--file", str(file), stdout=out)
    assert AuditEntry.objects.filter(action="audit.exported").exists()
    as_owner("UPDATE access_auditentry SET actor_name = 'charlie' WHERE subject = 'EMS-1'")
    with pytest.raises(CommandError, match="breaks at link 1: its entry was changed"):
        call_command("audit", "verify", stdout=out)


def test_the_program_in_the_docs_checks_an_export(three):
    page = Path("docs/access.md").read_text()
    program = next(part for part in page.split("```python\n")[1:] if "hashlib" in part).split("```")[0]
    lines = [link.as_line() for link in chain.links(since=None, before=None)]

    def outcome(given):
        return subprocess.run(
            [sys.executable, "-c", program],
            input="\n".join(given),
            text=True,
            capture_output=True,
            check=False,
        ).returncode

    assert outcome(lines) == 0
    assert outcome([lines[0], lines[2]]) == 1
    assert outcome([lines[0], lines[1].replace("EMS-2", "EMS-9")]) == 1
