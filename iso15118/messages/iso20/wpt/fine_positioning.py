"""Fine positioning: what both sides can do, then round after round until the car stands right."""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from iso15118.messages.iso20.types import Processing, V2GRequest, V2GResponse
from iso15118.messages.iso20.wpt.lf_signals import WPT_LF_DataPackageList, WPT_LF_SystemSetupData
from iso15118.messages.iso20.wpt.types import DataContainers, WPT_EVResult
from iso15118.messages.iso20.wpt.xmlns import XMLNS  # noqa: F401  (names the namespace of the classes)
from iso15118.messages.model import Record, UnsignedShort, element


class WPT_FinePositioningMethod(enum.Enum):
    """How the car finds its place above the primary device (LF: low frequency, LPE: low power excitation).

    Source: V2G_CI_WPT.xsd, ``WPT_FinePositioningMethodType``.
    """

    Manual = "Manual"
    LF_TxEV = "LF_TxEV"
    LF_TxPrimaryDevice = "LF_TxPrimaryDevice"
    LPE = "LPE"
    Proprietary = "Proprietary"


class WPT_PairingMethod(enum.Enum):
    """How the car and the primary device below it find out that they belong together.

    Source: V2G_CI_WPT.xsd, ``WPT_PairingMethodType``.
    """

    External_confirmation = "External confirmation"
    LPE = "LPE"
    LF_TxEV = "LF_TxEV"
    LF_TxPrimaryDevice = "LF_TxPrimaryDevice"
    Optical = "Optical"
    Proprietary = "Proprietary"


class WPT_AlignmentCheckMethod(enum.Enum):
    """How the alignment is checked before power flows.

    Source: V2G_CI_WPT.xsd, ``WPT_AlignmentCheckMethodType``.
    """

    PowerCheck = "PowerCheck"
    LPE = "LPE"
    Proprietary = "Proprietary"


class WPT_FinePositioningMethodList(Record):
    """Ways of fine positioning a side can do.

    Source: V2G_CI_WPT.xsd, ``WPT_FinePositioningMethodListType``.
    """

    wpt_fine_positioning_method: Annotated[tuple[WPT_FinePositioningMethod, ...], Meta(min_length=1, max_length=8)] = (
        element("WPT_FinePositioningMethod")
    )


class WPT_PairingMethodList(Record):
    """Ways of pairing a side can do.

    Source: V2G_CI_WPT.xsd, ``WPT_PairingMethodListType``.
    """

    wpt_pairing_method: Annotated[tuple[WPT_PairingMethod, ...], Meta(min_length=1, max_length=8)] = element(
        "WPT_PairingMethod"
    )


class WPT_AlignmentCheckMethodList(Record):
    """Ways of checking the alignment a side can do.

    Source: V2G_CI_WPT.xsd, ``WPT_AlignmentCheckMethodListType``.
    """

    wpt_alignment_check_method: Annotated[tuple[WPT_AlignmentCheckMethod, ...], Meta(min_length=1, max_length=8)] = (
        element("WPT_AlignmentCheckMethod")
    )


class WPT_FinePositioningSetupReq(V2GRequest):
    """Ways of positioning, pairing and alignment check of the car.

    Source: V2G_CI_WPT.xsd, ``WPT_FinePositioningSetupReqType``.
    """

    ev_processing: Processing = element("EVProcessing")
    ev_device_fine_positioning_method_list: WPT_FinePositioningMethodList = element("EVDeviceFinePositioningMethodList")
    ev_device_pairing_method_list: WPT_PairingMethodList = element("EVDevicePairingMethodList")
    ev_device_alignment_check_method_list: WPT_AlignmentCheckMethodList = element("EVDeviceAlignmentCheckMethodList")
    natural_offset: UnsignedShort = element("NaturalOffset")
    vendor_specific_data_container: DataContainers = element("VendorSpecificDataContainer", default=())
    lf_system_setup_data: WPT_LF_SystemSetupData | None = element("LF_SystemSetupData", default=None)


class WPT_FinePositioningSetupRes(V2GResponse):
    """Ways of positioning, pairing and alignment check of the primary device.

    Source: V2G_CI_WPT.xsd, ``WPT_FinePositioningSetupResType``.
    """

    primary_device_fine_positioning_method_list: WPT_FinePositioningMethodList = element(
        "PrimaryDeviceFinePositioningMethodList"
    )
    primary_device_pairing_method_list: WPT_PairingMethodList = element("PrimaryDevicePairingMethodList")
    primary_device_alignment_check_method_list: WPT_AlignmentCheckMethodList = element(
        "PrimaryDeviceAlignmentCheckMethodList"
    )
    natural_offset: UnsignedShort = element("NaturalOffset")
    vendor_specific_data_container: DataContainers = element("VendorSpecificDataContainer", default=())
    lf_system_setup_data: WPT_LF_SystemSetupData | None = element("LF_SystemSetupData", default=None)


class WPT_FinePositioningReq(V2GRequest):
    """One round of fine positioning; repeated while Ongoing.

    Source: V2G_CI_WPT.xsd, ``WPT_FinePositioningReqType``.
    """

    ev_processing: Processing = element("EVProcessing")
    ev_result_code: WPT_EVResult = element("EVResultCode")
    vendor_specific_data_container: DataContainers = element("VendorSpecificDataContainer", default=())
    wpt_lf_data_package_list: WPT_LF_DataPackageList | None = element("WPT_LF_DataPackageList", default=None)


class WPT_FinePositioningRes(V2GResponse):
    """The station's side of one round of fine positioning.

    Source: V2G_CI_WPT.xsd, ``WPT_FinePositioningResType``.
    """

    evse_processing: Processing = element("EVSEProcessing")
    vendor_specific_data_container: DataContainers = element("VendorSpecificDataContainer", default=())
    wpt_lf_data_package_list: WPT_LF_DataPackageList | None = element("WPT_LF_DataPackageList", default=None)
