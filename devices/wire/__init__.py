"""The wire contract: what a stimulator and the server say to each other.

Pure: no Django, no MQTT, no clock, no I/O.  `docs/wire.md` says the same in words for device makers.
"""
