"""Curves an inverter at the grid follows.

Part of namespace AC-DER-SAE (V2G_CI_AC_DER_SAE.xsd). What a field means: see ``control``.
"""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from iso15118.messages.iso20.ac_der_sae.xmlns import XMLNS
from iso15118.messages.iso20.types import RationalNumber
from iso15118.messages.model import Record, UnsignedInt, UnsignedShort, element


class DERUnit(enum.Enum):
    """Unit of an axis or set point; percentages are of what their name says.

    Source: V2G_CI_AC_DER_SAE.xsd, ``derUnitType``.
    """

    V = "V"
    Hz = "Hz"
    W = "W"
    s = "s"
    var = "var"
    PercentageEVMaximumConfiguredActivePower = "PercentageEVMaximumConfiguredActivePower"
    PercentageEVMaximumConfiguredReactivePower = "PercentageEVMaximumConfiguredReactivePower"
    PercentageEVMaximumConfiguredApparentPower = "PercentageEVMaximumConfiguredApparentPower"
    PercentageEVMaximumAvailableActivePower = "PercentageEVMaximumAvailableActivePower"
    PercentageEVMaximumAvailableReactivePower = "PercentageEVMaximumAvailableReactivePower"
    PercentageV = "PercentageV"


class DataTuple(Record):
    """One point of a curve.

    Source: V2G_CI_AC_DER_SAE.xsd, ``DataTupleType``.
    """

    x_value: RationalNumber = element("xValue")
    """Unit: xUnit of the curve."""
    y_value: RationalNumber = element("yValue")
    """Unit: yUnit of the curve."""


class CurveDataPointsList(Record):
    """Points of a curve, 2 to 10.

    Source: V2G_CI_AC_DER_SAE.xsd, ``CurveDataPointsListType``.
    """

    curve_data_point: Annotated[tuple[DataTuple, ...], Meta(min_length=2, max_length=10)] = element("CurveDataPoint")


class DERCurve(Record):
    """A curve with straight lines between its points; used for the trip limits.

    Source: V2G_CI_AC_DER_SAE.xsd, ``DERCurveType``.
    """

    enable: bool = element("Enable")
    """True: the function acts."""
    priority: UnsignedShort | None = element("Priority", default=None)
    """Rank among functions that contradict each other, 0 to 65,535."""
    x_unit: DERUnit = element("xUnit")
    y_unit: DERUnit = element("yUnit")
    curve_data_points: CurveDataPointsList = element("CurveDataPoints")
    curve_data_points_l2: CurveDataPointsList | None = element("CurveDataPoints_L2", default=None)
    curve_data_points_l3: CurveDataPointsList | None = element("CurveDataPoints_L3", default=None)


class VoltVar(Record):
    """Reactive power over voltage: a high voltage is lowered by absorbing, a low one raised by injecting.

    Source: V2G_CI_AC_DER_SAE.xsd, ``VoltVarType``.
    """

    enable: bool = element("Enable")
    """True: the function acts."""
    priority: UnsignedShort | None = element("Priority", default=None)
    """Rank among functions that contradict each other, 0 to 65,535."""
    x_unit: DERUnit = element("xUnit")
    y_unit: DERUnit = element("yUnit")
    curve_data_points: CurveDataPointsList = element("CurveDataPoints")
    curve_data_points_l2: CurveDataPointsList | None = element("CurveDataPoints_L2", default=None)
    curve_data_points_l3: CurveDataPointsList | None = element("CurveDataPoints_L3", default=None)
    open_loop_response_time: RationalNumber = element("OpenLoopResponseTime")
    """From a step of the cause to 90 % of the effect. Unit: s."""
    time_constant_pt1: UnsignedInt | None = element("TimeConstantPT1", default=None)
    """Of a first-order lag (PT1), 0 to 4,294,967,295. The schema names no unit."""
    reference_voltage: RationalNumber = element("ReferenceVoltage")
    """The voltage the curve is centred on. The schema names no unit: V or a share of the nominal voltage."""
    autonomous_reference_voltage_adjustment_enable: bool = element("AutonomousReferenceVoltageAdjustmentEnable")
    """True: the reference voltage slowly follows the measured one."""
    reference_voltage_adjustment_time_constant: UnsignedInt = element("ReferenceVoltageAdjustmentTimeConstant")
    """How slowly it follows, 0 to 4,294,967,295. The schema names no unit; IEEE 1547 counts s."""


class WattVar(Record):
    """Reactive power over active power.

    Source: V2G_CI_AC_DER_SAE.xsd, ``WattVarType``.
    """

    enable: bool = element("Enable")
    """True: the function acts."""
    priority: UnsignedShort | None = element("Priority", default=None)
    """Rank among functions that contradict each other, 0 to 65,535."""
    x_unit: DERUnit = element("xUnit")
    y_unit: DERUnit = element("yUnit")
    curve_data_points: CurveDataPointsList = element("CurveDataPoints")
    curve_data_points_l2: CurveDataPointsList | None = element("CurveDataPoints_L2", default=None)
    curve_data_points_l3: CurveDataPointsList | None = element("CurveDataPoints_L3", default=None)
    open_loop_response_time: RationalNumber | None = element("OpenLoopResponseTime", default=None)
    """From a step of the cause to 90 % of the effect. Unit: s."""
    time_constant_pt1: UnsignedInt | None = element("TimeConstantPT1", default=None)
    """Of a first-order lag (PT1), 0 to 4,294,967,295. The schema names no unit."""


class VoltWatt(Record):
    """Active power over voltage: the higher the voltage, the less is fed in.

    Source: V2G_CI_AC_DER_SAE.xsd, ``VoltWattType``.
    """

    enable: bool = element("Enable")
    """True: the function acts."""
    priority: UnsignedShort | None = element("Priority", default=None)
    """Rank among functions that contradict each other, 0 to 65,535."""
    x_unit: DERUnit = element("xUnit")
    y_unit: DERUnit = element("yUnit")
    curve_data_points: CurveDataPointsList = element("CurveDataPoints")
    curve_data_points_l2: CurveDataPointsList | None = element("CurveDataPoints_L2", default=None)
    curve_data_points_l3: CurveDataPointsList | None = element("CurveDataPoints_L3", default=None)
    open_loop_response_time: RationalNumber = element("OpenLoopResponseTime")
    """From a step of the cause to 90 % of the effect. Unit: s."""
    time_constant_pt1: UnsignedInt | None = element("TimeConstantPT1", default=None)
    """Of a first-order lag (PT1), 0 to 4,294,967,295. The schema names no unit."""
