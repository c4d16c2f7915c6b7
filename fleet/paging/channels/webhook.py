"""Signed webhooks, as the Standard Webhooks specification has them, so that receivers find ready libraries.

`webhook-id` is the same for every try of one message: a receiver that has it already answers 200 and does nothing.
`webhook-timestamp` is of this try: a receiver refuses what is over five minutes old, so nothing can be replayed.
Source: https://www.standardwebhooks.com/ (specification 1.0.0).
"""

import hmac
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec

from fleet.paging.channels import http
from fleet.paging.channels.answer import Answer

PREFIX: Final = "whsec_"


def send(
    url: str, secret: str, message: dict[str, Any], *, id_: str, now: datetime, seconds: float
) -> Answer:
    """Post the message with its signature and return what came of it."""
    body = msgspec.json.encode(message)
    stamp = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Myofleet",
        "webhook-id": id_,
        "webhook-timestamp": stamp,
        "webhook-signature": signature(secret, id_, stamp, body),
    }
    answer = http.post(url, body, headers, seconds=seconds)
    return replace(answer, gone=False)  # a receiver that is being rebuilt is back within minutes


def signature(secret: str, id_: str, stamp: str, body: bytes) -> str:
    """Return the signature: HMAC-SHA256 over id, timestamp and body, joined by full stops."""
    key = b64decode(secret.removeprefix(PREFIX))
    return "v1," + b64encode(hmac.digest(key, f"{id_}.{stamp}.".encode() + body, sha256)).decode()
