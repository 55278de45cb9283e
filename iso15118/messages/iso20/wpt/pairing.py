"""Pairing: which primary device the car stands on, and whose it is."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from iso15118.messages.iso20.types import Identifier, NumericID, Processing, V2GRequest, V2GResponse
from iso15118.messages.iso20.wpt.types import DataContainers, WPT_EVResult
from iso15118.messages.iso20.wpt.xmlns import XMLNS  # noqa: F401  (names the namespace of the classes)
from iso15118.messages.model import Record, UnsignedShort, element

BSSID = Annotated[str, Meta(max_length=12, title="bssidType")]


IPAddress = Annotated[str, Meta(max_length=39, title="ipaddressType")]


class AlternativeSECC(Record):
    """How to reach another station.

    Source: V2G_CI_WPT.xsd, ``AlternativeSECCType``.
    """

    ssid: Identifier | None = element("SSID", default=None)
    bssid: BSSID | None = element("BSSID", default=None)
    """Hexadecimal, upper case, without separators."""
    ip_address: IPAddress | None = element("IPAddress", default=None)
    """IPv6, hexadecimal with colons, upper case."""
    port: UnsignedShort | None = element("Port", default=None)


class AlternativeSECCList(Record):
    """Stations that the car may belong to instead.

    Source: V2G_CI_WPT.xsd, ``AlternativeSECCListType``.
    """

    alternative_secc: Annotated[tuple[AlternativeSECC, ...], Meta(min_length=1, max_length=8)] = element(
        "AlternativeSECC"
    )


class WPT_PairingReq(V2GRequest):
    """Asks which primary device the car stands on; repeated while Ongoing.

    Source: V2G_CI_WPT.xsd, ``WPT_PairingReqType``.
    """

    ev_processing: Processing = element("EVProcessing")
    observed_id_code: NumericID | None = element("ObservedIDCode", default=None)
    ev_result_code: WPT_EVResult = element("EVResultCode")
    vendor_specific_data_container: DataContainers = element("VendorSpecificDataContainer", default=())


class WPT_PairingRes(V2GResponse):
    """Progress of pairing.

    Source: V2G_CI_WPT.xsd, ``WPT_PairingResType``.
    """

    evse_processing: Processing = element("EVSEProcessing")
    observed_id_code: NumericID | None = element("ObservedIDCode", default=None)
    alternative_secc_list: AlternativeSECCList | None = element("AlternativeSECCList", default=None)
    vendor_specific_data_container: DataContainers = element("VendorSpecificDataContainer", default=())
