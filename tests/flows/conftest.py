"""A house that the tests of one module share: each takes devices of its own."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from fleet.embedded import debian
from tests.harness import House


@pytest.fixture(scope="module")
def make_shared_house(test_root: Path) -> Iterator[Callable[..., House]]:
    """A factory of houses that live as long as the module's tests: `make_shared_house(env=…, devices=…)`."""
    try:
        debian.broker()
    except RuntimeError as error:
        pytest.skip(str(error))
    with ExitStack() as stack:

        def make(**options: Any) -> House:
            var = Path(tempfile.mkdtemp(prefix="flow-", dir=test_root))
            stack.callback(shutil.rmtree, var, ignore_errors=True)
            var.chmod(0o711)  # the servers' own account must pass, when we are root
            return stack.enter_context(House(var, **options))

        yield make
