"""A deterministic world around the protocol stack: virtual time, battery, power stage, contactors, meter.

Nothing in this package starts a thread, waits, or reads a clock; time arrives as an argument.
"""
