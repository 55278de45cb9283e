from __future__ import annotations

import pytest

from iso15118.exi import codec, generated, interpreter


@pytest.fixture(params=[generated, interpreter], ids=["generated", "interpreter"])
def backend(request, monkeypatch):
    """Each spelling of the codec in turn; what one does, the other does."""
    monkeypatch.setattr(codec, "read_element", request.param.read_element)
    monkeypatch.setattr(codec, "write_element", request.param.write_element)
    return request.param
