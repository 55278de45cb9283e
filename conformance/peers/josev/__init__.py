"""Josev (the distribution ``iso15118`` on PyPI) as a peer.

It has our import name, so it lives in a virtual environment of its own and runs in processes of its own:
``peer_evcc.py`` and ``peer_secc.py`` are for its interpreter, everything else for ours.
"""
