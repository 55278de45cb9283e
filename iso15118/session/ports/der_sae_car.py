"""AC_DER_SAE in plain structures: what an inverter can do (IEEE 1547, SAE J3072), and how it does."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from iso15118.messages.iso20.ac_der_sae.modes import (
    DERConnectionStatus,
    DEROperationalState,
    GridConnectionMode,
    IEEE1547AbnormalCategory,
    IEEE1547NormalCategory,
    RequiredDEROperatingMode,
)
from iso15118.messages.model import UnsignedInt, UnsignedLong
from iso15118.session.ports.der import Magnitude, Magnitudes, Plain
from iso15118.session.ports.der_sae import SaeMode, SaeSettings

__all__ = [
    "EXAMPLE_SAE_CAR",
    "SaeApparentLimits",
    "SaeCar",
    "SaeExcitationLimits",
    "SaeInverterDetails",
    "SaeReactiveRatings",
]

_Text = Annotated[str, Meta(max_length=32)]
_POWER = (3_680.0, 3_680.0, 3_680.0)
_REACTIVE = (1_600.0, 1_600.0, 1_600.0)


class SaeInverterDetails(Plain, frozen=True, kw_only=True):
    """Which inverter it is; texts of 32 characters at most."""

    ev_inverter_sw_version: _Text = "1.0"
    ev_inverter_hw_version: _Text | None = None
    ev_inverter_manufacturer: _Text = "example"
    ev_inverter_model: _Text = "example"
    ev_inverter_serial_number: _Text = "0"


class SaeApparentLimits(Plain, frozen=True, kw_only=True):
    """Ratings in VA, one value a line."""

    ev_maximum_apparent_power_during_charging_and_var_absorption: Magnitudes = _POWER
    ev_maximum_apparent_power_during_charging_and_var_injection: Magnitudes = _POWER
    ev_maximum_apparent_power_during_discharging_and_var_absorption: Magnitudes = _POWER
    ev_maximum_apparent_power_during_discharging_and_var_injection: Magnitudes = _POWER


class SaeReactiveRatings(Plain, frozen=True, kw_only=True):
    """Ratings in var (magnitudes) and the susceptance in S, one value a line."""

    ev_maximum_var_absorption_during_charging: Magnitudes = _REACTIVE
    ev_minimum_var_absorption_during_charging: Magnitudes | None = None
    ev_maximum_var_injection_during_charging: Magnitudes = _REACTIVE
    ev_minimum_var_injection_during_charging: Magnitudes | None = None
    ev_maximum_var_absorption_during_discharging: Magnitudes = _REACTIVE
    ev_minimum_var_absorption_during_discharging: Magnitudes | None = None
    ev_maximum_var_injection_during_discharging: Magnitudes = _REACTIVE
    ev_minimum_var_injection_during_discharging: Magnitudes | None = None
    ev_reactive_susceptance: Magnitudes = (0.0, 0.0, 0.0)


_Factors = Annotated[tuple[Annotated[float, Meta(gt=0, le=1)], ...], Meta(min_length=1, max_length=3)]


class SaeExcitationLimits(Plain, frozen=True, kw_only=True):
    """Active power in W that can be fed in at the specified power factors, one value a line."""

    ev_specified_over_excited_power_factor: _Factors = (0.9, 0.9, 0.9)
    ev_specified_over_excited_discharge_power: Magnitudes = (3_312.0, 3_312.0, 3_312.0)
    ev_specified_under_excited_power_factor: _Factors = (0.9, 0.9, 0.9)
    ev_specified_under_excited_discharge_power: Magnitudes = (3_312.0, 3_312.0, 3_312.0)


_ALL = SaeMode(sum(SaeMode))


class SaeCar(Plain, frozen=True, kw_only=True):
    """What an inverter can do, its certification, and how it does; all values are examples of ours."""

    supported_modes: SaeMode = _ALL
    operating_modes: tuple[RequiredDEROperatingMode, ...] = (RequiredDEROperatingMode.GridFollowing,)
    """Not told: settings that want another mode are not accepted."""
    grid_connection_modes: tuple[GridConnectionMode, ...] = (GridConnectionMode.GridConnected,)
    """Not told either."""
    enabled_modes: SaeMode | None = None
    """The functions that act; None for those of the supported ones that the station has enabled."""
    ieee1547_normal_category: IEEE1547NormalCategory = IEEE1547NormalCategory.CategoryB
    ieee1547_abnormal_category: IEEE1547AbnormalCategory = IEEE1547AbnormalCategory.CategoryIII
    j3072_certified: bool = True
    j3072_certification_date: UnsignedLong = 0
    """The schema names no unit; a deployed car tells microseconds since 1970."""
    ev_inverter_details: SaeInverterDetails = SaeInverterDetails()
    ev_apparent_power_limits: SaeApparentLimits = SaeApparentLimits()
    ev_reactive_power_limits: SaeReactiveRatings = SaeReactiveRatings()
    ev_excitation_limits: SaeExcitationLimits = SaeExcitationLimits()
    ev_nominal_voltage: Magnitude = 230.0
    """Unit: V."""
    ev_maximum_voltage: Magnitude = 264.5
    """Unit: V."""
    ev_minimum_voltage: Magnitude = 195.5
    """Unit: V."""
    ev_nominal_voltage_offset: float = 0.0
    """Unit: V."""
    ev_useable_watt_hours: UnsignedInt = 60_000
    ev_session_total_discharge_energy_available: Magnitude | None = None
    """Unit: Wh."""
    ev_present_voltage: Magnitude = 230.0
    """As measured now. Unit: V."""
    ev_present_frequency: Magnitude = 50.0
    """As measured now. Unit: Hz."""
    der_operational_state: DEROperationalState = DEROperationalState.On
    der_connection_status: DERConnectionStatus = DERConnectionStatus.Connected
    der_alarm_status: UnsignedInt = 0
    """Alarms of the inverter: a bitmap whose bits the schema does not name."""
    ev_minimum_charging_duration: UnsignedInt = 0
    """Unit: s."""
    ev_duration_maximum_charge_rate: UnsignedInt = 0
    """Unit: s."""
    ev_duration_maximum_discharge_rate: UnsignedInt = 0
    """Unit: s."""

    def enabled(self, settings: SaeSettings | None) -> SaeMode:
        """``EnabledModes``: what acts under these settings; charging and discharging belong to the service."""
        if settings is None:
            return SaeMode(0)
        if self.enabled_modes is not None:
            return self.enabled_modes
        inherent = SaeMode.CHARGE | SaeMode.DISCHARGE
        return (settings.der_control.modes() | inherent) & self.supported_modes

    def accepts(self, settings: SaeSettings) -> bool:
        """Whether the inverter can do all that is wanted."""
        return (
            not settings.der_control.modes() & ~self.supported_modes & ~SaeMode.ENTER_SERVICE
            and settings.required_der_operating_mode in self.operating_modes
            and settings.grid_connection_mode in self.grid_connection_modes
        )


EXAMPLE_SAE_CAR = SaeCar()
"""An example of ours."""
