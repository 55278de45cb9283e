"""One valid message of every class a session could ever be sent."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import msgspec

from iso15118.messages.app import SupportedAppProtocolReq, SupportedAppProtocolRes
from iso15118.messages.iso20 import ac, acdp
from iso15118.messages.iso20.common import certificate_installation as ci
from iso15118.messages.iso20.common import metering, vehicle_check
from iso15118.messages.iso20.types import (
    ListOfRootCertificateIDs,
    MessageHeader,
    MeterInfo,
    Processing,
    ResponseCode,
    V2GRequest,
    V2GResponse,
)
from iso15118.messages.iso20.wpt import charging, fine_positioning, pairing
from iso15118.messages.iso20.wpt.types import WPT_EVResult
from iso15118.messages.model import Record
from iso15118.messages.registry import KEYS, schema_set
from iso15118.messages.xmldsig import X509IssuerSerial
from iso15118.session.ports import Wish
from iso15118.session.quantities import ZERO
from iso15118.session.secc.failed import failed_response
from tests.session.world import World


def classes() -> list[type[Record]]:
    """Every request and response of every schema set, by name."""
    found = {cls for key in KEYS for cls in schema_set(key).roots.values()}
    kinds = (V2GRequest, V2GResponse, SupportedAppProtocolReq, SupportedAppProtocolRes)
    return sorted((cls for cls in found if issubclass(cls, kinds)), key=lambda cls: cls.__name__)


def requests() -> list[type[Record]]:
    return [cls for cls in classes() if cls.__name__.endswith("Req")]


def responses() -> list[type[Record]]:
    return [cls for cls in classes() if cls.__name__.endswith("Res")]


def with_session(message: Record, session_id: bytes) -> Record:
    """The same message under another SessionID; the handshake has none."""
    if not isinstance(message, V2GRequest | V2GResponse):
        return message
    header = msgspec.structs.replace(message.header, session_id=session_id)
    return msgspec.structs.replace(message, header=header)


_HEADER = MessageHeader(session_id=bytes(8), time_stamp=0)
_METER = metering.SignedMeteringData(
    session_id=bytes(8),
    meter_info=MeterInfo(meter_id="M1", charged_energy_reading_wh=1),
    dynamic_smdt_control_mode=metering.Dynamic_SMDTControlMode(),
    id="id1",
)
# What a regular session of today does not say, other energy services included.
_RARE: tuple[V2GRequest, ...] = (
    ci.CertificateInstallationReq(
        header=_HEADER,
        oem_provisioning_certificate_chain=ci.SignedCertificateChain(certificate=b"\1", id="id1"),
        list_of_root_certificate_ids=ListOfRootCertificateIDs(
            root_certificate_id=(X509IssuerSerial(x509_issuer_name="CN=Root", x509_serial_number=1),)
        ),
        maximum_contract_certificate_chains=1,
    ),
    metering.MeteringConfirmationReq(header=_HEADER, signed_metering_data=_METER),
    vehicle_check.VehicleCheckInReq(
        header=_HEADER,
        ev_check_in_status=vehicle_check.EVCheckInStatus.CheckIn,
        parking_method=vehicle_check.ParkingMethod.Manual,
    ),
    vehicle_check.VehicleCheckOutReq(
        header=_HEADER, ev_check_out_status=vehicle_check.EVCheckOutStatus.CheckOut, check_out_time=0
    ),
    ac.AC_ChargeParameterDiscoveryReq(
        header=_HEADER,
        ac_cpd_req_energy_transfer_mode=ac.AC_CPDReqEnergyTransferMode(
            ev_maximum_charge_power=ZERO, ev_minimum_charge_power=ZERO
        ),
    ),
    ac.AC_ChargeLoopReq(
        header=_HEADER,
        meter_info_requested=False,
        cl_req_control_mode=ac.Scheduled_AC_CLReqControlMode(ev_present_active_power=ZERO),
    ),
    acdp.ACDP_VehiclePositioningReq(header=_HEADER, ev_mobility_status=False, ev_positioning_support=False),
    acdp.ACDP_ConnectReq(
        header=_HEADER, ev_electrical_charging_device_status=acdp.ElectricalChargingDeviceStatus.State_A
    ),
    acdp.ACDP_SystemStatusReq(
        header=_HEADER,
        ev_technical_status=acdp.EVTechnicalStatus(ev_ready_to_charge=False, ev_immobilization_request=False),
    ),
    fine_positioning.WPT_FinePositioningSetupReq(
        header=_HEADER,
        ev_processing=Processing.Finished,
        ev_device_fine_positioning_method_list=fine_positioning.WPT_FinePositioningMethodList(
            wpt_fine_positioning_method=(fine_positioning.WPT_FinePositioningMethod.Manual,)
        ),
        ev_device_pairing_method_list=fine_positioning.WPT_PairingMethodList(
            wpt_pairing_method=(fine_positioning.WPT_PairingMethod.External_confirmation,)
        ),
        ev_device_alignment_check_method_list=fine_positioning.WPT_AlignmentCheckMethodList(
            wpt_alignment_check_method=(fine_positioning.WPT_AlignmentCheckMethod.PowerCheck,)
        ),
        natural_offset=0,
    ),
    fine_positioning.WPT_FinePositioningReq(
        header=_HEADER, ev_processing=Processing.Finished, ev_result_code=WPT_EVResult.EVResultSuccess
    ),
    pairing.WPT_PairingReq(
        header=_HEADER, ev_processing=Processing.Finished, ev_result_code=WPT_EVResult.EVResultSuccess
    ),
    charging.WPT_ChargeParameterDiscoveryReq(
        header=_HEADER,
        evpc_max_receivable_power=ZERO,
        sd_max_ground_clearence=0,
        sd_min_ground_clearence=0,
        evpc_natural_frequency=ZERO,
        evpc_device_local_control=False,
    ),
    charging.WPT_AlignmentCheckReq(
        header=_HEADER, ev_processing=Processing.Finished, ev_result_code=WPT_EVResult.EVResultSuccess
    ),
    charging.WPT_ChargeLoopReq(
        header=_HEADER,
        meter_info_requested=False,
        evpc_power_request=ZERO,
        evpc_power_output=ZERO,
        evpc_charge_diagnostics=charging.WPT_EVPCChargeDiagnostics.EVPCNoIssue,
    ),
)


@functools.cache
def samples() -> Mapping[type[Record], Record]:
    """Class -> a valid message, most of them from a regular session (DC_BPT, Dynamic)."""
    world = World()
    world.at(5.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    found: dict[type[Record], Record] = {type(message): message for message in world.messages()}
    for request in _RARE:
        response = failed_response(request, "FAILED", _HEADER)
        found[type(request)] = request
        found[type(response)] = msgspec.structs.replace(response, response_code=ResponseCode.OK)
    return found
