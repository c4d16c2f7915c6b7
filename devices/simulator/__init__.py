"""A swarm of stimulators that do not exist, speaking the real contract.

`muscle`, `electrode`, `battery`, `thermal` and `patient` are pure physics and behaviour on NumPy arrays
over the whole swarm: axis 0 is the device, axis 1 the channel.  Time steps and random generators are
arguments.
"""
