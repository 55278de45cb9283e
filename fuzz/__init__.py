"""Fuzzing of everything a peer's octets reach first; `make fuzz KEY=DC` runs it. Not shipped."""
