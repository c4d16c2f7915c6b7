"""One thing about a protocol that somebody has to know.  Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devices.protocols.policy import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """At which field, how serious, what, and the numbers that its text needs (units in their names).

    `path` is that of the value, such as `steps.0.max_ma.1`, counted from 0; blank: the whole document.
    An error keeps a version from being submitted, a warning does not.
    """

    path: str
    severity: Severity
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)
