"""Browser push: an encrypted message by way of the push service of the browser's maker (RFC 8030)."""

import secrets
from datetime import datetime
from functools import cache
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from fleet.paging.channels import doors, http, sealing
from fleet.paging.channels.answer import Answer

_KEEP_S: Final = 3600  # a phone that was off gets it when it is back within this time
_VALID_S: Final = 12 * 3600  # RFC 8292: at most 24 h


def is_set_up() -> bool:
    """Whether this server can push at all."""
    return bool(settings.VAPID_PRIVATE_KEY)


def public_key() -> str:
    """Return the key that a browser subscribes with (`applicationServerKey`); empty: no push is set up."""
    return sealing.encode(sealing.public_bytes(_key(settings.VAPID_PRIVATE_KEY))) if is_set_up() else ""


def send(
    endpoint: str,
    p256dh: str,
    auth: str,
    message: dict[str, Any],
    *,
    topic: str,
    urgent: bool,
    now: datetime,
    seconds: float,
) -> Answer:
    """Push the message and return what came of it.

    Args:
        topic: Of two messages of one topic that wait for a browser, the service delivers the newer only;
            at most 32 characters of base64url.
    """
    try:
        target = doors.parse(endpoint)
        body = sealing.encrypt(
            msgspec.json.encode(message),
            p256dh=sealing.decode(p256dh),
            auth=sealing.decode(auth),
            salt=secrets.token_bytes(16),
            ephemeral=sealing.new_key(),
        )
    except ValueError as error:
        return Answer(taken=False, text=f"the browser's address cannot be used: {error}", final=True)
    headers = {**_signed(target, now), "Urgency": "high" if urgent else "normal", "Topic": topic}
    return http.post(endpoint, body, headers, seconds=seconds)


def _signed(target: doors.Target, now: datetime) -> dict[str, str]:
    return {
        "Authorization": sealing.vapid(
            _key(settings.VAPID_PRIVATE_KEY),
            audience=target.origin,
            expires_s=int(now.timestamp()) + _VALID_S,
            contact=settings.VAPID_CONTACT,
        ),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(_KEEP_S),
    }


@cache
def _key(text: str) -> ec.EllipticCurvePrivateKey:
    return sealing.private_key(text)
