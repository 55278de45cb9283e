"""Parameters, alignment check and charge loop of wireless charging.

EVPC and SPC are the power circuits of the car and of the station, PD is the primary device, SD the supply device as a
whole. The schema gives no unit for ground clearances (docs/open-points.md).
"""

from __future__ import annotations

import enum

from iso15118.messages.iso20.types import (
    ChargeLoopReq,
    ChargeLoopRes,
    ChargeParameterDiscoveryReq,
    ChargeParameterDiscoveryRes,
    Processing,
    RationalNumber,
    V2GRequest,
    V2GResponse,
)
from iso15118.messages.iso20.wpt.types import DataContainers, WPT_EVResult
from iso15118.messages.iso20.wpt.xmlns import XMLNS  # noqa: F401  (names the namespace of the classes)
from iso15118.messages.model import Record, UnsignedShort, element


class WPT_EVPCChargeDiagnostics(enum.Enum):
    """What is wrong with the car's side of the power transfer.

    Source: V2G_CI_WPT.xsd, ``WPT_EVPCChargeDiagnosticsType``.
    """

    EVPCNoIssue = "EVPCNoIssue"
    EVPCTempOverheatDetected = "EVPCTempOverheatDetected"
    EVPCPowerTransferAnomalyDetected = "EVPCPowerTransferAnomalyDetected"
    EVPCAnomalyDetected = "EVPCAnomalyDetected"


class WPT_SPCChargeDiagnostics(enum.Enum):
    """What is wrong with the station's side of the power transfer (FOD: foreign object, LOP: living object).

    Source: V2G_CI_WPT.xsd, ``WPT_SPCChargeDiagnosticsType``.
    """

    SPCNoIssue = "SPCNoIssue"
    SPCFODDetected = "SPCFODDetected"
    SPCLOPDetected = "SPCLOPDetected"
    SPCTempOverheatDetected = "SPCTempOverheatDetected"
    SPCPowerTransferAnomalyDetected = "SPCPowerTransferAnomalyDetected"
    SPCAnomalyDetected = "SPCAnomalyDetected"


class WPT_PowerClass(enum.Enum):
    """Input power class of the primary device.

    Source: V2G_CI_WPT.xsd, ``WPT_PowerClassType``.
    """

    MF_WPT1 = "MF-WPT1"
    MF_WPT2 = "MF-WPT2"
    MF_WPT3 = "MF-WPT3"
    MF_WPT4 = "MF-WPT4"


class WPT_EVPCPowerControlParameter(Record):
    """What the car's power circuit asks for and measures.

    Source: V2G_CI_WPT.xsd, ``WPT_EVPCPowerControlParameterType``.
    """

    evpc_coil_current_request: RationalNumber = element("EVPCCoilCurrentRequest")
    """Unit: A."""
    evpc_coil_current_information: RationalNumber = element("EVPCCoilCurrentInformation")
    """Unit: A."""
    evpc_current_output_information: RationalNumber = element("EVPCCurrentOutputInformation")
    """Unit: A."""
    evpc_voltage_output_information: RationalNumber = element("EVPCVoltageOutputInformation")
    """Unit: V."""


class WPT_SPCPowerControlParameter(Record):
    """What the station's power circuit measures.

    Source: V2G_CI_WPT.xsd, ``WPT_SPCPowerControlParameterType``.
    """

    spc_primary_device_coil_current_information: RationalNumber = element("SPCPrimaryDeviceCoilCurrentInformation")
    """Unit: A."""


class WPT_ChargeParameterDiscoveryReq(ChargeParameterDiscoveryReq):
    """Limits of the car for wireless charging.

    Source: V2G_CI_WPT.xsd, ``WPT_ChargeParameterDiscoveryReqType``.
    """

    evpc_max_receivable_power: RationalNumber = element("EVPCMaxReceivablePower")
    """Unit: W."""
    sd_max_ground_clearence: UnsignedShort = element("SDMaxGroundClearence")
    sd_min_ground_clearence: UnsignedShort = element("SDMinGroundClearence")
    evpc_natural_frequency: RationalNumber = element("EVPCNaturalFrequency")
    """Unit: Hz."""
    evpc_device_local_control: bool = element("EVPCDeviceLocalControl")
    vendor_specific_data_container: DataContainers = element("VendorSpecificDataContainer", default=())


class WPT_ChargeParameterDiscoveryRes(ChargeParameterDiscoveryRes):
    """Limits of the primary device for wireless charging.

    Source: V2G_CI_WPT.xsd, ``WPT_ChargeParameterDiscoveryResType``.
    """

    pd_input_power_class: WPT_PowerClass = element("PDInputPowerClass")
    sd_min_output_power: RationalNumber = element("SDMinOutputPower")
    """Unit: W."""
    sd_max_output_power: RationalNumber = element("SDMaxOutputPower")
    """Unit: W."""
    sd_max_ground_clearance_support: UnsignedShort = element("SDMaxGroundClearanceSupport")
    sd_min_ground_clearance_support: UnsignedShort = element("SDMinGroundClearanceSupport")
    pd_min_coil_current: RationalNumber = element("PDMinCoilCurrent")
    """Unit: A."""
    pd_max_coil_current: RationalNumber = element("PDMaxCoilCurrent")
    """Unit: A."""
    sd_manufacturer_specific_data_container: DataContainers = element("SDManufacturerSpecificDataContainer", default=())


class WPT_AlignmentCheckReq(V2GRequest):
    """Asks to check the alignment with little power; repeated while Ongoing.

    Source: V2G_CI_WPT.xsd, ``WPT_AlignmentCheckReqType``.
    """

    ev_processing: Processing = element("EVProcessing")
    target_coil_current: RationalNumber | None = element("TargetCoilCurrent", default=None)
    """Unit: A."""
    ev_result_code: WPT_EVResult = element("EVResultCode")
    vendor_specific_data_container: DataContainers = element("VendorSpecificDataContainer", default=())


class WPT_AlignmentCheckRes(V2GResponse):
    """What the station measured in the alignment check.

    Source: V2G_CI_WPT.xsd, ``WPT_AlignmentCheckResType``.
    """

    evse_processing: Processing = element("EVSEProcessing")
    power_transmitted: RationalNumber | None = element("PowerTransmitted", default=None)
    """Unit: W."""
    supply_device_current: RationalNumber | None = element("SupplyDeviceCurrent", default=None)
    """Unit: A."""
    vendor_specific_data_container: DataContainers = element("VendorSpecificDataContainer", default=())


class WPT_ChargeLoopReq(ChargeLoopReq):
    """The car's side of one round of the charge loop.

    Source: V2G_CI_WPT.xsd, ``WPT_ChargeLoopReqType``.
    """

    evpc_power_request: RationalNumber = element("EVPCPowerRequest")
    """Unit: W."""
    evpc_power_output: RationalNumber = element("EVPCPowerOutput")
    """Unit: W."""
    evpc_charge_diagnostics: WPT_EVPCChargeDiagnostics = element("EVPCChargeDiagnostics")
    evpc_operating_frequency: RationalNumber | None = element("EVPCOperatingFrequency", default=None)
    """Unit: Hz."""
    evpc_power_control_parameter: WPT_EVPCPowerControlParameter | None = element(
        "EVPCPowerControlParameter", default=None
    )
    manufacturer_specific_data_container: DataContainers = element("ManufacturerSpecificDataContainer", default=())


class WPT_ChargeLoopRes(ChargeLoopRes):
    """What the primary device transfers, and what it will still allow.

    Source: V2G_CI_WPT.xsd, ``WPT_ChargeLoopResType``.
    """

    evpc_power_request: RationalNumber = element("EVPCPowerRequest")
    """Unit: W."""
    sd_power_input: RationalNumber | None = element("SDPowerInput", default=None)
    """Unit: W."""
    spc_max_output_power_limit: RationalNumber = element("SPCMaxOutputPowerLimit")
    """Unit: W."""
    spc_min_output_power_limit: RationalNumber = element("SPCMinOutputPowerLimit")
    """Unit: W."""
    spc_charge_diagnostics: WPT_SPCChargeDiagnostics = element("SPCChargeDiagnostics")
    spc_operating_frequency: RationalNumber | None = element("SPCOperatingFrequency", default=None)
    """Unit: Hz."""
    spc_power_control_parameter: WPT_SPCPowerControlParameter | None = element("SPCPowerControlParameter", default=None)
    manufacturer_specific_data_container: DataContainers = element("ManufacturerSpecificDataContainer", default=())
