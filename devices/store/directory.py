"""Who is enrolled: serial → device, and which names are accounts of the broker."""

import time

from devices.models import BrokerAccount, Device

_AGAIN_S = 1.0


class Directory:
    """Read whole, and again when a name is asked for that is not in it, at most once a second."""

    def __init__(self) -> None:
        self._devices: dict[str, int] = {}
        self._accounts: frozenset[str] = frozenset()
        self.sites: dict[int, int] = {}
        """device → site."""
        self.serials: dict[int, str] = {}
        self._read_at = -_AGAIN_S

    def device_of(self, serial: str) -> int | None:
        found = self._devices.get(serial)
        if found is None and time.monotonic() - self._read_at >= _AGAIN_S:
            self.refresh()
            found = self._devices.get(serial)
        return found

    def site_of(self, device_id: int) -> int | None:
        return self.sites.get(device_id)

    def is_account(self, name: str) -> bool:
        return name in self._accounts

    def refresh(self) -> None:
        rows = list(Device.objects.values_list("serial", "id", "site_id"))
        self._devices = {serial: id_ for serial, id_, _site in rows}
        self.serials = {id_: serial for serial, id_, _site in rows}
        self.sites = {id_: site for _serial, id_, site in rows}
        self._accounts = frozenset(
            BrokerAccount.objects.filter(revoked_at__isnull=True).values_list("username", flat=True)
        )
        self._read_at = time.monotonic()
