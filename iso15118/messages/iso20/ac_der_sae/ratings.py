"""What an inverter, an outlet and the grid can do: the fixed values of parameter discovery.

Part of namespace AC-DER-SAE (V2G_CI_AC_DER_SAE.xsd).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from iso15118.messages.iso20.ac_der_sae.xmlns import XMLNS
from iso15118.messages.iso20.types import RationalNumber
from iso15118.messages.model import Record, element

EVInverterManufacturer = Annotated[str, Meta(max_length=32, title="evInverterManufacturerType")]


EVInverterModel = Annotated[str, Meta(max_length=32, title="evInverterModelType")]


EVInverterSerialNumber = Annotated[str, Meta(max_length=32, title="evInverterSerialNumberType")]


EVInverterSwVersion = Annotated[str, Meta(max_length=32, title="evInverterSwVersionType")]


EVInverterHwVersion = Annotated[str, Meta(max_length=32, title="evInverterHwVersionType")]


class EVInverterDetails(Record):
    """Which inverter it is.

    Source: V2G_CI_AC_DER_SAE.xsd, ``EVInverterDetailsType``.
    """

    ev_inverter_sw_version: EVInverterSwVersion = element("EVInverterSwVersion")
    """At most 32 characters."""
    ev_inverter_hw_version: EVInverterHwVersion | None = element("EVInverterHwVersion", default=None)
    """At most 32 characters."""
    ev_inverter_manufacturer: EVInverterManufacturer = element("EVInverterManufacturer")
    """At most 32 characters."""
    ev_inverter_model: EVInverterModel = element("EVInverterModel")
    """At most 32 characters."""
    ev_inverter_serial_number: EVInverterSerialNumber = element("EVInverterSerialNumber")
    """At most 32 characters."""


class EVApparentPowerLimits(Record):
    """Ratings of the inverter in VA, by direction of active and of reactive power.

    Source: V2G_CI_AC_DER_SAE.xsd, ``EVApparentPowerLimitsType``.
    """

    ev_maximum_apparent_power_during_charging_and_var_absorption: RationalNumber = element(
        "EVMaximumApparentPowerDuringChargingAndVarAbsorption"
    )
    """Unit: VA."""
    ev_maximum_apparent_power_during_charging_and_var_absorption_l2: RationalNumber | None = element(
        "EVMaximumApparentPowerDuringChargingAndVarAbsorption_L2", default=None
    )
    """Unit: VA."""
    ev_maximum_apparent_power_during_charging_and_var_absorption_l3: RationalNumber | None = element(
        "EVMaximumApparentPowerDuringChargingAndVarAbsorption_L3", default=None
    )
    """Unit: VA."""
    ev_maximum_apparent_power_during_charging_and_var_injection: RationalNumber = element(
        "EVMaximumApparentPowerDuringChargingAndVarInjection"
    )
    """Unit: VA."""
    ev_maximum_apparent_power_during_charging_and_var_injection_l2: RationalNumber | None = element(
        "EVMaximumApparentPowerDuringChargingAndVarInjection_L2", default=None
    )
    """Unit: VA."""
    ev_maximum_apparent_power_during_charging_and_var_injection_l3: RationalNumber | None = element(
        "EVMaximumApparentPowerDuringChargingAndVarInjection_L3", default=None
    )
    """Unit: VA."""
    ev_maximum_apparent_power_during_discharging_and_var_absorption: RationalNumber = element(
        "EVMaximumApparentPowerDuringDischargingAndVarAbsorption"
    )
    """Unit: VA."""
    ev_maximum_apparent_power_during_discharging_and_var_absorption_l2: RationalNumber | None = element(
        "EVMaximumApparentPowerDuringDischargingAndVarAbsorption_L2", default=None
    )
    """Unit: VA."""
    ev_maximum_apparent_power_during_discharging_and_var_absorption_l3: RationalNumber | None = element(
        "EVMaximumApparentPowerDuringDischargingAndVarAbsorption_L3", default=None
    )
    """Unit: VA."""
    ev_maximum_apparent_power_during_discharging_and_var_injection: RationalNumber = element(
        "EVMaximumApparentPowerDuringDischargingAndVarInjection"
    )
    """Unit: VA."""
    ev_maximum_apparent_power_during_discharging_and_var_injection_l2: RationalNumber | None = element(
        "EVMaximumApparentPowerDuringDischargingAndVarInjection_L2", default=None
    )
    """Unit: VA."""
    ev_maximum_apparent_power_during_discharging_and_var_injection_l3: RationalNumber | None = element(
        "EVMaximumApparentPowerDuringDischargingAndVarInjection_L3", default=None
    )
    """Unit: VA."""


class EVReactivePowerLimits(Record):
    """Ratings of the inverter in var, by direction of active and of reactive power.

    Source: V2G_CI_AC_DER_SAE.xsd, ``EVReactivePowerLimitsType``.
    """

    ev_maximum_var_absorption_during_charging: RationalNumber = element("EVMaximumVarAbsorptionDuringCharging")
    """Unit: var."""
    ev_maximum_var_absorption_during_charging_l2: RationalNumber | None = element(
        "EVMaximumVarAbsorptionDuringCharging_L2", default=None
    )
    """Unit: var."""
    ev_maximum_var_absorption_during_charging_l3: RationalNumber | None = element(
        "EVMaximumVarAbsorptionDuringCharging_L3", default=None
    )
    """Unit: var."""
    ev_minimum_var_absorption_during_charging: RationalNumber | None = element(
        "EVMinimumVarAbsorptionDuringCharging", default=None
    )
    """Unit: var."""
    ev_minimum_var_absorption_during_charging_l2: RationalNumber | None = element(
        "EVMinimumVarAbsorptionDuringCharging_L2", default=None
    )
    """Unit: var."""
    ev_minimum_var_absorption_during_charging_l3: RationalNumber | None = element(
        "EVMinimumVarAbsorptionDuringCharging_L3", default=None
    )
    """Unit: var."""
    ev_maximum_var_injection_during_charging: RationalNumber = element("EVMaximumVarInjectionDuringCharging")
    """Unit: var."""
    ev_maximum_var_injection_during_charging_l2: RationalNumber | None = element(
        "EVMaximumVarInjectionDuringCharging_L2", default=None
    )
    """Unit: var."""
    ev_maximum_var_injection_during_charging_l3: RationalNumber | None = element(
        "EVMaximumVarInjectionDuringCharging_L3", default=None
    )
    """Unit: var."""
    ev_minimum_var_injection_during_charging: RationalNumber | None = element(
        "EVMinimumVarInjectionDuringCharging", default=None
    )
    """Unit: var."""
    ev_minimum_var_injection_during_charging_l2: RationalNumber | None = element(
        "EVMinimumVarInjectionDuringCharging_L2", default=None
    )
    """Unit: var."""
    ev_minimum_var_injection_during_charging_l3: RationalNumber | None = element(
        "EVMinimumVarInjectionDuringCharging_L3", default=None
    )
    """Unit: var."""
    ev_maximum_var_absorption_during_discharging: RationalNumber = element("EVMaximumVarAbsorptionDuringDischarging")
    """Unit: var."""
    ev_maximum_var_absorption_during_discharging_l2: RationalNumber | None = element(
        "EVMaximumVarAbsorptionDuringDischarging_L2", default=None
    )
    """Unit: var."""
    ev_maximum_var_absorption_during_discharging_l3: RationalNumber | None = element(
        "EVMaximumVarAbsorptionDuringDischarging_L3", default=None
    )
    """Unit: var."""
    ev_minimum_var_absorption_during_discharging: RationalNumber | None = element(
        "EVMinimumVarAbsorptionDuringDischarging", default=None
    )
    """Unit: var."""
    ev_minimum_var_absorption_during_discharging_l2: RationalNumber | None = element(
        "EVMinimumVarAbsorptionDuringDischarging_L2", default=None
    )
    """Unit: var."""
    ev_minimum_var_absorption_during_discharging_l3: RationalNumber | None = element(
        "EVMinimumVarAbsorptionDuringDischarging_L3", default=None
    )
    """Unit: var."""
    ev_maximum_var_injection_during_discharging: RationalNumber = element("EVMaximumVarInjectionDuringDischarging")
    """Unit: var."""
    ev_maximum_var_injection_during_discharging_l2: RationalNumber | None = element(
        "EVMaximumVarInjectionDuringDischarging_L2", default=None
    )
    """Unit: var."""
    ev_maximum_var_injection_during_discharging_l3: RationalNumber | None = element(
        "EVMaximumVarInjectionDuringDischarging_L3", default=None
    )
    """Unit: var."""
    ev_minimum_var_injection_during_discharging: RationalNumber | None = element(
        "EVMinimumVarInjectionDuringDischarging", default=None
    )
    """Unit: var."""
    ev_minimum_var_injection_during_discharging_l2: RationalNumber | None = element(
        "EVMinimumVarInjectionDuringDischarging_L2", default=None
    )
    """Unit: var."""
    ev_minimum_var_injection_during_discharging_l3: RationalNumber | None = element(
        "EVMinimumVarInjectionDuringDischarging_L3", default=None
    )
    """Unit: var."""
    ev_reactive_susceptance: RationalNumber = element("EVReactiveSusceptance")
    """Of what stays connected to the grid while the inverter is off. Unit: S."""
    ev_reactive_susceptance_l2: RationalNumber | None = element("EVReactiveSusceptance_L2", default=None)
    """Unit: S."""
    ev_reactive_susceptance_l3: RationalNumber | None = element("EVReactiveSusceptance_L3", default=None)
    """Unit: S."""


class EVExcitationLimits(Record):
    """Active power the inverter can feed in at its specified power factors.

    Source: V2G_CI_AC_DER_SAE.xsd, ``EVExcitationLimitsType``.
    """

    ev_specified_over_excited_power_factor: RationalNumber = element("EVSpecifiedOverExcitedPowerFactor")
    """No unit."""
    ev_specified_over_excited_power_factor_l2: RationalNumber | None = element(
        "EVSpecifiedOverExcitedPowerFactor_L2", default=None
    )
    """No unit."""
    ev_specified_over_excited_power_factor_l3: RationalNumber | None = element(
        "EVSpecifiedOverExcitedPowerFactor_L3", default=None
    )
    """No unit."""
    ev_specified_over_excited_discharge_power: RationalNumber = element("EVSpecifiedOverExcitedDischargePower")
    """Unit: W."""
    ev_specified_over_excited_discharge_power_l2: RationalNumber | None = element(
        "EVSpecifiedOverExcitedDischargePower_L2", default=None
    )
    """Unit: W."""
    ev_specified_over_excited_discharge_power_l3: RationalNumber | None = element(
        "EVSpecifiedOverExcitedDischargePower_L3", default=None
    )
    """Unit: W."""
    ev_specified_under_excited_power_factor: RationalNumber = element("EVSpecifiedUnderExcitedPowerFactor")
    """No unit."""
    ev_specified_under_excited_power_factor_l2: RationalNumber | None = element(
        "EVSpecifiedUnderExcitedPowerFactor_L2", default=None
    )
    """No unit."""
    ev_specified_under_excited_power_factor_l3: RationalNumber | None = element(
        "EVSpecifiedUnderExcitedPowerFactor_L3", default=None
    )
    """No unit."""
    ev_specified_under_excited_discharge_power: RationalNumber = element("EVSpecifiedUnderExcitedDischargePower")
    """Unit: W."""
    ev_specified_under_excited_discharge_power_l2: RationalNumber | None = element(
        "EVSpecifiedUnderExcitedDischargePower_L2", default=None
    )
    """Unit: W."""
    ev_specified_under_excited_discharge_power_l3: RationalNumber | None = element(
        "EVSpecifiedUnderExcitedDischargePower_L3", default=None
    )
    """Unit: W."""


class EVSEReactivePowerLimits(Record):
    """Reactive power the outlet allows, by direction of active and of reactive power.

    Source: V2G_CI_AC_DER_SAE.xsd, ``EVSEReactivePowerLimitsType``.
    """

    evse_maximum_var_absorption_during_charging: RationalNumber = element("EVSEMaximumVarAbsorptionDuringCharging")
    """Unit: var."""
    evse_maximum_var_absorption_during_charging_l2: RationalNumber | None = element(
        "EVSEMaximumVarAbsorptionDuringCharging_L2", default=None
    )
    """Unit: var."""
    evse_maximum_var_absorption_during_charging_l3: RationalNumber | None = element(
        "EVSEMaximumVarAbsorptionDuringCharging_L3", default=None
    )
    """Unit: var."""
    evse_maximum_var_injection_during_charging: RationalNumber = element("EVSEMaximumVarInjectionDuringCharging")
    """Unit: var."""
    evse_maximum_var_injection_during_charging_l2: RationalNumber | None = element(
        "EVSEMaximumVarInjectionDuringCharging_L2", default=None
    )
    """Unit: var."""
    evse_maximum_var_injection_during_charging_l3: RationalNumber | None = element(
        "EVSEMaximumVarInjectionDuringCharging_L3", default=None
    )
    """Unit: var."""
    evse_maximum_var_absorption_during_discharging: RationalNumber = element(
        "EVSEMaximumVarAbsorptionDuringDischarging"
    )
    """Unit: var."""
    evse_maximum_var_absorption_during_discharging_l2: RationalNumber | None = element(
        "EVSEMaximumVarAbsorptionDuringDischarging_L2", default=None
    )
    """Unit: var."""
    evse_maximum_var_absorption_during_discharging_l3: RationalNumber | None = element(
        "EVSEMaximumVarAbsorptionDuringDischarging_L3", default=None
    )
    """Unit: var."""
    evse_maximum_var_injection_during_discharging: RationalNumber = element("EVSEMaximumVarInjectionDuringDischarging")
    """Unit: var."""
    evse_maximum_var_injection_during_discharging_l2: RationalNumber | None = element(
        "EVSEMaximumVarInjectionDuringDischarging_L2", default=None
    )
    """Unit: var."""
    evse_maximum_var_injection_during_discharging_l3: RationalNumber | None = element(
        "EVSEMaximumVarInjectionDuringDischarging_L3", default=None
    )
    """Unit: var."""


class GridLimits(Record):
    """The grid at this site.

    Source: V2G_CI_AC_DER_SAE.xsd, ``GridLimitsType``.
    """

    grid_nominal_frequency: RationalNumber = element("GridNominalFrequency")
    """Unit: Hz."""
    grid_nominal_voltage: RationalNumber = element("GridNominalVoltage")
    """Unit: V."""
    grid_nominal_voltage_offset: RationalNumber = element("GridNominalVoltageOffset")
    """From the station's connection point to that of the utility. Unit: V."""
    grid_min_frequency: RationalNumber | None = element("GridMinFrequency", default=None)
    """Unit: Hz."""
    grid_max_frequency: RationalNumber | None = element("GridMaxFrequency", default=None)
    """Unit: Hz."""
    grid_maximum_voltage: RationalNumber = element("GridMaximumVoltage")
    """Unit: V."""
    grid_minimum_voltage: RationalNumber = element("GridMinimumVoltage")
    """Unit: V."""
