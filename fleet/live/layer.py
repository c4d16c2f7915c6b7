"""The channel layer, which reads a message to many sockets once.

A group's message reaches every socket of this process as the same bytes, and each would decode them for itself:
with 20 viewers of one wall that was a quarter of the web's work.  What is decoded is shared, so nobody may change it.
"""

from collections import deque
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

_REMEMBERED = 16  # messages; sockets take them in turns, and are seldom further apart


class SharedRedisLayer(RedisPubSubChannelLayer):
    """channels_redis's pubsub layer with a short memory of what it decoded."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._decoded: deque[tuple[bytes, Any]] = deque(maxlen=_REMEMBERED)

    def deserialize(self, message: bytes) -> Any:
        """Return the message, which must not be changed; it is known again by its very bytes object."""
        for known, decoded in self._decoded:
            if known is message:
                return decoded
        decoded = super().deserialize(message)
        self._decoded.append((message, decoded))
        return decoded
