"""Two people at the same moment: numbers are given once, and what is decided is decided once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from fleet.protocols import service
from fleet.protocols.models import Protocol, Version
from tests.fleet.protocols import clinic as clinics
from tests.fleet.protocols.clinic import NOON, document


def together(*deeds: Callable[[], Any]) -> list[Any]:
    """Do these at the same moment, each over a connection of its own; return what came of each."""
    start = Barrier(len(deeds))

    def one(deed: Callable[[], Any]) -> Any:
        try:
            start.wait(60)
            return deed()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(one, deeds))


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_two_numbers_and_one_decision() -> None:
    clinic = clinics.furnish()

    def post(who: User) -> Callable[[], Version]:
        return lambda: service.create(actor=who, document=document(), now=NOON)

    made = together(post(clinic.ada), post(clinic.ben))
    assert sorted(one.number for one in made) == [1, 2]
    assert Protocol.objects.count() == 1

    draft = next(one for one in made if one.number == 2)
    edits = together(
        *(
            lambda who=who, title=title: service.edit(
                actor=who, version=draft, document=document(title=title), rev=1, now=NOON
            )
            for who, title in ((clinic.ada, "A"), (clinic.ben, "B"))
        )
    )
    assert sorted(isinstance(one, service.Edited) for one in edits) == [False, True]

    version = clinic.submitted("ada", id="shoulder")
    decided = together(
        lambda: clinic.approve(version, "ben"),
        lambda: service.reject(actor=clinic.cem, version=version, reason="too strong", now=NOON),
    )
    assert sorted(isinstance(one, service.NotNow) for one in decided) == [False, True]
