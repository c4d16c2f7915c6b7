"""Protocol documents are kept by the hash that devices report."""

import io
import json
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from devices import documents
from devices.models import ProtocolDocument
from devices.simulator.session import built_in
from devices.wire.errors import WireError
from tests.devices.wire import goldens

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHA256 = "2f7d4e14f4cefa30c44755065d870d16b28d0c78bf4d63a6d7b726f38d17ce6a"  # of the golden document


def test_a_document_in_any_spelling_is_kept_under_the_hash_of_its_canonical_form() -> None:
    told = goldens.payload("protocol.quad_strength")
    spelled = json.dumps(json.loads(told), indent=2).encode()
    assert documents.keep(told).sha256 == documents.keep(spelled).sha256 == SHA256
    assert ProtocolDocument.objects.count() == 1
    assert documents.find(SHA256).steps[0].target_ma == (60, 60)


def test_a_document_that_is_not_the_promised_one_is_not_kept() -> None:
    with pytest.raises(WireError, match="expected " + "0" * 64):
        documents.keep(goldens.payload("protocol.quad_strength"), sha256="0" * 64)
    assert not ProtocolDocument.objects.exists()


def test_fields_of_a_newer_contract_are_part_of_the_hash() -> None:
    told = json.loads(goldens.payload("protocol.quad_strength"))
    row = documents.keep(json.dumps({**told, "colour": "blue"}).encode())
    assert row.sha256 != SHA256
    assert json.loads(bytes(row.body))["colour"] == "blue"


@pytest.mark.parametrize("sha256", [None, "", "0" * 64])
def test_what_is_not_kept_is_none(sha256):
    assert documents.find(sha256) is None


@pytest.mark.parametrize("name", sorted(built_in()))
def test_the_simulators_documents_have_the_hash_that_its_devices_report(name):
    protocol = built_in()[name]
    assert documents.keep(protocol.document).sha256 == protocol.sha256


def test_the_command_keeps_good_files_names_bad_ones_and_lists(tmp_path):
    (tmp_path / "good.json").write_bytes(goldens.payload("protocol.quad_strength"))
    (tmp_path / "bad.json").write_text('{"id": "x"}')
    out, err = io.StringIO(), io.StringIO()
    files = [str(tmp_path / name) for name in ("bad.json", "good.json", "none.json")]
    with pytest.raises(CommandError, match="2 of 3 files are not kept"):
        call_command("protocols", "keep", *files, stdout=out, stderr=err)
    assert SHA256 in out.getvalue()
    assert "bad.json: " in err.getvalue()
    assert "none.json: " in err.getvalue()
    listed = io.StringIO()
    call_command("protocols", "list", stdout=listed)
    assert listed.getvalue().startswith(f"quad-strength 3  {SHA256}  Quadriceps")


def test_the_command_says_what_to_do_when_nothing_is_kept_or_named() -> None:
    out = io.StringIO()
    call_command("protocols", "list", stdout=out)
    assert "No protocol document is kept" in out.getvalue()
    with pytest.raises(CommandError, match="name the files"):
        call_command("protocols", "keep")


def test_the_shell_is_no_way_round_four_eyes(tmp_path):
    file = tmp_path / "good.json"
    file.write_bytes(goldens.payload("protocol.quad_strength"))
    with pytest.raises(CommandError, match="invalid choice: 'approve'"):
        call_command("protocols", "approve", str(file))
    assert not ProtocolDocument.objects.exists()


def test_the_list_says_who_approved_and_what_was_withdrawn(tmp_path):
    file = tmp_path / "good.json"
    file.write_bytes(goldens.payload("protocol.quad_strength"))
    call_command("protocols", "keep", str(file), stdout=io.StringIO())
    ProtocolDocument.objects.update(approved_at=NOON, approved_by="ada", withdrawn_at=NOON)
    listed = io.StringIO()
    call_command("protocols", "list", stdout=listed)
    assert "approved by ada; withdrawn" in listed.getvalue()
