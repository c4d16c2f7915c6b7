"""The clock of the house: Celery's application.  Due times live in the database; a beat only says "look"."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, before_task_publish

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fleet.settings")

app = Celery("myofleet")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    ["fleet", "fleet.safety", "fleet.control", "fleet.paging", "fleet.rollouts", "devices"]
)


@beat_init.connect
def _sign_ticks(**_kwargs: Any) -> None:
    """Beat touches no database: what it says of itself travels with each tick, and the worker writes it down."""
    from devices.store.pulses import about  # once the apps are loaded

    before_task_publish.connect(lambda headers, **_: headers.update(beat=about()), weak=False)
