"""Our reading inside paho: it leans on private names, which a new release may rename without a word."""

import inspect
import re

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devices.mqtt import client as ours


def test_every_private_name_that_our_client_uses_is_one_of_pahos() -> None:
    known = set(dir(paho.Client(CallbackAPIVersion.VERSION2)))
    own = {"_take", "_unread", "_cut", "_handle"}
    used = set(re.findall(r"\bself\.(_\w+)", inspect.getsource(ours.Client)))
    assert used - own <= known, f"paho has no {sorted(used - own - known)}"
