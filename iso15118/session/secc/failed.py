"""A FAILED answer still carries every mandatory field (V2G20-736): the least a schema allows, for every request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from iso15118.errors import LocalError
from iso15118.messages import app
from iso15118.messages.app import SupportedAppProtocolReq, SupportedAppProtocolRes
from iso15118.messages.iso20 import ac, acdp, dc
from iso15118.messages.iso20.common import (
    authorization,
    certificate_installation,
    metering,
    power_delivery,
    schedule_exchange,
    service,
    session_setup,
    session_stop,
    vehicle_check,
)
from iso15118.messages.iso20.types import MessageHeader, Processing, ResponseCode, V2GRequest, V2GResponse
from iso15118.messages.iso20.wpt import charging, fine_positioning, pairing
from iso15118.messages.model import Record
from iso15118.session.quantities import ZERO
from iso15118.session.services import DER_SERVICES

__all__ = ["failed_response", "least_schedule"]

_Maker = Callable[[Any, dict[str, Any]], V2GResponse]


def least_schedule() -> schedule_exchange.Scheduled_SEResControlMode:
    """The least a Scheduled answer must carry: one tuple that allows nothing for a moment."""
    power = schedule_exchange.PowerSchedule(
        time_anchor=0,
        power_schedule_entries=schedule_exchange.PowerScheduleEntryList(
            power_schedule_entry=(schedule_exchange.PowerScheduleEntry(duration=0, power=ZERO),)
        ),
    )
    charging = schedule_exchange.ChargingSchedule(power_schedule=power)
    return schedule_exchange.Scheduled_SEResControlMode(
        schedule_tuple=(schedule_exchange.ScheduleTuple(schedule_tuple_id=1, charging_schedule=charging),)
    )


def _service_detail(request: service.ServiceDetailReq, base: dict[str, Any]) -> V2GResponse:
    parameters = (service.Parameter(name="ControlMode", int_value=0),)
    sets = service.ServiceParameterList(parameter_set=(service.ParameterSet(parameter_set_id=0, parameter=parameters),))
    return service.ServiceDetailRes(**base, service_id=request.service_id, service_parameter_list=sets)


def _schedule_exchange(request: schedule_exchange.ScheduleExchangeReq, base: dict[str, Any]) -> V2GResponse:
    base["evse_processing"] = Processing.Finished
    if request.dynamic_se_req_control_mode is not None:
        return schedule_exchange.ScheduleExchangeRes(
            **base, dynamic_se_res_control_mode=schedule_exchange.Dynamic_SEResControlMode()
        )
    return schedule_exchange.ScheduleExchangeRes(**base, scheduled_se_res_control_mode=least_schedule())


def _certificate_installation(
    request: certificate_installation.CertificateInstallationReq, base: dict[str, Any]
) -> V2GResponse:
    contract = certificate_installation.ContractCertificateChain(
        certificate=b"\0", sub_certificates=certificate_installation.SubCertificates(certificate=(b"\0",))
    )
    data = certificate_installation.SignedInstallationData(
        id="id1",
        contract_certificate_chain=contract,
        ecdh_curve=certificate_installation.ECDHCurve.SECP521,
        dh_public_key=bytes(133),
        secp521_encrypted_private_key=bytes(94),
    )
    return certificate_installation.CertificateInstallationRes(
        **base,
        evse_processing=Processing.Finished,
        cps_certificate_chain=certificate_installation.CertificateChain(certificate=b"\0"),
        signed_installation_data=data,
        remaining_contract_certificate_chains=0,
    )


def _charge_parameters(request: dc.DC_ChargeParameterDiscoveryReq, base: dict[str, Any]) -> V2GResponse:
    charge: dict[str, Any] = dict.fromkeys(
        (
            "evse_maximum_charge_power",
            "evse_minimum_charge_power",
            "evse_maximum_charge_current",
            "evse_minimum_charge_current",
            "evse_maximum_voltage",
            "evse_minimum_voltage",
        ),
        ZERO,
    )
    if not isinstance(request.dc_cpd_req_energy_transfer_mode, dc.BPT_DC_CPDReqEnergyTransferMode):
        mode = dc.DC_CPDResEnergyTransferMode(**charge)
    else:
        mode = dc.BPT_DC_CPDResEnergyTransferMode(
            **charge,
            evse_maximum_discharge_power=ZERO,
            evse_minimum_discharge_power=ZERO,
            evse_maximum_discharge_current=ZERO,
            evse_minimum_discharge_current=ZERO,
        )
    return dc.DC_ChargeParameterDiscoveryRes(**base, dc_cpd_res_energy_transfer_mode=mode)


def _charge_loop(request: dc.DC_ChargeLoopReq, base: dict[str, Any]) -> V2GResponse:
    dynamic: dict[str, Any] = dict.fromkeys(
        (
            "evse_maximum_charge_power",
            "evse_minimum_charge_power",
            "evse_maximum_charge_current",
            "evse_maximum_voltage",
        ),
        ZERO,
    )
    mode = request.cl_req_control_mode
    answer: Record
    if isinstance(mode, dc.BPT_Dynamic_DC_CLReqControlMode):
        answer = dc.BPT_Dynamic_DC_CLResControlMode(
            **dynamic,
            evse_maximum_discharge_power=ZERO,
            evse_minimum_discharge_power=ZERO,
            evse_maximum_discharge_current=ZERO,
            evse_minimum_voltage=ZERO,
        )
    elif isinstance(mode, dc.Dynamic_DC_CLReqControlMode):
        answer = dc.Dynamic_DC_CLResControlMode(**dynamic)
    elif isinstance(mode, dc.BPT_Scheduled_DC_CLReqControlMode):
        answer = dc.BPT_Scheduled_DC_CLResControlMode()
    else:
        answer = dc.Scheduled_DC_CLResControlMode()
    return dc.DC_ChargeLoopRes(
        **base,
        evse_present_current=ZERO,
        evse_present_voltage=ZERO,
        evse_power_limit_achieved=False,
        evse_current_limit_achieved=False,
        evse_voltage_limit_achieved=False,
        cl_res_control_mode=answer,
    )


_AC_CHARGE = ("evse_maximum_charge_power", "evse_minimum_charge_power", "evse_nominal_frequency")


def _ac_charge_parameters(request: ac.AC_ChargeParameterDiscoveryReq, base: dict[str, Any]) -> V2GResponse:
    charge: dict[str, Any] = dict.fromkeys(_AC_CHARGE, ZERO)
    if not isinstance(request.ac_cpd_req_energy_transfer_mode, ac.BPT_AC_CPDReqEnergyTransferMode):
        mode = ac.AC_CPDResEnergyTransferMode(**charge)
    else:
        mode = ac.BPT_AC_CPDResEnergyTransferMode(
            **charge, evse_maximum_discharge_power=ZERO, evse_minimum_discharge_power=ZERO
        )
    return ac.AC_ChargeParameterDiscoveryRes(**base, ac_cpd_res_energy_transfer_mode=mode)


def _ac_charge_loop(request: ac.AC_ChargeLoopReq, base: dict[str, Any]) -> V2GResponse:
    mode = request.cl_req_control_mode
    answer: Record
    if isinstance(mode, ac.BPT_Dynamic_AC_CLReqControlMode):
        answer = ac.BPT_Dynamic_AC_CLResControlMode(evse_target_active_power=ZERO)
    elif isinstance(mode, ac.Dynamic_AC_CLReqControlMode):
        answer = ac.Dynamic_AC_CLResControlMode(evse_target_active_power=ZERO)
    elif isinstance(mode, ac.BPT_Scheduled_AC_CLReqControlMode):
        answer = ac.BPT_Scheduled_AC_CLResControlMode()
    else:
        answer = ac.Scheduled_AC_CLResControlMode()
    return ac.AC_ChargeLoopRes(**base, cl_res_control_mode=answer)


def _acdp_system_status(_: acdp.ACDP_SystemStatusReq, base: dict[str, Any]) -> V2GResponse:
    return acdp.ACDP_SystemStatusRes(
        **base,
        evse_mechanical_charging_device_status=acdp.MechanicalChargingDeviceStatus.Home,
        evse_ready_to_charge=False,
        evse_isolation_status=acdp.IsolationStatus.Invalid,
        evse_disabled=False,
        evse_utility_interrupt_event=False,
        evse_emergency_shutdown=False,
        evse_malfunction=False,
        ev_in_charge_position=False,
        ev_association_status=False,
    )


def _wpt_fine_positioning_setup(_: fine_positioning.WPT_FinePositioningSetupReq, base: dict[str, Any]) -> V2GResponse:
    return fine_positioning.WPT_FinePositioningSetupRes(
        **base,
        primary_device_fine_positioning_method_list=fine_positioning.WPT_FinePositioningMethodList(
            wpt_fine_positioning_method=(fine_positioning.WPT_FinePositioningMethod.Manual,)
        ),
        primary_device_pairing_method_list=fine_positioning.WPT_PairingMethodList(
            wpt_pairing_method=(fine_positioning.WPT_PairingMethod.External_confirmation,)
        ),
        primary_device_alignment_check_method_list=fine_positioning.WPT_AlignmentCheckMethodList(
            wpt_alignment_check_method=(fine_positioning.WPT_AlignmentCheckMethod.PowerCheck,)
        ),
        natural_offset=0,
    )


def _wpt_charge_parameters(_: charging.WPT_ChargeParameterDiscoveryReq, base: dict[str, Any]) -> V2GResponse:
    return charging.WPT_ChargeParameterDiscoveryRes(
        **base,
        pd_input_power_class=charging.WPT_PowerClass.MF_WPT1,
        sd_min_output_power=ZERO,
        sd_max_output_power=ZERO,
        sd_max_ground_clearance_support=0,
        sd_min_ground_clearance_support=0,
        pd_min_coil_current=ZERO,
        pd_max_coil_current=ZERO,
    )


def _wpt_charge_loop(_: charging.WPT_ChargeLoopReq, base: dict[str, Any]) -> V2GResponse:
    return charging.WPT_ChargeLoopRes(
        **base,
        evpc_power_request=ZERO,
        spc_max_output_power_limit=ZERO,
        spc_min_output_power_limit=ZERO,
        spc_charge_diagnostics=charging.WPT_SPCChargeDiagnostics.SPCNoIssue,
    )


_MAKERS: Mapping[type[V2GRequest], _Maker] = {
    session_setup.SessionSetupReq: lambda _, base: session_setup.SessionSetupRes(**base, evse_id="ZZ00000"),
    authorization.AuthorizationSetupReq: lambda _, base: authorization.AuthorizationSetupRes(
        **base,
        authorization_services=(authorization.Authorization.EIM,),
        certificate_installation_service=False,
        eim_as_res_authorization_mode=authorization.EIM_ASResAuthorizationMode(),
    ),
    authorization.AuthorizationReq: lambda _, base: authorization.AuthorizationRes(
        **base, evse_processing=Processing.Finished
    ),
    certificate_installation.CertificateInstallationReq: _certificate_installation,
    service.ServiceDiscoveryReq: lambda _, base: service.ServiceDiscoveryRes(
        **base,
        service_renegotiation_supported=False,
        energy_transfer_service_list=service.ServiceList(service=(service.Service(service_id=0, free_service=False),)),
    ),
    service.ServiceDetailReq: _service_detail,
    service.ServiceSelectionReq: lambda _, base: service.ServiceSelectionRes(**base),
    schedule_exchange.ScheduleExchangeReq: _schedule_exchange,
    power_delivery.PowerDeliveryReq: lambda _, base: power_delivery.PowerDeliveryRes(**base),
    metering.MeteringConfirmationReq: lambda _, base: metering.MeteringConfirmationRes(**base),
    session_stop.SessionStopReq: lambda _, base: session_stop.SessionStopRes(**base),
    vehicle_check.VehicleCheckInReq: lambda _, base: vehicle_check.VehicleCheckInRes(**base),
    vehicle_check.VehicleCheckOutReq: lambda _, base: vehicle_check.VehicleCheckOutRes(
        **base, evse_check_out_status=vehicle_check.EVSECheckOutStatus.Completed
    ),
    ac.AC_ChargeParameterDiscoveryReq: _ac_charge_parameters,
    ac.AC_ChargeLoopReq: _ac_charge_loop,
    acdp.ACDP_VehiclePositioningReq: lambda _, base: acdp.ACDP_VehiclePositioningRes(
        **base,
        evse_processing=Processing.Finished,
        evse_positioning_support=False,
        ev_relative_x_deviation=0,
        ev_relative_y_deviation=0,
        contact_window_xc=0,
        contact_window_yc=0,
        ev_in_charge_position=False,
    ),
    acdp.ACDP_ConnectReq: lambda _, base: acdp.ACDP_ConnectRes(
        **base,
        evse_processing=Processing.Finished,
        evse_electrical_charging_device_status=acdp.ElectricalChargingDeviceStatus.State_A,
        evse_mechanical_charging_device_status=acdp.MechanicalChargingDeviceStatus.Home,
    ),
    acdp.ACDP_SystemStatusReq: _acdp_system_status,
    fine_positioning.WPT_FinePositioningSetupReq: _wpt_fine_positioning_setup,
    fine_positioning.WPT_FinePositioningReq: lambda _, base: fine_positioning.WPT_FinePositioningRes(
        **base, evse_processing=Processing.Finished
    ),
    pairing.WPT_PairingReq: lambda _, base: pairing.WPT_PairingRes(**base, evse_processing=Processing.Finished),
    charging.WPT_ChargeParameterDiscoveryReq: _wpt_charge_parameters,
    charging.WPT_AlignmentCheckReq: lambda _, base: charging.WPT_AlignmentCheckRes(
        **base, evse_processing=Processing.Finished
    ),
    charging.WPT_ChargeLoopReq: _wpt_charge_loop,
    dc.DC_ChargeParameterDiscoveryReq: _charge_parameters,
    dc.DC_CableCheckReq: lambda _, base: dc.DC_CableCheckRes(**base, evse_processing=Processing.Finished),
    dc.DC_PreChargeReq: lambda _, base: dc.DC_PreChargeRes(**base, evse_present_voltage=ZERO),
    dc.DC_ChargeLoopReq: _charge_loop,
    dc.DC_WeldingDetectionReq: lambda _, base: dc.DC_WeldingDetectionRes(**base, evse_present_voltage=ZERO),
}


def failed_response(request: Record, code: str, header: MessageHeader, service_id: int = 0) -> Any:
    """The response of the same kind as ``request`` with ``code`` (a FAILED literal) and the least valid content.

    Args:
        request: What is answered.
        code: A FAILED literal.
        header: Of the answer.
        service_id: The service in use, which decides in which schema set messages of AC are written; 0 for none.

    Raises:
        LocalError: ``request`` is no request.
    """
    if isinstance(request, SupportedAppProtocolReq):
        return SupportedAppProtocolRes(response_code=app.ResponseCode.Failed_NoNegotiation)
    maker = _MAKERS.get(type(request))  # type: ignore[arg-type]  # a class that is no request is simply not found
    if maker is None:
        raise LocalError(f"{type(request).__name__} is no request of ISO 15118-20")
    base = {"header": header, "response_code": ResponseCode[code]}
    if service_id in DER_SERVICES and isinstance(request, ac.AC_ChargeParameterDiscoveryReq | ac.AC_ChargeLoopReq):
        return _der(request, base, service_id)
    return maker(request, base)


def _der(
    request: ac.AC_ChargeParameterDiscoveryReq | ac.AC_ChargeLoopReq, base: dict[str, Any], service_id: int
) -> V2GResponse:
    """In a session of that service in its modes, else in the plain ones, which its schema set has as well."""
    # These are made of what this module serves.
    from iso15118.session.secc.ac_der import DerVariant
    from iso15118.session.secc.ac_variant import variant_of

    variant = variant_of(service_id)
    assert isinstance(variant, DerVariant)
    if isinstance(request, ac.AC_ChargeParameterDiscoveryReq):
        if type(request.ac_cpd_req_energy_transfer_mode) is not variant.parameters:
            return _ac_charge_parameters(request, base)
        least = variant.least_parameters(dict.fromkeys(_AC_CHARGE, ZERO))
        return ac.AC_ChargeParameterDiscoveryRes(**base, ac_cpd_res_energy_transfer_mode=least)
    for control_mode, cls in variant.loops.items():
        if type(request.cl_req_control_mode) is cls:
            return ac.AC_ChargeLoopRes(**base, cl_res_control_mode=variant.least_loop(control_mode))
    return _ac_charge_loop(request, base)
