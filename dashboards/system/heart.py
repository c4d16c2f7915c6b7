"""What the web process can say about itself: its pulse once a second, its figures, and its slow requests."""

import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from devices.rates import Rates
from devices.spells import Round, Watch
from devices.store import pulses, spells
from fleet.metrics import of_this_process

log = structlog.get_logger(__name__)

BEAT_S = 1.0
_SLOW_BY_NATURE = ("POST /login/",)  # a password is meant to take long to try


class Heart:
    """Counts what this process does, and says it.  Safe to be told from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: Counter[str] = Counter()
        self._sockets = 0
        self._rates = Rates()
        self._watch = Watch(settings.SLOW_REQUEST_MS)
        self._thread: threading.Thread | None = None

    def count(self, name: str, by: int = 1) -> None:
        with self._lock:
            self._counters[name] += by

    def socket(self, by: int) -> None:
        """A WebSocket came (1) or went (-1)."""
        with self._lock:
            self._sockets += by

    def request(self, route: str, took_ms: float, database_ms: float) -> None:
        """A request was answered; a slow one is kept by its route, which holds no name and no query."""
        with self._lock:
            self._counters["requests"] += 1
            is_first = self._counters["requests"] == 1  # it loads every page there is
            if took_ms >= self._watch.slow_ms and not is_first and route not in _SLOW_BY_NATURE:
                steps = {"database": round(database_ms), "page": round(took_ms - database_ms)}
                self._watch.note(Round(steps, what=route), time.time_ns() // 1_000_000)

    def detail(self) -> dict[str, Any]:
        """Return counters, gauges and rates as every part tells them."""
        own = of_this_process()
        with self._lock:
            counters = {**own["counters"], **self._counters, "slow_rounds": self._watch.rounds}
            gauges = {**own["gauges"], "sockets_open": self._sockets}
        return {"counters": counters, "gauges": gauges}

    def start(self) -> None:
        """Say once a second that the web lives, as long as it does."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="heart", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        told = ""
        while True:
            try:
                self._beat()
                told = ""
            except DatabaseError as error:
                if type(error).__name__ != told:
                    told = type(error).__name__
                    log.warning("the web's pulse is not written", error=told)
            except Exception:  # without this thread the page would call a living web dead
                log.exception("the web's pulse is not written")
            finally:
                connection.close()  # back into the pool
            time.sleep(BEAT_S)

    def _beat(self) -> None:
        detail = self.detail()
        detail["rates"] = self._rates.of(detail["counters"], time.monotonic())
        pulses.beat("web", timezone.now(), detail)
        with self._lock:
            spell = self._watch.news()
        if spell is not None:
            spells.keep("web", spell)


HEART = Heart()


class Timing:
    """Middleware: how long each request took, and how much of that the database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began_s, spent = time.perf_counter(), [0.0]

        def timed(execute: Callable[..., Any], *args: Any) -> Any:
            at_s = time.perf_counter()
            try:
                return execute(*args)
            finally:
                spent[0] += time.perf_counter() - at_s

        with connection.execute_wrapper(timed):
            response = self.get_response(request)
        if (match := request.resolver_match) is not None:
            took_ms = (time.perf_counter() - began_s) * 1000
            HEART.request(f"{request.method} /{match.route}", took_ms, spent[0] * 1000)
        return response


class Counted:
    """ASGI: how many WebSockets are open, and how many messages they are sent."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def counting(message: Any) -> None:
            if message["type"] == "websocket.send":
                HEART.count("socket_messages")
            await send(message)

        HEART.socket(1)
        try:
            await self.app(scope, receive, counting)
        finally:
            HEART.socket(-1)
