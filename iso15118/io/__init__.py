"""The only ``await``, the only sockets, the only wall clock; ``endpoint`` joins codec, framing and session without any."""
