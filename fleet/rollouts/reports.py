"""What devices of a rollout report now, beside what became of them in it.

An outcome is of the moment at which it was decided: a device that was timed out may show the version the day after, and
one that was verified may have been given another.
"""

from collections.abc import Collection
from dataclasses import dataclass

from devices.moments import iso
from fleet.rollouts import sight
from fleet.rollouts.models import Target
from fleet.rollouts.sight import Ref, Standing


@dataclass(frozen=True, slots=True)
class Report:
    """What one device said last of its protocol.

    Attributes:
        protocol: None: it says that it has none.
        told_ms: When it said so, Unix ms by the server's clock.
        is_heard: It is heard now, and that was no retained copy; else what it has now is not known.
        is_wanted: It is what the rollout wants of it.
    """

    protocol: Ref | None
    told_ms: int
    is_heard: bool
    is_wanted: bool

    def told(self, now_ms: int) -> dict[str, object]:
        """Return the API's object; the age is ms at `now_ms`."""
        ref = self.protocol
        return {
            "protocol": None if ref is None else {"id": ref.id, "version": ref.version, "sha256": ref.sha256},
            "is_wanted": self.is_wanted,
            "heard": self.is_heard,
            "told_at": iso(self.told_ms),
            "age_ms": max(0, now_ms - self.told_ms),
        }


def of(targets: Collection[Target]) -> dict[int, Report]:
    """Return what these devices report, by the targets' ids; of who has said nothing there is none."""
    known = sight.of([one.device_id for one in targets])
    found = ((one.pk, _report(known.get(one.device_id), one.want_sha256)) for one in targets)
    return {pk: report for pk, report in found if report is not None}


def _report(device: Standing | None, want: str) -> Report | None:
    if device is None or device.says is None or device.said_ms is None:
        return None
    heard = device.is_reachable and device.is_live
    return Report(device.says.protocol, device.said_ms, heard, device.sha256 == want)
