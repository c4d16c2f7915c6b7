"""CSV files as people make them: each bad row is named, and no good one is lost beside it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.enrolment import Problem, Row, UnreadableFile, find_problem, parse_csv, tags_of

HEADER = "serial,site,room,name,model,uplink,tags,risk_class"
FULL = Row(
    serial="EMS-1", site="north", room="Gym 2", name="Left, leg", model="RX-4", uplink="ap3",
    tags=("knee", "rehab"), risk_class="IIb", line=2,
)  # fmt: skip


def parsed(text, **options):
    return parse_csv(text.encode(), **options)


def test_a_full_row_is_read():
    rows, problems = parsed(f'{HEADER}\nEMS-1,north,Gym 2,"Left, leg",RX-4,ap3,knee|rehab,IIb\n')
    assert (rows, problems) == ([FULL], [])


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte-order mark"])
@pytest.mark.parametrize("first", ["", "sep=;\r\n"], ids=["no sep", "sep="])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
def test_a_file_saved_by_excel_is_read(mark, first, end):
    lines = [
        f"{HEADER.replace(',', ';')};;",
        "EMS-1;north;Gym 2;Left, leg;RX-4;ap3;knee rehab;IIb;;",
        ";;;;",
        "",
    ]
    rows, problems = parsed(mark + first + end.join(lines))
    assert problems == []
    assert [row.serial for row in rows] == ["EMS-1"]
    assert rows[0].name == "Left, leg"
    assert rows[0].tags == ("knee", "rehab")


def test_columns_may_come_in_any_order_and_case_and_most_may_be_missing():
    rows, problems = parsed(" Site ,SERIAL\nnorth,EMS-1\n")
    assert (rows, problems) == ([Row(serial="EMS-1", site="north", line=2)], [])


def test_a_short_row_leaves_the_columns_at_its_right_empty():
    rows, _problems = parsed(f"{HEADER}\nEMS-1,north\n")
    assert rows == [Row(serial="EMS-1", site="north", line=2)]


def test_rows_that_name_no_site_take_the_one_of_the_run():
    rows, problems = parsed("serial,site\nEMS-1,\nEMS-2,south\n", default_site="north")
    assert [row.site for row in rows] == ["north", "south"]
    assert parsed("serial\nEMS-1\n", default_site="north")[0][0].site == "north"
    assert problems == []


@pytest.mark.parametrize(
    "line,seen,remedy",
    [
        ("EMS 2,north", "'EMS 2'", "letters, digits"),
        ("_ingest,north", "'_ingest'", "beginning with a letter or digit"),
        ("EMS/2,north", "'EMS/2'", "letters"),
        ("EMS+2,north", "'EMS\\+2'", "letters"),
        (",north", "serial ''", "letters"),
        ("E" * 65 + ",north", "EEE", "1 to 64"),
        ("EMS-2,", "no site", "slug"),
        ("EMS-1,north", "EMS-1 is on line 2 already", "remove one"),
        ('EMS-2,north,"Gym', "cannot be read", "close every quote"),
        ("EMS-2,north,Gym,Left, leg,RX-4,ap3,knee,IIb,more", "10 values for 8 columns", "quotes"),
        ("EMS-2,north,Gym\x00", "room 'Gym.x00'", "retype"),
        ("EMS-2,north,Gym\u202e1", "room 'Gym.u202e1'", "retype"),
        ("EMS-2,north," + "r" * 65, "room has 65 characters", "shorten it to 64"),
        ("EMS-2,north,,,,," + "t" * 65, "tags has 65 characters", "shorten"),
        ("EMS-2,north,,,,," + " ".join(map(str, range(33))), "33 tags", "at most 32"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_the_good_ones_beside_it_are_kept(line, seen, remedy):
    rows, [problem] = parsed(f"{HEADER}\nEMS-1,north\n\n{line}\nEMS-9,north\n")
    assert [row.serial for row in rows] == ["EMS-1", "EMS-9"]
    assert problem.line == 4
    assert re.search(seen, problem.seen)
    assert re.search(remedy, problem.remedy)


def test_a_row_that_is_no_utf8_is_a_bad_row_and_spoils_no_other():
    content = f"{HEADER}\nEMS-1,north,B\u00fcro\n".encode() + b"EMS-2,north,B\xfcro\nEMS-3,north\n"
    rows, [problem] = parse_csv(content)
    assert [(row.serial, row.room) for row in rows] == [("EMS-1", "Büro"), ("EMS-3", "")]
    assert (problem.line, "CSV UTF-8" in problem.remedy) == (3, True)
    str(problem).encode()  # can be printed


@pytest.mark.parametrize(
    "content,seen",
    [
        (b"", "empty"),
        (b"\n \n;;\n", "empty"),
        (f"{HEADER}\nEMS-1,north\n".encode("utf-16"), "UTF-16"),
        (b"EMS-1,north\n", "'ems-1'.*not known"),
        (b"serial,site,rom\nEMS-1,north,Gym\n", "'rom' is not known; nothing was enrolled"),
        (b"serial,site,,room\nEMS-1,north,,Gym\n", "empty.* is not known"),
        (b"serial,room\nEMS-1,Gym\n", "'site' is missing"),
        (b"serial,site,room,Room\nEMS-1,north,a,b\n", "'room' is there twice"),
    ],
)
def test_a_file_whose_columns_cannot_be_told_is_refused_whole(content, seen):
    with pytest.raises(UnreadableFile, match=seen):
        parse_csv(content)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_nothing_but_rows_problems_or_an_unreadable_file_comes_out(noise):
    try:
        rows, problems = parse_csv(b"serial,site,room\n" + noise)
    except UnreadableFile:
        return
    assert all(find_problem(row) is None for row in rows)
    assert len({row.serial for row in rows}) == len(rows)
    for problem in problems:
        str(problem).encode()


def test_a_problem_reads_as_one_line_for_people():
    assert str(Problem(7, "serial 'x y'", "mend it")) == "line 7: serial 'x y'; mend it"
    assert str(Problem(0, "serial 'x y'", "mend it")) == "serial 'x y'; mend it"


def test_tags_are_parted_by_what_people_use_and_each_is_kept_once():
    assert tags_of(" knee|rehab, knee;ward  3 ") == ("knee", "rehab", "ward", "3")
