"""System checks fleet.E001…: a wrong setting stops the start and names its remedy."""

from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from fleet import env

TAG = "settings"  # long-running commands run these checks alone: the others would load every page


@register(TAG)
def environment(**_kwargs: Any) -> list[CheckMessage]:
    """fleet.E001: a setting in the environment could not be read."""
    return [
        Error(f"{name} is {seen}", hint=f"{remedy[0].upper()}{remedy[1:]}.", id="fleet.E001")
        for name, seen, remedy in env.problems
    ]


@register(TAG)
def secret_key(**_kwargs: Any) -> list[CheckMessage]:
    """fleet.E002: no secret key, or one that can be guessed."""
    if len(settings.SECRET_KEY) >= 32:
        return []
    seen = "not set" if settings.SECRET_KEY == "unset" else f"{len(settings.SECRET_KEY)} characters long"
    return [
        Error(
            f"SECRET_KEY is {seen}",
            hint="Set SECRET_KEY (or SECRET_KEY_FILE) to at least 32 random characters.",
            id="fleet.E002",
        )
    ]


@register(TAG)
def time_zone(**_kwargs: Any) -> list[CheckMessage]:
    """fleet.E003: the time zone for display is not one that this machine knows."""
    if settings.DISPLAY_TIME_ZONE in available_timezones():
        ZoneInfo(settings.DISPLAY_TIME_ZONE)
        return []
    return [
        Error(
            f"TIME_ZONE is {settings.DISPLAY_TIME_ZONE!r}, which is no time zone",
            hint="Set TIME_ZONE to an IANA name, such as Europe/Berlin.",
            id="fleet.E003",
        )
    ]


@register(TAG)
def required_roles(**_kwargs: Any) -> list[CheckMessage]:
    """fleet.E004: a second factor is asked of a role that there is not, so of nobody."""
    from fleet.access.models import Role

    unknown = sorted(settings.MFA_REQUIRED_ROLES - set(Role.values))
    return [
        Error(
            f"MFA_REQUIRED_ROLES names {name!r}, which is no role",
            hint=f"Give some of {', '.join(Role.values)}.",
            id="fleet.E004",
        )
        for name in unknown
    ]


@register(TAG)
def direct_path(**_kwargs: Any) -> list[CheckMessage]:
    """fleet.E005: dispatch is to take stops that go past the database, and has no way to the broker for them."""
    if settings.DIRECT_LISTEN is None or settings.DIRECT_MQTT_URL:
        return []
    return [
        Error(
            "DIRECT_LISTEN is set, and DIRECT_MQTT_URL is not",
            hint="Set DIRECT_MQTT_URL to mqtt://_direct:password@host:1883, and name _direct in MQTT_SERVER_ACCOUNTS.",
            id="fleet.E005",
        )
    ]
