"""Settings of telling: what cannot work is said at the start, with a remedy."""

import pytest
from django.core.management import call_command

from fleet.paging import checks
from fleet.paging.channels import sealing


def ids(settings, **changed):
    for name, value in changed.items():
        setattr(settings, name, value)
    return [one.id for check in (checks.vapid, checks.networks, checks.lease) for one in check()]


@pytest.mark.parametrize(
    "changed, found",
    [
        ({"VAPID_PRIVATE_KEY": "", "VAPID_CONTACT": "", "TELL_PRIVATE_NETWORKS": []}, []),
        ({"VAPID_PRIVATE_KEY": "abc"}, ["fleet.E010"]),
        ({"VAPID_PRIVATE_KEY": "é"}, ["fleet.E010"]),
        ({"VAPID_PRIVATE_KEY": sealing.encode(bytes(32))}, ["fleet.E010"]),
        ({"VAPID_CONTACT": "ops@example.org"}, ["fleet.E011"]),
        ({"TELL_PRIVATE_NETWORKS": ["10.0.0.0/8", "10.0.0.0/99"]}, ["fleet.E012"]),
        ({"TELL_SECONDS": 30}, ["fleet.E013"]),
    ],
)
def test_a_setting_that_cannot_work_is_found(settings, changed, found):
    assert ids(settings, **changed) == found


def test_a_key_that_was_made_is_a_key(capsys):
    call_command("vapid")
    name, _, key = capsys.readouterr().out.strip().partition("=")
    assert name == "VAPID_PRIVATE_KEY"
    assert sealing.private_text(sealing.private_key(key)) == key
