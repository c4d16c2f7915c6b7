"""The web process: HTTP and WebSocket through daphne."""

import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fleet.settings")
os.environ.setdefault("DATABASE_POOL", "20")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()  # first: the imports below need the apps

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from dashboards.direct import DirectStop  # noqa: E402
from dashboards.in_time import InTime  # noqa: E402
from dashboards.live.sockets import Doorkeeper  # noqa: E402
from dashboards.routing import websocket_urlpatterns  # noqa: E402
from dashboards.system.heart import HEART, Counted  # noqa: E402
from fleet.bounds import bound_bodies  # noqa: E402
from fleet.ending import end_in_time  # noqa: E402
from fleet.logs import keep_accesses_clean  # noqa: E402

keep_accesses_clean()
bound_bodies(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)

application = ProtocolTypeRouter(
    {
        "http": DirectStop(InTime(django_application)),
        "websocket": Counted(Doorkeeper(URLRouter(websocket_urlpatterns))),
    }
)
HEART.start()
end_in_time()

# What was loaded stays for good.  A full collection that looks through all of it took 80 ms, from whichever request
# met it; so all pages are loaded now, and left out of collections.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
