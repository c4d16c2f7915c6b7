"""A page notices that it is of an older build than the server it meets."""

import pytest

from dashboards.live import build


@pytest.mark.parametrize(
    "part",
    ["consumers.py", "templates/dashboards/wall.html", "static/dashboards/js/tile.js", "words/faces.py"],
)
def test_a_page_is_of_another_build_when_any_of_its_parts_is(part: str) -> None:
    assert build.FOLDER / part in build.parts()
