"""The server's own presence on the broker: `ems/v1/_server/status`."""

import time

import structlog

from devices.mqtt.client import Message
from devices.mqtt.link import Link, Will
from devices.wire import codec
from devices.wire.errors import WireError
from devices.wire.messages import ServerStatus
from devices.wire.topics import SERVER_STATUS

log = structlog.get_logger(__name__)

EVERY_S = 30.0
FRESH_MS = 60_000
_LISTEN_S = 1.0  # for the retained copy of another server, before saying that we are the one


class Presence:
    """Says `online` after each connect, every 30 s, and at once when it reads `offline` while it runs.

    `other` names a second server that is online on this broker: one broker serves one server.
    """

    def __init__(self, server_id: str) -> None:
        self.server_id = server_id
        self.other: str | None = None
        self._said: tuple[int, float] = (0, 0.0)
        self._contradicted = False

    def will(self) -> Will:
        return Will(SERVER_STATUS, self._payload("offline"))

    def read(self, message: Message) -> None:
        """Take in what stands on the server's topic (link thread)."""
        try:
            said = codec.decode_server_status(message.payload)
        except WireError as error:
            log.warning("the server's own topic holds nonsense; saying online anew", error=error.detail)
            self._contradicted = True
            return
        age_ms = time.time_ns() // 1_000_000 - said.t
        if said.server != self.server_id:
            if said.state == "online" and abs(age_ms) < FRESH_MS:
                self.other = said.server
        elif said.state == "offline":
            self._contradicted = True

    def tick(self, link: Link) -> None:
        """Say that we are online, when it is time."""
        if link.connected_at is None or self.other is not None:
            return
        now = time.monotonic()
        epoch, said_at = self._said
        is_new = epoch != link.epoch and now - link.connected_at >= _LISTEN_S
        if is_new or (epoch == link.epoch and (self._contradicted or now - said_at >= EVERY_S)):
            self._contradicted = False
            self._said = (link.epoch, now)
            link.publish(SERVER_STATUS, self._payload("online"), retain=True)

    def goodbye(self, link: Link) -> None:
        """Say that we are going, so that devices keep what they have."""
        if self.other is None:
            link.publish(SERVER_STATUS, self._payload("offline"), retain=True)

    def _payload(self, state: str) -> bytes:
        t_ms = time.time_ns() // 1_000_000
        return codec.encode(ServerStatus(state=state, server=self.server_id, t=t_ms))  # type: ignore[arg-type]
