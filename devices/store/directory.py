"""Who is enrolled: serial → device, and which names are accounts of the broker."""

import time

from devices.models import BrokerAccount, Device

_AGAIN_S = 1.0
_MOST_ALONE = 50  # names asked for alone between two reads: a flood of made-up ones costs no more


class Directory:
    """Read whole, and again when a name is asked for that is not in it, at most once a second.

    In between such a name is asked for alone: a device that was enrolled a moment ago is not refused, and is not
    taken for an account without a device.
    """

    def __init__(self) -> None:
        self._devices: dict[str, int] = {}
        self._accounts: frozenset[str] = frozenset()
        self.sites: dict[int, int] = {}
        """device → site."""
        self.serials: dict[int, str] = {}
        self._read_at = -_AGAIN_S
        self._asked: set[str] = set()
        """Names that were asked for alone since the last read."""

    def device_of(self, serial: str) -> int | None:
        found = self._devices.get(serial)
        if found is None:
            if time.monotonic() - self._read_at >= _AGAIN_S:
                self.refresh()
            elif serial not in self._asked and len(self._asked) < _MOST_ALONE:
                self._ask_for(serial)
            found = self._devices.get(serial)
        return found

    def site_of(self, device_id: int) -> int | None:
        return self.sites.get(device_id)

    def is_account(self, name: str) -> bool:
        """Whether there is such an account; ask `device_of` first."""
        return name in self._accounts

    def _ask_for(self, name: str) -> None:
        self._asked.add(name)
        for serial, id_, site in Device.objects.filter(serial=name).values_list("serial", "id", "site_id"):
            self._devices[serial], self.serials[id_], self.sites[id_] = id_, serial, site
        if BrokerAccount.objects.filter(username=name, revoked_at__isnull=True).exists():
            self._accounts |= {name}

    def refresh(self) -> None:
        rows = list(Device.objects.values_list("serial", "id", "site_id"))
        self._devices = {serial: id_ for serial, id_, _site in rows}
        self.serials = {id_: serial for serial, id_, _site in rows}
        self.sites = {id_: site for _serial, id_, site in rows}
        self._accounts = frozenset(
            BrokerAccount.objects.filter(revoked_at__isnull=True).values_list("username", flat=True)
        )
        self._asked.clear()
        self._read_at = time.monotonic()
