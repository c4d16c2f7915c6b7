"""What a second of telemetry says of the current: whether it flows, and what it is set to.  Pure."""

from typing import Final

from devices.wire.commands import Args, Lower
from devices.wire.messages import Telemetry

FLOWS_MA: Final = 0.5  # less is what a measurement reads when nothing flows
SETTING_MA: Final = 0.05  # settings are told with one or two decimals


def newest_current(message: Telemetry) -> int | None:
    """Return when the last of its samples with current in it was taken, ms since boot; None: none has any."""
    least_back = None
    for samples in message.ma:
        for back, ma in enumerate(reversed(samples)):
            if ma > FLOWS_MA:
                least_back = back if least_back is None else min(back, least_back)
                break
    return None if least_back is None else message.up_ms - least_back * message.every_ms


def is_lowered(args: Args, set_ma: tuple[float, ...]) -> bool:
    """Whether each channel that was named is set to what was asked for, or less."""
    if not isinstance(args, Lower):
        return False
    if args.channel is None:
        return all(one <= args.to_ma + SETTING_MA for one in set_ma)
    return args.channel <= len(set_ma) and set_ma[args.channel - 1] <= args.to_ma + SETTING_MA
