"""WebSocket addresses."""

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from django.urls import path, re_path

from dashboards.alert_consumer import AlertsConsumer
from dashboards.consumers import LiveConsumer
from dashboards.live.sockets import NOT_FOUND


async def nothing_here(_scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Any other address is refused, not an error of ours."""
    await receive()
    await send({"type": "websocket.close", "code": NOT_FOUND, "reason": "no such address"})


websocket_urlpatterns = [
    path("ws/v1/live", LiveConsumer.as_asgi()),
    path("ws/v1/alerts", AlertsConsumer.as_asgi()),
    re_path("", nothing_here),  # type: ignore[arg-type]
]
