"""What a conservative sender keeps clear of, rule by rule."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.exi.lint import lint
from iso15118.messages import app, deployed, xmldsig
from iso15118.messages.iso20 import acdp, dc
from iso15118.messages.iso20.common import (
    authorization,
    certificate_installation,
    metering,
    price_schedule,
    schedule_exchange,
    service,
    session_setup,
)
from iso15118.messages.iso20.types import MessageHeader, MeterInfo, ResponseCode
from iso15118.messages.iso20.wpt import fine_positioning, lf_signals
from iso15118.messages.model import Child, QName
from iso15118.messages.registry import schema_set
from tests.exi.samples import APP_REQ, CABLE_CHECK_RES, HEADER, LOOP_RES, rational

OK = {"header": HEADER, "response_code": ResponseCode.OK}


def found(message: object, key: str = "CommonMessages", **where: str) -> list[tuple[str, str]]:
    exi.encode(message, key, **where)  # valid by the schema: that is the point
    return [(finding.path, finding.rule.name) for finding in lint(message, key, **where)]


def offers(count: int, namespace: str = "urn:iso:std:iso:15118:-20:DC") -> app.SupportedAppProtocolReq:
    entry = msgspec.structs.replace(APP_REQ.app_protocol[0], protocol_namespace=namespace)
    return app.SupportedAppProtocolReq(app_protocol=(entry,) * count)


def details(sets: int, parameters: int, text: str = "x") -> service.ServiceDetailRes:
    parameter = service.Parameter(name="P", finite_string=text)
    one = service.ParameterSet(parameter_set_id=1, parameter=(parameter,) * parameters)
    offered = service.ServiceParameterList(parameter_set=(one,) * sets)
    return service.ServiceDetailRes(**OK, service_id=6, service_parameter_list=offered)


def signed_by(
    references: int = 1, transforms: int = 1, algorithm: str = "a", digest: bytes = b"d"
) -> xmldsig.Signature:
    transform = xmldsig.Transform(algorithm="http://www.w3.org/TR/canonical-exi/")
    reference = xmldsig.Reference(
        uri="#id1",
        transforms=xmldsig.Transforms(transform=(transform,) * transforms),
        digest_method=xmldsig.DigestMethod(algorithm="http://www.w3.org/2001/04/xmlenc#sha512"),
        digest_value=digest,
    )
    info = xmldsig.SignedInfo(
        canonicalization_method=xmldsig.CanonicalizationMethod(algorithm=algorithm),
        signature_method=xmldsig.SignatureMethod(algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"),
        reference=(reference,) * references,
    )
    return xmldsig.Signature(signed_info=info, signature_value=xmldsig.SignatureValue(value=b"s"))


def setup(signature: xmldsig.Signature | None = None, evcc_id: str = "WMI") -> session_setup.SessionSetupReq:
    header = msgspec.structs.replace(HEADER, signature=signature)
    return session_setup.SessionSetupReq(header=header, evcc_id=evcc_id)


def chain(sub_certificates: int, certificate: bytes = b"c") -> certificate_installation.ContractCertificateChain:
    sub = certificate_installation.SubCertificates(certificate=(b"s",) * sub_certificates)
    return certificate_installation.ContractCertificateChain(certificate=certificate, sub_certificates=sub)


def plug_and_charge(sub_certificates: int = 2, certificate: bytes = b"c") -> authorization.AuthorizationReq:
    mode = authorization.PnC_AReqAuthorizationMode(
        id="id1", gen_challenge=bytes(16), contract_certificate_chain=chain(sub_certificates, certificate)
    )
    return authorization.AuthorizationReq(
        header=HEADER,
        selected_authorization_service=authorization.Authorization.PnC,
        pnc_a_req_authorization_mode=mode,
    )


@pytest.mark.parametrize(
    ("message", "key"),
    [
        (APP_REQ, "AppProtocol"),
        (offers(5, "n" * 99), "AppProtocol"),
        (CABLE_CHECK_RES, "DC"),
        (details(4, 8), "CommonMessages"),
        (setup(signed_by(references=4, algorithm="a" * 64)), "CommonMessages"),
        (plug_and_charge(), "CommonMessages"),
        (setup(evcc_id=""), "CommonMessages"),  # empty, but nobody signs it
    ],
    ids=["handshake", "full handshake", "no text", "details", "signature", "chain", "empty"],
)
def test_what_is_inside_has_no_findings(message, key):
    assert found(message, key) == []


@pytest.mark.parametrize("text", ["Zoë", "a\tb", "a\x7f", "\U0001f600"])
def test_only_printable_ascii_is_safe(text):
    assert found(setup(evcc_id=text)) == [("SessionSetupReq/EVCCID", "plain-text")]


def test_text_deep_inside_is_found_with_its_place():
    assert found(LOOP_RES, "DC") == [("DC_ChargeLoopRes/MeterInfo/MeterID", "plain-text")]
    places = found(details(2, 1, "é"))
    assert places == [
        (f"ServiceDetailRes/ServiceParameterList/ParameterSet[{number}]/Parameter[1]/finiteString", "plain-text")
        for number in (1, 2)
    ]


def test_a_finding_says_what_is_safe_and_who_fails():
    (finding,) = lint(setup(evcc_id="é"), "CommonMessages")
    assert str(finding).startswith("SessionSetupReq/EVCCID: character U+00E9; safe: printable ASCII. cbV2G")
    assert finding.rule is deployed.PLAIN_TEXT


def test_more_than_five_protocols():
    assert found(offers(6), "AppProtocol") == [("supportedAppProtocolReq/AppProtocol", "list-too-long")]


def test_a_protocol_namespace_of_full_length():
    path = "supportedAppProtocolReq/AppProtocol[1]/ProtocolNamespace"
    assert found(offers(1, "n" * 100), "AppProtocol") == [(path, "protocol-namespace")]


def test_parameter_sets_and_parameters():
    sets = "ServiceDetailRes/ServiceParameterList/ParameterSet"
    assert found(details(5, 1)) == [(sets, "list-too-long")]
    assert found(details(1, 9)) == [(f"{sets}[1]/Parameter", "list-too-long")]


@pytest.mark.parametrize(
    ("change", "path", "rule"),
    [
        ({"references": 5}, "Reference", "list-too-long"),
        ({"transforms": 2}, "Reference[1]/Transforms/Transform", "list-too-long"),
        ({"algorithm": "a" * 65}, "CanonicalizationMethod/@Algorithm", "signature-text"),
        ({"digest": b""}, "Reference[1]/DigestValue", "empty-signed-value"),
    ],
)
def test_signatures(change, path, rule):
    assert found(setup(signed_by(**change))) == [(f"SessionSetupReq/Header/Signature/SignedInfo/{path}", rule)]


def test_what_no_signature_of_a_session_has():
    def named(name: str, value: object) -> Child:
        return Child(QName(name, xmldsig.XMLNS.uri), value)

    plain = signed_by()
    keyed = msgspec.structs.replace(plain, key_info=xmldsig.KeyInfo(content=(named("KeyName", "N" * 65),)))
    at = "SessionSetupReq/Header/Signature/KeyInfo"
    assert found(setup(keyed)) == [(at, "signature-part"), (f"{at}/KeyName[1]", "signature-text")]
    method = xmldsig.CanonicalizationMethod(algorithm="a", content=("é", named("KeyName", "")))
    at = "CanonicalizationMethod"
    assert found(method, "xmldsig") == [
        (f"{at}/#text[1]", "signature-part"),
        (f"{at}/#text[1]", "plain-text"),
        (f"{at}/KeyName[2]", "signature-part"),
    ]
    xpath = xmldsig.Transform(algorithm="a", content=(named("XPath", "/"),))
    assert found(xpath, "xmldsig") == [("Transform/XPath[1]", "signature-part")]


def test_names_of_issuers_are_text_of_xmldsig():
    issuer = xmldsig.X509IssuerSerial(x509_issuer_name="N" * 65, x509_serial_number=1)
    request = certificate_installation.CertificateInstallationReq(
        header=HEADER,
        oem_provisioning_certificate_chain=certificate_installation.SignedCertificateChain(id="i", certificate=b"c"),
        list_of_root_certificate_ids=certificate_installation.ListOfRootCertificateIDs(root_certificate_id=(issuer,)),
        maximum_contract_certificate_chains=1,
    )
    assert found(request) == [
        (
            "CertificateInstallationReq/ListOfRootCertificateIDs/RootCertificateID[1]/X509IssuerName",
            "signature-text",
        )
    ]


def test_lists_at_their_maximum():
    path = "AuthorizationReq/PnC_AReqAuthorizationMode/ContractCertificateChain/SubCertificates/Certificate"
    assert found(plug_and_charge(sub_certificates=3)) == [(path, "list-at-maximum")]
    both = authorization.AuthorizationSetupRes(
        **OK,
        authorization_services=(authorization.Authorization.EIM, authorization.Authorization.PnC),
        certificate_installation_service=False,
        eim_as_res_authorization_mode=authorization.EIM_ASResAuthorizationMode(),
    )
    assert found(both) == []  # measured to be fine


def test_price_rule_stacks():
    rule = price_schedule.PriceRule(energy_fee=rational(1), power_range_start=rational(0))
    stack = price_schedule.PriceRuleStack(duration=1, price_rule=(rule,))

    def schedule(count: int, **ids: str) -> price_schedule.AbsolutePriceSchedule:
        return price_schedule.AbsolutePriceSchedule(
            **ids,
            time_anchor=0,
            price_schedule_id=1,
            currency="EUR",
            language="",
            price_algorithm="urn:x",
            price_rule_stacks=price_schedule.PriceRuleStackList(price_rule_stack=(stack,) * count),
        )

    def response(count: int, **ids: str) -> schedule_exchange.ScheduleExchangeRes:
        mode = schedule_exchange.Dynamic_SEResControlMode(absolute_price_schedule=schedule(count, **ids))
        return schedule_exchange.ScheduleExchangeRes(
            **OK, evse_processing=CABLE_CHECK_RES.evse_processing, dynamic_se_res_control_mode=mode
        )

    at = "ScheduleExchangeRes/Dynamic_SEResControlMode/AbsolutePriceSchedule"
    assert found(response(64)) == []
    assert found(response(65)) == [(f"{at}/PriceRuleStacks/PriceRuleStack", "list-too-long")]
    # With an Id a signature may refer to it: then the empty Language counts.
    assert found(response(1, id="id1")) == [(f"{at}/Language", "empty-signed-value")]


def test_empty_values_in_what_is_signed():
    path = "AuthorizationReq/PnC_AReqAuthorizationMode/ContractCertificateChain/Certificate"
    assert found(plug_and_charge(certificate=b"")) == [(path, "empty-signed-value")]
    data = metering.SignedMeteringData(
        id="",
        session_id=bytes(8),
        meter_info=MeterInfo(meter_id="", charged_energy_reading_wh=1),
        dynamic_smdt_control_mode=metering.Dynamic_SMDTControlMode(),
    )
    request = metering.MeteringConfirmationReq(header=HEADER, signed_metering_data=data)
    # The empty Id is an attribute, which both families of codecs write alike.
    assert found(request) == [("MeteringConfirmationReq/SignedMeteringData/MeterInfo/MeterID", "empty-signed-value")]


def test_fragments_somebody_has_no_codec_for():
    info = signed_by().signed_info
    assert found(info, "xmldsig", mode="fragment") == []
    assert found(plug_and_charge().pnc_a_req_authorization_mode, mode="fragment") == []
    oem = certificate_installation.SignedCertificateChain(id="i", certificate=b"c")
    where = {"mode": "fragment", "element": "OEMProvisioningCertificateChain"}
    assert found(oem, **where) == [("OEMProvisioningCertificateChain", "fragment-without-codec")]
    assert "cbV2G can't" in lint(oem, "CommonMessages", **where)[0].what
    # What no signature covers needs no codec.
    assert found("x", mode="fragment", element="EVCCID") == []


def swapping() -> tuple[acdp.ACDP_ConnectReq, acdp.ACDP_ConnectRes]:
    electrical = acdp.ElectricalChargingDeviceStatus.State_A
    mechanical = acdp.MechanicalChargingDeviceStatus.Home
    return (
        acdp.ACDP_ConnectReq(header=HEADER, ev_electrical_charging_device_status=electrical),
        acdp.ACDP_ConnectRes(
            **OK,
            evse_processing=CABLE_CHECK_RES.evse_processing,
            evse_electrical_charging_device_status=electrical,
            evse_mechanical_charging_device_status=mechanical,
        ),
    )


@pytest.mark.parametrize(("name", "swapped"), [("Connect", (False, True)), ("Disconnect", (True, False))])
def test_roots_of_acdp_that_are_numbered_differently(name, swapped):
    for message, kind, wrong in zip(swapping(), ("Req", "Res"), swapped, strict=True):
        root = f"ACDP_{name}{kind}"
        assert found(message, "ACDP", element=root) == ([(root, "swapped-root")] if wrong else [])


def test_signed_info_in_sets_without_a_codec():
    info = signed_by().signed_info
    assert found(info, "DC", mode="fragment") == []
    assert found(info, "ACDP", mode="fragment") == [("SignedInfo", "fragment-without-codec")]


def test_lists_of_wpt_that_are_cut_and_containers_that_are_missed():
    at = fine_positioning.WPT_FinePositioningMethodList(
        wpt_fine_positioning_method=(fine_positioning.WPT_FinePositioningMethod.Proprietary,)
    )
    antenna = lf_signals.WPT_TxRxSpecData(
        tx_rx_identifier=1,
        tx_rx_position=lf_signals.WPT_CoordinateXYZ(coord_x=0, coord_y=0, coord_z=0),
        tx_rx_orientation=lf_signals.WPT_CoordinateXYZ(coord_x=0, coord_y=0, coord_z=0),
    )
    receiver = lf_signals.WPT_LF_ReceiverData(number_of_receivers=2, rx_spec_data=(antenna, antenna))
    request = fine_positioning.WPT_FinePositioningSetupReq(
        header=HEADER,
        ev_processing=CABLE_CHECK_RES.evse_processing,
        ev_device_fine_positioning_method_list=at,
        ev_device_pairing_method_list=fine_positioning.WPT_PairingMethodList(
            wpt_pairing_method=(fine_positioning.WPT_PairingMethod.LPE,)
        ),
        ev_device_alignment_check_method_list=fine_positioning.WPT_AlignmentCheckMethodList(
            wpt_alignment_check_method=(fine_positioning.WPT_AlignmentCheckMethod.LPE,)
        ),
        natural_offset=0,
    )
    missing = ("WPT_FinePositioningSetupReq/VendorSpecificDataContainer", "missing-container")
    cut = ("WPT_FinePositioningSetupReq/LF_SystemSetupData/LF_ReceiverSetupData/RxSpecData", "truncated-list")
    data = lf_signals.WPT_LF_SystemSetupData(lf_receiver_setup_data=receiver)
    assert found(request, "WPT") == [missing]
    both = msgspec.structs.replace(request, lf_system_setup_data=data)
    assert found(both, "WPT") == [missing, cut]
    assert found(msgspec.structs.replace(both, vendor_specific_data_container=(b"v",)), "WPT") == [cut]


def test_a_class_of_another_schema_set_is_refused():
    with pytest.raises(CodecError, match="no element"):
        lint(CABLE_CHECK_RES, "CommonMessages")


def test_substitutes_are_walked_by_their_own_class():
    loop = msgspec.structs.replace(LOOP_RES, meter_info=None)
    assert found(loop, "DC") == []
    assert isinstance(loop.cl_res_control_mode, dc.BPT_Scheduled_DC_CLResControlMode)


def test_headers_without_signature_are_inside():
    assert (
        found(session_setup.SessionSetupReq(header=MessageHeader(session_id=bytes(8), time_stamp=0), evcc_id="A")) == []
    )


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (deployed.LIST_LIMITS, ("AppProtocol", "CommonMessages", "xmldsig")),
        (deployed.AT_MAXIMUM_SAFE, ("CommonMessages",)),
        (deployed.SIGNATURE_PARTS, ("xmldsig",)),
        (deployed.SIGNED, ("CommonMessages",)),
        (deployed.SWAPPED_ROOTS.get("ACDP", ()), ("ACDP",)),
        (deployed.MISSED, ("WPT",)),
        (deployed.MISSED.values(), ("WPT",)),
        (deployed.TRUNCATED_LISTS, ("WPT",)),
        *((names, ("CommonMessages",)) for names in deployed.FRAGMENT_CODECS.values()),
    ],
)
def test_the_table_names_elements_that_exist(names, keys):
    """A misspelt name in the table would be a rule that never fires."""
    known = {name.local for key in keys for name in schema_set(key).element_names}
    assert names
    assert set(names) <= known


FIRST = APP_REQ.app_protocol[0]


@pytest.mark.parametrize(
    ("message", "key", "path"),
    [
        (app.SupportedAppProtocolReq(app_protocol=5), "AppProtocol", "supportedAppProtocolReq/AppProtocol"),
        (app.SupportedAppProtocolReq(app_protocol="a"), "AppProtocol", "supportedAppProtocolReq/AppProtocol"),
        (app.SupportedAppProtocolReq(app_protocol=[FIRST]), "AppProtocol", "supportedAppProtocolReq/AppProtocol"),
        (app.SupportedAppProtocolReq(app_protocol=()), "AppProtocol", "supportedAppProtocolReq/AppProtocol"),
        (app.SupportedAppProtocolReq(app_protocol=(None,)), "AppProtocol", "supportedAppProtocolReq/AppProtocol[1]"),
        (
            app.SupportedAppProtocolReq(app_protocol=(FIRST, replace(FIRST, protocol_namespace=b"urn"))),
            "AppProtocol",
            "supportedAppProtocolReq/AppProtocol[2]/ProtocolNamespace",
        ),
        (replace(CABLE_CHECK_RES, header=5), "DC", "DC_CableCheckRes/Header"),
        (replace(CABLE_CHECK_RES, header=None), "DC", "DC_CableCheckRes/Header"),
        (
            replace(CABLE_CHECK_RES, header=replace(HEADER, signature=5)),
            "DC",
            "DC_CableCheckRes/Header/Signature",
        ),
        (replace(LOOP_RES, meter_info=rational(1)), "DC", "DC_ChargeLoopRes/MeterInfo"),
        (
            replace(LOOP_RES, meter_info=replace(LOOP_RES.meter_info, meter_id=None)),
            "DC",
            "DC_ChargeLoopRes/MeterInfo/MeterID",
        ),
        (
            xmldsig.CanonicalizationMethod(algorithm="a", content=(5,)),
            "xmldsig",
            "CanonicalizationMethod",
        ),
    ],
)
def test_a_message_that_is_not_valid_is_refused_as_encode_would(message, key, path):
    with pytest.raises(CodecError) as caught:
        lint(message, key)
    assert caught.value.path == path
    with pytest.raises(CodecError) as theirs:
        exi.encode(message, key)
    assert str(caught.value) == str(theirs.value)


def test_another_class_than_that_of_the_named_root_is_refused():
    with pytest.raises(CodecError, match="a DC_ChargeLoopRes is needed, not a DC_CableCheckRes"):
        lint(CABLE_CHECK_RES, "DC", element="DC_ChargeLoopRes")


def test_a_fault_in_a_field_no_rule_concerns_is_left_to_encode():
    assert lint(replace(CABLE_CHECK_RES, response_code=None), "DC") == ()
