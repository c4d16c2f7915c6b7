"""Lay what a batch needs on the desk, and clear away what a failed batch touched."""

from collections.abc import Iterable

from devices.batch.desk import Desk, Heard
from devices.store import ledgers, states
from devices.wire.messages import Ack, Event, Status

_MOST_BOOKS = 128  # of one device on the desk; beyond, all of it is laid anew


def lay(desk: Desk, heard: Iterable[Heard], numbered: Iterable[tuple[int, int, int, int]] = ()) -> None:
    """Read what is not there yet: states and books of the devices, and older boots that are spoken of."""
    numbered = list(numbered)
    devices = {one.device_id for one in heard} | {one[0] for one in numbered}
    for device_id in devices:
        if len(desk.books.get(device_id, ())) > _MOST_BOOKS:
            del desk.books[device_id]
    fresh = [device_id for device_id in devices if device_id not in desk.states]
    if fresh:
        desk.states |= states.load(fresh)
    fresh = [device_id for device_id in devices if device_id not in desk.books]
    if fresh:
        desk.books |= ledgers.load(fresh)
    boots = {key for key in _boots(heard) if key[1] not in desk.books[key[0]]}
    boots |= {(one[0], one[1]) for one in numbered if one[1] not in desk.books[one[0]]}
    if boots:
        for book in ledgers.load_boots(boots):
            desk.books[book.device_id][book.boot] = book


def _boots(heard: Iterable[Heard]) -> Iterable[tuple[int, int]]:
    """Every (device, boot) that a batch speaks of."""
    for one in heard:
        message = one.message
        if isinstance(message, Ack):
            continue
        yield one.device_id, message.boot
        if isinstance(message, Status):
            for span in message.buffered:
                yield one.device_id, span.boot
        elif isinstance(message, Event) and message.data:
            for said in (message.data.get("of"), message.data):
                if isinstance(said, dict) and type(said.get("boot")) is int:
                    yield one.device_id, said["boot"]


def clear(desk: Desk, devices: Iterable[int]) -> None:
    """Forget these devices: what the database holds is read again."""
    for device_id in devices:
        desk.states.pop(device_id, None)
        desk.books.pop(device_id, None)
