"""What is sent to a group reaches each socket of a process, and is read once."""

from collections.abc import AsyncIterator

import pytest_asyncio
from channels.layers import get_channel_layer

from fleet.embedded.servers import Servers
from fleet.live.layer import SharedRedisLayer


@pytest_asyncio.fixture
async def layer(servers: Servers) -> AsyncIterator[SharedRedisLayer]:
    layer = get_channel_layer()
    assert isinstance(layer, SharedRedisLayer)
    yield layer
    await layer.flush()


async def test_sockets_of_one_process_share_what_was_read(layer: SharedRedisLayer) -> None:
    sockets = [await layer.new_channel() for _ in range(3)]
    for socket in sockets:
        await layer.group_add("site.1", socket)
    for number in (1, 2):
        await layer.group_send("site.1", {"type": "live.events", "events": {"n": {"number": number}}})
    for number in (1, 2):
        first, *others = [await layer.receive(socket) for socket in sockets]
        assert first["events"] == {"n": {"number": number}}
        assert all(other is first for other in others)


async def test_a_socket_far_behind_the_others_still_gets_every_message(layer: SharedRedisLayer) -> None:
    quick, slow = await layer.new_channel(), await layer.new_channel()
    for socket in (quick, slow):
        await layer.group_add("site.1", socket)
    for number in range(40):
        await layer.group_send("site.1", {"type": "live.events", "events": {"n": {"number": number}}})
        assert (await layer.receive(quick))["events"]["n"]["number"] == number
    assert [(await layer.receive(slow))["events"]["n"]["number"] for _ in range(40)] == list(range(40))
