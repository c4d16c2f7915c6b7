"""WebSocket addresses."""

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from django.urls import path, re_path

from dashboards.consumers import NOT_FOUND, LiveConsumer


async def nothing_here(_scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Any other address is refused, not an error of ours."""
    await receive()
    await send({"type": "websocket.close", "code": NOT_FOUND, "reason": "no such address"})


websocket_urlpatterns = [path("ws/v1/live", LiveConsumer.as_asgi()), re_path("", nothing_here)]  # type: ignore[arg-type]
