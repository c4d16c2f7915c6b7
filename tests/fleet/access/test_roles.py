"""The table of roles, spelled out cell by cell: this page is what was asked for, `roles.py` what we built."""

from itertools import product
from pathlib import Path

import pytest

from fleet.access.models import Role
from fleet.access.roles import MAY, allows

EXPECTED = """
verb                  nurse clinician coach engineer admin
see                   yes   yes       yes   yes      yes
see_ledger            yes   yes       yes   yes      yes
see_rejects           yes   yes       yes   yes      yes
see_unknown_rejects   -     -         -     -        yes
see_audit             -     -         -     -        yes
see_system            -     -         -     yes      yes
stop                  yes   yes       yes   yes      yes
pause                 yes   yes       yes   yes      yes
lower                 yes   yes       yes   yes      yes
identify              yes   yes       yes   yes      yes
acknowledge           yes   yes       yes   yes      yes
lock                  yes   yes       -     yes      -
unlock                yes   yes       -     yes      -
rebirth               -     -         -     yes      -
apply_protocol        -     -         -     -        -
withdraw              -     -         -     -        -
enrol                 -     -         -     yes      -
end_conflict          -     -         -     yes      -
write_protocol        -     yes       -     -        -
approve_protocol      -     yes       -     -        -
write_rollout         -     -         -     yes      -
approve_rollout       -     yes       -     -        -
shelve                yes   yes       yes   yes      -
close_alert           yes   yes       yes   yes      -
out_of_service        yes   yes       -     yes      -
take_care             yes   yes       yes   -        -
take_technical        -     -         -     yes      -
manage_telling        -     -         -     yes      yes
write_rule            -     -         -     yes      -
shelve_beyond_shift   -     -         -     yes      -
manage_people         -     -         -     -        yes
manage_site           -     -         -     -        yes
manage_tokens         -     -         -     -        yes
manage_displays       -     -         -     -        yes
"""
HEADER, *LINES = [line.split() for line in EXPECTED.strip().splitlines()]
CELLS = {
    (verb, role): cell == "yes"
    for verb, *cells in LINES
    for role, cell in zip(HEADER[1:], cells, strict=True)
}


@pytest.mark.parametrize("verb,role", CELLS, ids="-".join)
def test_each_role_may_do_what_its_cell_says(verb, role):
    assert allows(Role(role), verb) is CELLS[verb, role]


def test_every_cell_of_the_table_is_asked_for():
    assert set(CELLS) == set(product(MAY, Role.values))


def test_a_verb_that_is_not_in_the_table_is_a_mistake_of_ours_and_never_allowed():
    with pytest.raises(KeyError):
        allows(Role.ADMIN, "increase")


def test_the_table_that_people_read_is_the_same():
    lines = Path("docs/access.md").read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| | nurse"))
    assert [cell.strip() for cell in lines[start].split("|")[2:-1]] == HEADER[1:]
    shown = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        first, *cells = line.split("|")[1:-1]
        verb = first.split("`")[1]
        shown |= {(verb, role): cell.strip() == "yes" for role, cell in zip(HEADER[1:], cells, strict=True)}
    assert shown == CELLS
