"""Discovery: SDP-01 to SDP-06 and TP-01 of the conformance purposes."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.errors import FramingError, LocalError, PeerTimeout, SessionError
from iso15118.sdp import (
    MAX_ANSWERS_PER_S,
    MAX_REQUESTS,
    RETRY_S,
    Endpoint,
    SdpClient,
    SdpResponse,
    SdpServer,
    Security,
    parse_request,
    parse_response,
    request_bytes,
    response_bytes,
)

STATION = Endpoint(ipaddress.IPv6Address("fe80::1"), 61341)
LAB = Endpoint(ipaddress.IPv6Address("::1"), 15200)
TLS_ANSWER = bytes.fromhex("01FE 9001 00000014 FE80000000000000 0000000000000001 EF9D 00 00")


@pytest.mark.parametrize(
    ("security", "datagram"), [(Security.TLS, "01FE9000000000020000"), (Security.NONE, "01FE9000000000021000")]
)
def test_a_request_on_the_wire(security, datagram):
    assert request_bytes(security) == bytes.fromhex(datagram)
    assert parse_request(bytes.fromhex(datagram)) is security


def test_a_response_on_the_wire():
    """SDP-01: own address, port, security and transport in 20 bytes."""
    response = SdpResponse(STATION, Security.TLS)
    assert response_bytes(response) == TLS_ANSWER
    assert parse_response(TLS_ANSWER) == response


@pytest.mark.parametrize(
    "datagram",
    [
        "01FE900000000000",  # TP-01: length 0
        "01FE7000000000020000",  # TP-01: type 0x7000
        "FFFE9000000000020000",  # TP-01: version
        "01FF9000000000020000",  # TP-01: inverse
        "01FE90000000000200",  # cut off
        "01FE900000000002000000",  # a byte too many
        "01FE9000000000025500",  # unknown security
        "01FE9000000000020010",  # UDP
        "",
    ],
)
def test_what_is_no_request_is_not_answered(datagram):
    with pytest.raises(FramingError):
        parse_request(bytes.fromhex(datagram))
    assert SdpServer({Security.TLS: STATION}).receive(bytes.fromhex(datagram), now=0.0) is None


@given(st.binary(max_size=40) | st.binary(max_size=24).map(lambda tail: bytes.fromhex("01FE9000") + tail))
def test_a_server_survives_any_datagram(datagram):
    answer = SdpServer({Security.TLS: STATION}).receive(datagram, now=0.0)
    assert answer in {None, TLS_ANSWER}


@given(st.integers(0, 27), st.integers(1, 255))
def test_a_damaged_answer_is_read_or_passed_over(place, flip):
    damaged = bytearray(TLS_ANSWER)
    damaged[place] ^= flip
    client = SdpClient()
    client.start(0.0)
    response = client.receive(bytes(damaged), 0.1)
    assert response is None or response.security is Security.TLS


@pytest.mark.parametrize(
    ("endpoints", "asked", "answer"),
    [
        ({Security.TLS: STATION}, Security.TLS, SdpResponse(STATION, Security.TLS)),
        ({Security.TLS: STATION}, Security.NONE, SdpResponse(STATION, Security.TLS)),  # SDP-02
        ({Security.NONE: LAB}, Security.TLS, SdpResponse(LAB, Security.NONE)),  # SDP-03
        ({Security.TLS: STATION, Security.NONE: LAB}, Security.NONE, SdpResponse(LAB, Security.NONE)),
    ],
)
def test_the_answer_tells_what_the_station_has(endpoints, asked, answer):
    datagram = SdpServer(endpoints).receive(request_bytes(asked), now=0.0)
    assert datagram is not None
    assert parse_response(datagram) == answer


def test_a_server_falls_silent_after_its_time():
    """SDP-04."""
    server = SdpServer({Security.TLS: STATION}, until=18.0)
    assert server.receive(request_bytes(Security.TLS), now=18.0) is not None
    assert server.receive(request_bytes(Security.TLS), now=18.1) is None


def test_a_server_answers_a_limited_number_a_second():
    server = SdpServer({Security.TLS: STATION})
    answers = [server.receive(request_bytes(Security.TLS), now=0.0) for _ in range(2 * MAX_ANSWERS_PER_S)]
    assert len([answer for answer in answers if answer]) == MAX_ANSWERS_PER_S
    assert server.receive(request_bytes(Security.TLS), now=0.9) is None
    assert server.receive(request_bytes(Security.TLS), now=1.0) is not None


@pytest.mark.parametrize(
    ("address", "port", "fault"),
    [("::", 1, "no single host"), ("ff02::1", 1, "no single host"), ("::1", 0, "port 0"), ("::1", 65536, "port 65536")],
)
def test_an_endpoint_nobody_can_reach_is_not_announced(address, port, fault):
    with pytest.raises(LocalError, match=fault):
        SdpServer({Security.NONE: Endpoint(ipaddress.IPv6Address(address), port)})


def test_a_server_without_endpoints_is_refused():
    with pytest.raises(LocalError, match="at least one endpoint"):
        SdpServer({})


@pytest.mark.parametrize("head", ["FF02000000000000 0000000000000001 EF9D", "FE80000000000000 0000000000000001 0000"])
def test_an_answer_with_an_unusable_endpoint_is_refused(head):
    with pytest.raises(FramingError, match="SDP response with"):
        parse_response(bytes.fromhex("01FE 9001 00000014" + head + "0000"))


def test_client_and_server_find_each_other():
    client, server = SdpClient(), SdpServer({Security.TLS: STATION})
    (request,) = client.start(10.0)
    assert client.next_timer() == 10.0 + RETRY_S
    answer = server.receive(request, 10.01)
    assert answer is not None
    assert client.receive(answer, 10.02) == SdpResponse(STATION, Security.TLS)
    assert client.response == SdpResponse(STATION, Security.TLS)
    assert client.next_timer() is None
    assert client.handle_timer(11.0) == []
    assert client.receive(answer, 11.0) is None, "one answer is enough"


def test_a_client_asks_fifty_times_and_gives_up():
    """SDP-05."""
    client = SdpClient()
    sent = client.start(0.0)
    with pytest.raises(PeerTimeout, match=r"SDP, 50 requests: nothing within 12\.5 s"):
        while (due := client.next_timer()) is not None:
            assert client.handle_timer(due - 0.01) == []
            sent += client.handle_timer(due)
    assert sent == [request_bytes(Security.TLS)] * MAX_REQUESTS
    assert client.next_timer() is None


def test_a_station_without_tls_is_not_taken_for_one_with_tls():
    client = SdpClient()
    client.start(0.0)
    assert client.receive(response_bytes(SdpResponse(LAB, Security.NONE)), 0.1) is None
    with pytest.raises(SessionError, match="the station at ::1 offers plain TCP, accepted is only TLS"):
        while (due := client.next_timer()) is not None:
            client.handle_timer(due)


def test_a_client_may_be_told_to_take_plain_tcp():
    client = SdpClient(accept={Security.TLS, Security.NONE})
    client.start(0.0)
    response = client.receive(response_bytes(SdpResponse(LAB, Security.NONE)), 0.1)
    assert response == SdpResponse(LAB, Security.NONE)


def test_a_client_can_search_again():
    client = SdpClient()
    client.start(0.0)
    client.receive(TLS_ANSWER, 0.1)
    assert client.start(5.0) == [request_bytes(Security.TLS)]
    assert (client.sent, client.response, client.next_timer()) == (1, None, 5.0 + RETRY_S)
