"""Fixtures of the API's tests.  What needs Django is imported late: it may not be set up yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.dashboards.api.ward import Get, Ward


@pytest.fixture
def ward(db: None) -> Ward:
    from tests.dashboards.api import ward

    return ward.furnish()


@pytest.fixture
def get(ward: Ward) -> Get:
    from tests.dashboards.api.ward import ask

    return ask
