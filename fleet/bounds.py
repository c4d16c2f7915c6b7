"""How much of a request's body the web process takes in.

Daphne keeps a whole body before anybody looks at it, and hands it on in pieces of 8 kB: 60 MB kept it busy for seconds.
What goes beyond the most that is answered (`DATA_UPLOAD_MAX_MEMORY_SIZE`) is read past, and not kept: a browser that is
cut off while it sends shows no answer at all.  `dashboards.middleware.Bounded` refuses such a request by its length.
"""

from typing import Any, Final

from daphne import http_protocol

LENGTH: Final = b"content-length"


def bound_bodies(most_bytes: int) -> None:
    """Let daphne keep at most one byte more than these of a body, and say how long it was."""
    http_protocol.WebRequest = bounded(http_protocol.WebRequest, most_bytes)


def bounded(request_class: Any, most_bytes: int) -> Any:
    """Return daphne's class of requests with that bound."""

    class Bounded(request_class):
        seen_bytes = 0

        def handleContentChunk(self, data: bytes) -> None:
            room = most_bytes + 1 - self.seen_bytes
            self.seen_bytes += len(data)
            if room > 0:
                super().handleContentChunk(data[:room])

        def process(self) -> Any:
            """A body that came in chunks names no length; Django believes nothing else."""
            if self.seen_bytes and not self.requestHeaders.hasHeader(LENGTH):
                self.requestHeaders.setRawHeaders(LENGTH, [b"%d" % self.seen_bytes])
            return super().process()

    return Bounded
