"""Board temperature of the swarm: a first-order lag towards ambient plus what the losses heat.

The resistance of 30 K/W gives the 5 to 15 °C above ambient that portable stimulators show in use, and is a
guess, like the limits of 45 °C (warn) and 60 °C (shut down), which are common for such devices.  Arrays:
(devices,).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

WARN_C, SHUT_C = 45.0, 60.0
KELVIN_PER_W = 30.0
TIME_CONSTANT_S = 600.0
COOL, WARM, SHUT = range(3)
CHARGING_W = 0.25  # losses of the charger


def step(temp_c: Array, *, dt_s: float, ambient_c: ArrayLike, losses_w: ArrayLike) -> Array:
    """Return the temperatures after `dt_s` of any length, °C.

    Args:
        temp_c: Now, °C.
        ambient_c: Around the device, °C.
        losses_w: What stays in the case: idle power, the high-voltage stage's losses, charging, a fault.
    """
    goal = np.asarray(ambient_c, dtype=float) + KELVIN_PER_W * np.asarray(losses_w, dtype=float)
    return np.asarray(goal + (temp_c - goal) * np.exp(-dt_s / TIME_CONSTANT_S))


def level(temp_c: ArrayLike) -> NDArray[np.int8]:
    """Return COOL, WARM (warn from 45 °C) or SHUT (from 60 °C)."""
    return np.asarray(np.digitize(np.asarray(temp_c, dtype=float), [WARN_C, SHUT_C]), dtype=np.int8)
