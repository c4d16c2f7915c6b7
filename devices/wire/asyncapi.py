"""The AsyncAPI 3 document: channels and operations as a device sees them."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from .topics import DOWN, PREFIX, SERIAL_PATTERN, SERVER_STATUS, UP


class _Channel(NamedTuple):
    address: str
    action: str  # `send` or `receive`, as the device does
    retained: bool
    qos: int
    messages: tuple[str, ...]
    summary: str


_SUMMARY: Final[dict[str, str]] = {
    "status": "birth on every connect, within 500 ms of a change, and as a heartbeat; the will",
    "telemetry": "one message a second while a session is open, up to 100 samples a channel inside",
    "event": "something happened at an instant",
    "ack": "the answer to a command",
    "command": "one command, never retained",
    "watermark": "what the server has stored for good, so that the device may forget it",
}


def _device_channel(kind: str) -> _Channel:
    return _Channel(
        address=f"{PREFIX}/{{serial}}/{kind}",
        action="send" if kind in UP else "receive",
        retained=kind == "status",
        qos=0 if kind == "watermark" else 1,
        messages=("status", "will") if kind == "status" else (kind,),
        summary=_SUMMARY[kind],
    )


CHANNELS: Final[dict[str, _Channel]] = {kind: _device_channel(kind) for kind in (*UP, *DOWN)} | {
    "server_status": _Channel(
        SERVER_STATUS, "receive", True, 1, ("server_status",), "whether the server takes records"
    )
}


def document(schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the document around self-contained message schemas, by message name."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Myofleet wire contract",
            "version": "1.0.0",
            "description": "What a muscle stimulator and the server say to each other over MQTT, as the "
            "device sees it. The rules that no schema can hold are in wire.md.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {name: _channel(channel) for name, channel in CHANNELS.items()},
        "operations": {f"{channel.action}_{name}": _operation(name) for name, channel in CHANNELS.items()},
        "components": {
            "messages": {name: _message(name, schema) for name, schema in schemas.items() if _is_sent(name)},
            "schemas": {name: _at_home(schema, name) for name, schema in schemas.items()},
            "securitySchemes": {"account": {"type": "userPassword", "description": _ACCOUNT}},
        },
    }


_ACCOUNT: Final = (
    "User name = client id = the serial number. Each device has its own password, and an ACL that lets it "
    "write its own status, telemetry, event and ack, and read its own command and watermark and the server's "
    "status."
)


def _server() -> dict[str, Any]:
    return {
        "host": "broker.example:8883",
        "protocol": "secure-mqtt",
        "protocolVersion": "3.1.1",
        "description": "MQTT 3.1.1, or 5 where the device has it; TLS 1.2 or newer, certificate checked.",
        "security": [{"$ref": "#/components/securitySchemes/account"}],
        "bindings": {
            "mqtt": {
                "cleanSession": True,
                "keepAlive": 30,
                "lastWill": {"topic": f"{PREFIX}/{{serial}}/status", "qos": 1, "retain": True},
                "bindingVersion": "0.2.0",
            }
        },
    }


def _channel(channel: _Channel) -> dict[str, Any]:
    content: dict[str, Any] = {
        "address": channel.address,
        "description": channel.summary,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in channel.messages},
    }
    if "{serial}" in channel.address:
        content["parameters"] = {"serial": {"description": f"the serial number, {SERIAL_PATTERN}"}}
    return content


def _operation(name: str) -> dict[str, Any]:
    channel = CHANNELS[name]
    content: dict[str, Any] = {
        "action": channel.action,
        "channel": {"$ref": f"#/channels/{name}"},
        "summary": channel.summary,
        "messages": [{"$ref": f"#/channels/{name}/messages/{message}"} for message in channel.messages],
        "bindings": {"mqtt": {"qos": channel.qos, "retain": channel.retained, "bindingVersion": "0.2.0"}},
    }
    if name == "command":
        content["reply"] = {
            "channel": {"$ref": "#/channels/ack"},
            "messages": [{"$ref": "#/channels/ack/messages/ack"}],
        }
    return content


def _message(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {
        "name": name,
        "title": schema["title"],
        "summary": schema["description"],
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{name}"},
    }
    if name in ("command", "ack"):
        content["correlationId"] = {"location": "$message.payload#/id"}
    return content


def _is_sent(name: str) -> bool:
    return any(name in channel.messages for channel in CHANNELS.values())


def _at_home(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """The schema with its references as they are inside this document."""
    text = json.dumps(schema, ensure_ascii=False)
    home: dict[str, Any] = json.loads(text.replace('"#/$defs/', f'"#/components/schemas/{name}/$defs/'))
    return home
