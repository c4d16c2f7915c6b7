"""The protocol form's own modules, run by Node."""

from collections.abc import Iterator

import pytest

from tests.dashboards.browser_modules import Ask, asked


@pytest.fixture(scope="session")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    modules = ("words", "steps", "protocol-plan", "protocol-drawing", "protocol-sheet")
    with asked("protocols.mjs", modules, tmp_path_factory.mktemp("modules")) as ask:
        yield ask
