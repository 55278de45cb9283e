"""OCPP 2.1 for a bidirectional station: an adapter around the charger ports; nothing else knows OCPP.

All of it is sans-IO, as the sessions are: text in with ``receive(text, now)``, text out with ``take_frames()``, time as
an argument, ``next_timer()`` and ``handle_timer(now)``. Payloads are the wire's own camelCase objects, checked against
the schemas of the ``ocpp`` distribution in both directions. Websockets are in :mod:`iso15118.io.websocket`.
"""

from __future__ import annotations
