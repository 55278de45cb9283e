"""One vocabulary: Python names follow from schema names by one rule, and codes from the names alone."""

from __future__ import annotations

import enum
import inspect
import re

import msgspec.structs
import pytest

from iso15118.errors import LocalError
from iso15118.messages.model import Record
from iso15118.messages.registry import KEYS, classes_of, schema_set

_WORDS = [
    *("EMAIDs", "EMAID", "VARh", "V2X", "PnC", "EVSE", "EVCC", "EVPC", "EV", "SOC", "IDs", "ID"),
    *("X509", "X448", "SECP521"),
    *("DSO", "IEEE1547", "J3072", "PT1"),
]
_PATTERN = re.compile(
    "|".join(
        [f"(?:{word})(?=[A-Z0-9_]|$)" for word in _WORDS]
        + [r"L[123]\b", r"[A-Z]+(?=[A-Z][a-z])", r"[A-Z]?[a-z]+\d*", r"[A-Z]+", r"\d+"]
    )
)


def snake_case(schema_name: str) -> str:
    """The rule: words of the schema name in lower case, joined by underscores; acronyms of the list are one word."""
    parts = schema_name.split("_")
    return "_".join(match.group(0).lower() for part in parts for match in _PATTERN.finditer(part))


def class_name(schema_type: str) -> str:
    name = schema_type.removesuffix("Type")
    name = re.sub(r"^(evse|ev|ecdh|dh|secp521|x448|tpm)(?=[A-Z_])", lambda match: match.group(0).upper(), name)
    return name[0].upper() + name[1:]


CLASSES = sorted(
    {cls for key in KEYS for namespace in schema_set(key).namespaces for cls in classes_of(namespace)},
    key=lambda cls: (cls.__module__, cls.__name__),
)


@pytest.mark.parametrize(
    ("schema_name", "python_name"),
    [
        ("EVMaximumV2XEnergyRequest", "ev_maximum_v2x_energy_request"),
        ("EVSEID", "evse_id"),
        ("PnC_AReqAuthorizationMode", "pnc_a_req_authorization_mode"),
        ("BPT_InductiveEnergyReadingVARh", "bpt_inductive_energy_reading_varh"),
        ("PrioritizedEMAIDs", "prioritized_emaids"),
        ("Power_L2", "power_l2"),
        ("EVPCPowerRequest", "evpc_power_request"),
        ("ContactWindowXc", "contact_window_xc"),
        ("DSOQSetpointValue_L2", "dso_q_setpoint_value_l2"),
        ("PT1ResponseActivePower", "pt1_response_active_power"),
        ("IEEE1547NormalCategory", "ieee1547_normal_category"),
        ("xUnit", "x_unit"),
    ],
)
def test_snake_case(schema_name: str, python_name: str) -> None:
    assert snake_case(schema_name) == python_name


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_class_is_named_and_documented_by_its_schema(cls: type[Record]) -> None:
    for field in msgspec.structs.fields(cls):
        expected = {"*": "any"}.get(field.encode_name, snake_case(field.encode_name))
        assert field.name == expected
    assert cls.__doc__ is not None
    source = re.search(r"Source: \S+\.xsd, (?:element )?``(\w+)``", inspect.cleandoc(cls.__doc__))
    assert source is not None, f"{cls.__name__} does not name its schema type"
    assert cls.__name__ == class_name(source.group(1))


def test_an_enumeration_is_named_by_its_literals() -> None:
    enums = {
        value
        for key in KEYS
        for namespace in schema_set(key).namespaces
        for module in namespace.modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, enum.Enum)
    }
    assert len(enums) >= 26
    for value in enums:
        for member in value:
            # "MF-WPT1" and "External confirmation" are no names in Python.
            assert member.name == re.sub(r"\W", "_", member.value)


@pytest.mark.parametrize(
    ("key", "global_elements", "elements"),
    [
        ("AppProtocol", 2, 9),
        ("CommonMessages", 54, 281),
        ("AC", 42, 154),
        ("DC", 48, 149),
        ("ACDP", 34, 129),
        ("WPT", 38, 193),
        ("AC_DER_IEC", 48, 259),
        ("AC_DER_SAE", 49, 367),
        ("xmldsig", 24, 45),
    ],
)
def test_a_schema_set_counts_every_element(key: str, global_elements: int, elements: int) -> None:
    """Counts as two deployed codec families use them (tests/data/README.md)."""
    found = schema_set(key)
    assert len(found.global_names) == global_elements
    assert len(found.element_names) == elements


@pytest.mark.parametrize(
    ("key", "element", "code"),
    [
        ("CommonMessages", "PnC_AReqAuthorizationMode", 151),
        ("CommonMessages", "OEMProvisioningCertificateChain", 128),
        ("CommonMessages", "SignedInstallationData", 231),
        ("CommonMessages", "PriceLevelSchedule", 167),
        ("CommonMessages", "SignedInfo", 230),
        ("AC", "AC_ChargeParameterDiscoveryRes", 5),
        ("AC", "SignedInfo", 135),
        ("DC", "DC_ChargeParameterDiscoveryRes", 26),
        ("DC", "SignedInfo", 129),
        ("ACDP", "SignedInfo", 110),
        ("WPT", "SignedInfo", 146),
        ("AC_DER_IEC", "SignedInfo", 217),
        ("AC_DER_SAE", "SignedInfo", 324),
        ("xmldsig", "SignedInfo", 32),
    ],
)
def test_a_fragment_code_is_the_rank_of_the_name(key: str, element: str, code: int) -> None:
    assert schema_set(key).element_names[code].local == element


@pytest.mark.parametrize(
    ("key", "element", "code"),
    [
        ("AppProtocol", "supportedAppProtocolRes", 1),
        ("CommonMessages", "SessionSetupReq", 35),
        ("AC", "AC_ChargeLoopRes", 3),
        ("AC", "Scheduled_AC_CLResControlMode", 32),
        ("DC", "DC_ChargeLoopRes", 14),
        ("ACDP", "ACDP_DisconnectRes", 3),
        ("ACDP", "ACDP_VehiclePositioningRes", 7),
        ("WPT", "WPT_AlignmentCheckReq", 25),
        ("WPT", "WPT_PairingRes", 36),
        ("xmldsig", "SignedInfo", 20),
    ],
)
def test_a_root_code_is_the_rank_among_global_elements(key: str, element: str, code: int) -> None:
    assert schema_set(key).global_names[code].local == element


def test_two_roots_share_a_class_where_they_share_a_complex_type() -> None:
    roots = {name.local: cls for name, cls in schema_set("ACDP").roots.items()}
    assert roots["ACDP_ConnectReq"] is roots["ACDP_DisconnectReq"]
    assert roots["ACDP_ConnectRes"] is roots["ACDP_DisconnectRes"]


def test_an_unknown_set_is_a_clear_error() -> None:
    with pytest.raises(LocalError, match="no schema set 'XX'; there are AppProtocol"):
        schema_set("XX")
