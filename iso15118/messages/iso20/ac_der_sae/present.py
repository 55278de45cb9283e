"""What an inverter can do at the moment: the values of the charge loop.

Part of namespace AC-DER-SAE (V2G_CI_AC_DER_SAE.xsd).
"""

from __future__ import annotations

from iso15118.messages.iso20.ac_der_sae.xmlns import XMLNS
from iso15118.messages.iso20.types import RationalNumber
from iso15118.messages.model import Record, element


class EVApparentPower(Record):
    """What the inverter can do in VA at the moment, by direction of active and of reactive power.

    Source: V2G_CI_AC_DER_SAE.xsd, ``EVApparentPowerType``.
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


class EVReactivePower(Record):
    """What the inverter can do in var at the moment, by direction of active and of reactive power.

    Source: V2G_CI_AC_DER_SAE.xsd, ``EVReactivePowerType``.
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


class EVExcitation(Record):
    """Active power the inverter can feed in at a power factor at the moment.

    Source: V2G_CI_AC_DER_SAE.xsd, ``EVExcitationType``.
    """

    ev_specified_over_excited_power_factor: RationalNumber | None = element(
        "EVSpecifiedOverExcitedPowerFactor", default=None
    )
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
    ev_specified_under_excited_power_factor: RationalNumber | None = element(
        "EVSpecifiedUnderExcitedPowerFactor", default=None
    )
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
