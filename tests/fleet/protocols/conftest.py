"""Fixtures of protocols.  What needs Django is imported late: it may not be set up yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fleet.protocols.clinic import Clinic


@pytest.fixture
def clinic(db: None) -> Clinic:
    from tests.fleet.protocols import clinic

    return clinic.furnish()
