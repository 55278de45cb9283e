"""The eight messages that are measured: what a session in both directions really sends, at realistic sizes.

Certificates, keys and signatures are octets of the right length and no more: a codec neither parses nor checks them.
They come from a hash, so every run and every machine measures the same messages.
"""

from __future__ import annotations

import hashlib

from iso15118.messages import xmldsig
from iso15118.messages.iso20 import dc
from iso15118.messages.iso20.common.authorization import Authorization, AuthorizationReq, PnC_AReqAuthorizationMode
from iso15118.messages.iso20.common.certificate_installation import (
    CertificateChain,
    CertificateInstallationRes,
    ContractCertificateChain,
    ECDHCurve,
    SignedInstallationData,
    SubCertificates,
)
from iso15118.messages.iso20.common.price_schedule import (
    AbsolutePriceSchedule,
    OverstayRule,
    OverstayRuleList,
    PriceRule,
    PriceRuleStack,
    PriceRuleStackList,
    TaxRule,
    TaxRuleList,
)
from iso15118.messages.iso20.common.schedule_exchange import (
    ChargingSchedule,
    PowerSchedule,
    PowerScheduleEntry,
    PowerScheduleEntryList,
    Scheduled_SEResControlMode,
    ScheduleExchangeRes,
    ScheduleTuple,
)
from iso15118.messages.iso20.common.service import (
    Parameter,
    ParameterSet,
    ServiceDetailRes,
    ServiceParameterList,
)
from iso15118.messages.iso20.common.session_setup import SessionSetupReq
from iso15118.messages.iso20.types import (
    EVSENotification,
    EVSEStatus,
    MessageHeader,
    MeterInfo,
    Processing,
    RationalNumber,
    ResponseCode,
)
from iso15118.messages.model import Record

__all__ = ["CHAINS", "KEYS", "LOOPS", "MESSAGES"]

NOW_S = 1_795_543_200
SESSION = bytes.fromhex("3D4CBF93371CCE51")
CANONICAL_EXI = "http://www.w3.org/TR/canonical-exi/"
ECDSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"


def number(value: int, exponent: int = 0) -> RationalNumber:
    return RationalNumber(exponent=exponent, value=value)


def octets(label: str, length: int) -> bytes:
    """As many octets as asked for, always the same ones for a label; no pattern that a codec could profit from."""
    return hashlib.shake_256(label.encode()).digest(length)


def certificate(label: str, length: int) -> bytes:
    """As long as a certificate with a P-521 key, and with the beginning of its DER."""
    return b"\x30\x82" + (length - 4).to_bytes(2, "big") + octets(label, length - 4)


HEADER = MessageHeader(session_id=SESSION, time_stamp=NOW_S)


def signed_header(identity: str) -> MessageHeader:
    """A header that signs the element called ``identity`` with P-521 and SHA-512."""
    reference = xmldsig.Reference(
        transforms=xmldsig.Transforms(transform=(xmldsig.Transform(algorithm=CANONICAL_EXI),)),
        digest_method=xmldsig.DigestMethod(algorithm=SHA512),
        digest_value=octets(f"digest of {identity}", 64),
        uri=f"#{identity}",
    )
    signature = xmldsig.Signature(
        signed_info=xmldsig.SignedInfo(
            canonicalization_method=xmldsig.CanonicalizationMethod(algorithm=CANONICAL_EXI),
            signature_method=xmldsig.SignatureMethod(algorithm=ECDSA_SHA512),
            reference=(reference,),
        ),
        signature_value=xmldsig.SignatureValue(value=octets(f"signature of {identity}", 132)),
    )
    return MessageHeader(session_id=SESSION, time_stamp=NOW_S, signature=signature)


SETUP_REQ = SessionSetupReq(header=HEADER, evcc_id="WMIV1234567890ABCDEX")


def parameter_set(number_of_set: int, control_mode: int) -> ParameterSet:
    values = {
        "Connector": 2,
        "ControlMode": control_mode,
        "EVSENominalVoltage": 400,
        "MobilityNeedsMode": 1,
        "Pricing": 1,
        "BPTChannel": 1,
    }
    return ParameterSet(
        parameter_set_id=number_of_set,
        parameter=tuple(Parameter(name=name, int_value=value) for name, value in values.items()),
    )


DETAIL_RES = ServiceDetailRes(
    header=HEADER,
    response_code=ResponseCode.OK,
    service_id=6,
    service_parameter_list=ServiceParameterList(parameter_set=(parameter_set(1, 1), parameter_set(2, 2))),
)

PARAMETERS_REQ = dc.DC_ChargeParameterDiscoveryReq(
    header=HEADER,
    dc_cpd_req_energy_transfer_mode=dc.BPT_DC_CPDReqEnergyTransferMode(
        ev_maximum_charge_power=number(1500, 2),
        ev_minimum_charge_power=number(0),
        ev_maximum_charge_current=number(3500, -1),
        ev_minimum_charge_current=number(0),
        ev_maximum_voltage=number(4200, -1),
        ev_minimum_voltage=number(3000, -1),
        target_soc=80,
        ev_maximum_discharge_power=number(-1100, 1),
        ev_minimum_discharge_power=number(0),
        ev_maximum_discharge_current=number(-300, -1),
        ev_minimum_discharge_current=number(0),
    ),
)

FEES = ((41, 420, 38), (47, 455, 31), (44, 438, 35), (39, 401, 44), (33, 352, 52), (28, 310, 61), (26, 296, 66))
"""Hour by hour: cents of EnergyFee, gCO2/kWh, percent renewable."""

PRICES = AbsolutePriceSchedule(
    time_anchor=NOW_S,
    price_schedule_id=1,
    price_schedule_description="evening tariff, bidirectional",
    currency="EUR",
    language="eng",
    price_algorithm="urn:iso:std:iso:15118:-20:PriceAlgorithm:1-Power",
    tax_rules=TaxRuleList(
        tax_rule=(
            TaxRule(
                tax_rule_id=1,
                tax_rule_name="VAT",
                tax_rate=number(19),
                tax_included_in_price=True,
                applies_to_energy_fee=True,
                applies_to_parking_fee=True,
                applies_to_overstay_fee=True,
                applies_minimum_maximum_cost=False,
            ),
        )
    ),
    price_rule_stacks=PriceRuleStackList(
        price_rule_stack=tuple(
            PriceRuleStack(
                duration=3600,
                price_rule=(
                    PriceRule(
                        energy_fee=number(cents, -2),
                        carbon_dioxide_emission=grams,
                        renewable_generation_percentage=share,
                        power_range_start=number(0),
                    ),
                ),
            )
            for cents, grams, share in FEES
        )
    ),
    overstay_rules=OverstayRuleList(
        overstay_time_threshold=1800,
        overstay_rule=(OverstayRule(start_time=1800, overstay_fee=number(10, -2), overstay_fee_period=60),),
    ),
)

SCHEDULE_RES = ScheduleExchangeRes(
    header=HEADER,
    response_code=ResponseCode.OK,
    evse_processing=Processing.Finished,
    scheduled_se_res_control_mode=Scheduled_SEResControlMode(
        schedule_tuple=(
            ScheduleTuple(
                schedule_tuple_id=1,
                charging_schedule=ChargingSchedule(
                    power_schedule=PowerSchedule(
                        time_anchor=NOW_S,
                        power_schedule_entries=PowerScheduleEntryList(
                            power_schedule_entry=tuple(
                                PowerScheduleEntry(duration=seconds, power=number(tens_of_watts, 1))
                                for seconds, tens_of_watts in ((3600, 0), (7200, 1100), (14_400, 2200), (21_600, 700))
                            )
                        ),
                    ),
                    absolute_price_schedule=PRICES,
                ),
            ),
        )
    ),
)

LOOP_REQ = dc.DC_ChargeLoopReq(
    header=HEADER,
    meter_info_requested=True,
    ev_present_voltage=number(4012, -1),
    cl_req_control_mode=dc.BPT_Dynamic_DC_CLReqControlMode(
        departure_time=46_800,
        ev_target_energy_request=number(1500, 1),
        ev_maximum_energy_request=number(2400, 1),
        ev_minimum_energy_request=number(-1500, 1),
        ev_maximum_charge_power=number(1100, 1),
        ev_minimum_charge_power=number(0),
        ev_maximum_charge_current=number(300, -1),
        ev_maximum_voltage=number(4200, -1),
        ev_minimum_voltage=number(3000, -1),
        ev_maximum_discharge_power=number(-1100, 1),
        ev_minimum_discharge_power=number(0),
        ev_maximum_discharge_current=number(-300, -1),
        ev_maximum_v2x_energy_request=number(900, 1),
        ev_minimum_v2x_energy_request=number(-2100, 1),
    ),
)
"""What a car says in Dynamic control, four times a second."""

LOOP_RES = dc.DC_ChargeLoopRes(
    header=HEADER,
    response_code=ResponseCode.OK,
    evse_status=EVSEStatus(notification_max_delay=0, evse_notification=EVSENotification.Terminate),
    meter_info=MeterInfo(
        meter_id="DE-EVB-0001", charged_energy_reading_wh=1_204_331, bpt_discharged_energy_reading_wh=7_512
    ),
    evse_present_current=number(-267, -1),
    evse_present_voltage=number(4009, -1),
    evse_power_limit_achieved=False,
    evse_current_limit_achieved=False,
    evse_voltage_limit_achieved=False,
    cl_res_control_mode=dc.BPT_Dynamic_DC_CLResControlMode(
        evse_maximum_charge_power=number(1100, 1),
        evse_minimum_charge_power=number(0),
        evse_maximum_charge_current=number(300, -1),
        evse_maximum_voltage=number(5000, -1),
        evse_maximum_discharge_power=number(-1100, 1),
        evse_minimum_discharge_power=number(0),
        evse_maximum_discharge_current=number(-300, -1),
        evse_minimum_voltage=number(2000, -1),
    ),
)
"""What a station answers, with the meter's registers."""

CONTRACT_CHAIN = ContractCertificateChain(
    certificate=certificate("contract", 738),
    sub_certificates=SubCertificates(certificate=(certificate("MO sub 2", 692), certificate("MO sub 1", 684))),
)

INSTALLATION_RES = CertificateInstallationRes(
    header=signed_header("contract-1"),
    response_code=ResponseCode.OK,
    evse_processing=Processing.Finished,
    cps_certificate_chain=CertificateChain(
        certificate=certificate("CPS", 726),
        sub_certificates=SubCertificates(certificate=(certificate("CPS sub 2", 690), certificate("CPS sub 1", 686))),
    ),
    signed_installation_data=SignedInstallationData(
        contract_certificate_chain=CONTRACT_CHAIN,
        ecdh_curve=ECDHCurve.SECP521,
        dh_public_key=b"\x04" + octets("DH public key", 132),
        secp521_encrypted_private_key=octets("encrypted private key", 94),
        id="contract-1",
    ),
    remaining_contract_certificate_chains=0,
)

AUTHORIZATION_REQ = AuthorizationReq(
    header=signed_header("auth-1"),
    selected_authorization_service=Authorization.PnC,
    pnc_a_req_authorization_mode=PnC_AReqAuthorizationMode(
        gen_challenge=octets("challenge", 16), contract_certificate_chain=CONTRACT_CHAIN, id="auth-1"
    ),
)

MESSAGES: dict[str, Record] = {
    type(message).__name__: message
    for message in (
        SETUP_REQ,
        DETAIL_RES,
        PARAMETERS_REQ,
        SCHEDULE_RES,
        LOOP_REQ,
        LOOP_RES,
        INSTALLATION_RES,
        AUTHORIZATION_REQ,
    )
}
"""By name, in the order of the report."""

KEYS: dict[str, str] = {name: "DC" if name.startswith("DC_") else "CommonMessages" for name in MESSAGES}
"""The schema set that each message belongs to."""

LOOPS = ("DC_ChargeLoopReq", "DC_ChargeLoopRes")
"""Both directions of the charge loop: what nearly all messages of a session are."""

CHAINS = ("CertificateInstallationRes", "AuthorizationReq")
"""The messages with certificate chains and a signature."""
