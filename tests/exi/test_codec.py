from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from iso15118 import exi
from iso15118.errors import CodecError, LocalError
from iso15118.messages import xmldsig
from iso15118.messages.iso20.common import certificate_installation
from iso15118.messages.iso20.types import CLReqControlMode, RationalNumber
from iso15118.messages.model import QName
from tests.exi.samples import APP_REQ, CABLE_CHECK_RES, CABLE_CHECK_RES_EXI, LOOP_RES, rational

pytestmark = pytest.mark.usefixtures("backend")

DC = "urn:iso:std:iso:15118:-20:DC"


@pytest.mark.parametrize("message", [CABLE_CHECK_RES, LOOP_RES])
def test_a_message_comes_back(message):
    assert exi.decode(exi.encode(message, "DC"), "DC") == message


def test_the_worked_example():
    assert exi.encode(CABLE_CHECK_RES, "DC") == CABLE_CHECK_RES_EXI
    assert exi.read(CABLE_CHECK_RES_EXI, "DC") == exi.Content(QName("DC_CableCheckRes", DC), CABLE_CHECK_RES)


def test_an_older_handshake_has_a_grammar_of_its_own():
    assert exi.decode(exi.encode(APP_REQ, "AppProtocol"), "AppProtocol") == APP_REQ
    with pytest.raises(CodecError, match="DC has no element for this class"):
        exi.encode(APP_REQ, "DC")


def test_zero_octets_after_the_end_are_counted_and_others_refused():
    assert exi.read(CABLE_CHECK_RES_EXI + bytes(3), "DC").trailing_octets == 3
    with pytest.raises(CodecError, match=r"2 octets after the end of the message \(bit 128\)"):
        exi.decode(CABLE_CHECK_RES_EXI + b"\x00\x01", "DC")


def test_padding_bits_are_not_looked_at():
    data = exi.encode(True, "DC", "fragment", "MeterInfoRequested")
    assert exi.decode_fragment(data[:-1] + bytes([data[-1] | 31]), "DC").value is True


@pytest.mark.parametrize("length", range(len(CABLE_CHECK_RES_EXI)))
def test_a_truncated_stream_is_refused_at_its_end(length):
    with pytest.raises(CodecError) as caught:
        exi.decode(CABLE_CHECK_RES_EXI[:length], "DC")
    assert caught.value.bit is not None
    assert caught.value.bit <= 8 * length


def test_the_length_of_a_stream_is_limited():
    with pytest.raises(CodecError, match="more than the limit"):
        exi.decode(CABLE_CHECK_RES_EXI + bytes(exi.MAX_EXI_OCTETS), "DC")


def test_the_signed_info_of_the_two_grammars_differs():
    """Signatures are over the xmldsig grammar (6-bit code 32), not over that of the message (9-bit code 230)."""
    info = xmldsig.SignedInfo(
        canonicalization_method=xmldsig.CanonicalizationMethod(algorithm="c"),
        signature_method=xmldsig.SignatureMethod(algorithm="s"),
        reference=(
            xmldsig.Reference(uri="#id1", digest_method=xmldsig.DigestMethod(algorithm="d"), digest_value=b"\x01\x02"),
        ),
    )
    short = exi.encode(info, "xmldsig", "fragment")
    long = exi.encode(info, "CommonMessages", "fragment")
    assert short[:2] == bytes([0x80, 0x80 | short[1] & 3])
    assert short != long
    for key, data in (("xmldsig", short), ("CommonMessages", long)):
        assert exi.decode_fragment(data, key) == exi.Content(QName("SignedInfo", xmldsig.XMLNS.uri), info)


def test_a_fragment_is_named_by_its_class_where_that_stands_behind_one_element():
    chain = certificate_installation.SignedCertificateChain(id="id1", certificate=b"\x30\x00")
    content = exi.decode_fragment(exi.encode(chain, "CommonMessages", "fragment"), "CommonMessages")
    assert (content.name.local, content.value) == ("OEMProvisioningCertificateChain", chain)


def test_a_class_behind_many_elements_needs_a_name():
    with pytest.raises(CodecError, match="RationalNumber: DC has more than one element, so name one,"):
        exi.encode(rational(1), "DC", "fragment")
    for name in ("EVPresentVoltage", QName("EVPresentVoltage", DC)):
        content = exi.decode_fragment(exi.encode(rational(1), "DC", "fragment", name), "DC")
        assert content == exi.Content(QName("EVPresentVoltage", DC), RationalNumber(exponent=0, value=1))


def test_a_simple_element_may_be_a_fragment():
    content = exi.decode_fragment(exi.encode(7, "DC", "fragment", "TimeStamp"), "DC")
    assert (content.name.local, content.value) == ("TimeStamp", 7)


def test_a_fragment_of_two_elements_is_refused():
    data = exi.encode(True, "DC", "fragment", "MeterInfoRequested")
    # Root code, CH, value, EE, then instead of the end of the fragment (code 150) another element.
    bits = int.from_bytes(data, "big") >> 5
    assert bits & 0xFF == 150
    wrong = ((bits & ~0xFF | 3) << 5).to_bytes(len(data), "big")
    with pytest.raises(CodecError, match="more than one element in the fragment"):
        exi.decode_fragment(wrong, "DC")


@pytest.mark.parametrize("name", ["Nothing", QName("EVPresentVoltage", "urn:other")])
def test_an_unknown_element_is_refused(name):
    with pytest.raises(CodecError, match="no element of DC"):
        exi.encode(rational(1), "DC", "fragment", name)


def test_an_abstract_element_is_refused():
    with pytest.raises(CodecError, match="CLReqControlMode is abstract"):
        exi.encode(CLReqControlMode(), "DC", "document", "CLReqControlMode")


@pytest.mark.parametrize("call", [lambda: exi.decode(b"", "Q"), lambda: exi.encode(1, "Q"), lambda: exi.warm("Q")])
def test_an_unknown_key_is_the_callers_mistake(call):
    with pytest.raises(LocalError, match="no schema set 'Q'"):
        call()


def test_an_unknown_mode_is_the_callers_mistake():
    with pytest.raises(LocalError, match="mode 'message'"):
        exi.read(CABLE_CHECK_RES_EXI, "DC", "message")


def test_no_message_imports_or_derives_anything_once_warm():
    """Between SDP and the first answer there is no time for it."""
    program = (
        "import linecache, sys\n"
        "from iso15118 import exi\n"
        "from iso15118.exi.grammar import schema_grammar\n"
        "exi.warm()\n"
        "before, info, made = set(sys.modules), schema_grammar.cache_info().misses, len(linecache.cache)\n"
        f"message = exi.decode(bytes.fromhex({CABLE_CHECK_RES_EXI.hex()!r}), 'DC')\n"
        "assert exi.encode(message, 'DC').hex() == " + repr(CABLE_CHECK_RES_EXI.hex()) + "\n"
        "assert set(sys.modules) == before, set(sys.modules) - before\n"
        "assert schema_grammar.cache_info().misses == info\n"
        "exi.to_json(message, 'DC')\n"
        "assert len(linecache.cache) == made > 100\n"
        "assert 'lxml' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_messages_are_values():
    assert hash(CABLE_CHECK_RES) == hash(exi.decode(CABLE_CHECK_RES_EXI, "DC"))
    assert msgspec.structs.replace(CABLE_CHECK_RES) == CABLE_CHECK_RES


def test_a_document_that_is_no_message_is_read_and_not_decoded():
    data = exi.encode(b"\1", "DC", "document", "DigestValue")
    assert exi.read(data, "DC").value == b"\1"
    with pytest.raises(CodecError, match="DigestValue: an element that is no message"):
        exi.decode(data, "DC")


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_values_of_any_buffer_are_octets_of_their_own(kind):
    chain = certificate_installation.CertificateChain(certificate=bytes(range(200)))
    content = exi.decode_fragment(kind(exi.encode(chain, "CommonMessages", "fragment")), "CommonMessages")
    assert type(content.value.certificate) is bytes
    assert content.value == chain
    assert exi.decode(kind(CABLE_CHECK_RES_EXI), "DC") == CABLE_CHECK_RES


def test_a_name_in_a_wrong_namespace_is_told_the_right_one():
    with pytest.raises(CodecError, match="no root of DC in namespace ''; 'urn:iso:std:iso:15118:-20:DC' has it"):
        exi.from_xml("<DC_CableCheckReq/>", "DC")
    with pytest.raises(CodecError, match="Header of namespace '.*DC' is not expected; that of '.*CommonTypes' is"):
        exi.from_xml('<DC_CableCheckReq xmlns="urn:iso:std:iso:15118:-20:DC"><Header/></DC_CableCheckReq>', "DC")


def test_an_unknown_mode_is_the_callers_mistake_when_writing_too():
    for write in (exi.encode, exi.to_xml, exi.to_json):
        with pytest.raises(LocalError, match="mode 'part'; there are document and fragment"):
            write(CABLE_CHECK_RES, "DC", "part")
