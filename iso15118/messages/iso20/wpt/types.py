"""What several phases of wireless charging use."""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

DataContainer = Annotated[bytes, Meta(max_length=256, title="WPT_DataContainerType")]
"""Data that only devices of one manufacturer understand."""


DataContainers = Annotated[tuple[DataContainer, ...], Meta(min_length=0, max_length=16)]


class WPT_EVResult(enum.Enum):
    """What became of the step, as the car sees it.

    Source: V2G_CI_WPT.xsd, ``WPT_EVResultType``.
    """

    EVResultUnknown = "EVResultUnknown"
    EVResultSuccess = "EVResultSuccess"
    EVResultFailed = "EVResultFailed"
