"""What a second of telemetry says of what the current is set to.  Pure."""

from typing import Final

from devices.wire.commands import Args, Lower

SETTING_MA: Final = 0.05  # settings are told with one or two decimals


def is_lowered(args: Args, set_ma: tuple[float, ...]) -> bool:
    """Whether each channel that was named is set to what was asked for, or less."""
    if not isinstance(args, Lower):
        return False
    if args.channel is None:
        return all(one <= args.to_ma + SETTING_MA for one in set_ma)
    return args.channel <= len(set_ma) and set_ma[args.channel - 1] <= args.to_ma + SETTING_MA
