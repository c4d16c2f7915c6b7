"""Response headers that every page carries."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class ContentSecurityPolicy:
    """Only our own files run and style a page; nothing written into a page does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        host = request.META.get("HTTP_HOST", "")
        # Older browsers do not count our own WebSocket as 'self'.
        sockets = f" {'wss' if request.is_secure() else 'ws'}://{host}" if response.status_code != 400 else ""
        response.headers.setdefault(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
            f"connect-src 'self'{sockets}; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'",
        )
        return response
