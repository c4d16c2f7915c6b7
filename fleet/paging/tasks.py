"""Time's work of telling: a tick that only plans, and a bell for who sends.

Planning is the worker's that keeps time (queue `safety`), sending the courier's (queue `paging`): its threads begin
with any Celery worker that serves that queue, and look at the outbox by themselves every second.  So neither a long
task in the courier nor a dead beat keeps a message back.
"""

from typing import Any

import structlog
from celery import bootsteps, current_app, shared_task

from fleet.paging import courier

log = structlog.get_logger(__name__)

QUEUE = "paging"
_sender: courier.Courier | None = None


@shared_task(ignore_result=True, expires=2)  # the next one comes after a second: never let them pile up
def plan() -> None:
    """Write down what is to be told by now, and ring for who sends it."""
    if courier.tick().messages:
        try:
            send.apply_async(queue=QUEUE, expires=5, retry=False)
        except OSError as error:  # the courier looks every second anyway
            log.warning("the courier was not rung for", error=str(error))


@shared_task(ignore_result=True)
def send() -> None:
    """Send what is due, now."""
    if _sender is not None:
        _sender.wake()


class Sending(bootsteps.StartStopStep):
    """The courier's threads live as long as a worker that serves the queue `paging`."""

    requires = ("celery.worker.components:Pool",)  # after its processes were forked, if it has any

    def include_if(self, parent: Any) -> bool:
        return QUEUE in parent.app.amqp.queues.consume_from

    def start(self, parent: Any) -> None:
        global _sender
        _sender = courier.Courier()
        _sender.start()

    def stop(self, parent: Any) -> None:
        if _sender is not None:
            _sender.stop()

    terminate = stop


current_app.steps["worker"].add(Sending)
