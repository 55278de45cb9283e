from __future__ import annotations

import pytest

from iso15118.exi import compiled
from tests.exi.spellings import running, spelling


@pytest.fixture(params=["generated", "interpreter", "compiled"])
def backend(request):
    """Each spelling of the codec in turn; what one does, the others do."""
    if request.param == "compiled" and compiled.MISSING:
        pytest.skip(compiled.MISSING)
    with running(request.param):
        yield spelling(request.param)
