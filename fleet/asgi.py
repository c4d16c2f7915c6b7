"""The web process: HTTP and WebSocket through daphne."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fleet.settings")

from django.core.asgi import get_asgi_application

application = get_asgi_application()
