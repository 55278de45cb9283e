"""The handshake, by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.errors import LocalError
from iso15118.messages.app import AppProtocol, ResponseCode, SupportedAppProtocolReq
from iso15118.session.app import DC_20, AppProtocolOffer, Family, Link, negotiate, offer, usable
from tests.strategies import messages

ISO_2 = AppProtocolOffer("urn:iso:15118:2:2013:MsgDef", 2, 0, Family.ISO_2)
AC_20 = AppProtocolOffer("urn:iso:std:iso:15118:-20:AC", 1, 0, Family.ISO_20)
SERVED = (DC_20, ISO_2)


def request(*entries: tuple[AppProtocolOffer, int, int]) -> SupportedAppProtocolReq:
    """Entries: protocol, SchemaID, priority."""
    return SupportedAppProtocolReq(
        app_protocol=tuple(
            AppProtocol(
                protocol_namespace=p.namespace,
                version_number_major=p.version_major,
                version_number_minor=p.version_minor,
                schema_id=schema_id,
                priority=priority,
            )
            for p, schema_id, priority in entries
        )
    )


@pytest.mark.parametrize(
    ("link", "allowed"),
    [(Link.TLS_1_3, SERVED), (Link.LAB_TCP, SERVED), (Link.TLS_1_2, (ISO_2,)), (Link.TCP, (ISO_2,))],
)
def test_iso_20_needs_tls_1_3_or_the_lab_switch(link: Link, allowed: tuple[AppProtocolOffer, ...]) -> None:
    assert usable(SERVED, link) == allowed


def test_offer_ranks_in_the_given_order() -> None:
    entries = offer(SERVED, Link.TLS_1_3).app_protocol
    assert [(e.protocol_namespace, e.schema_id, e.priority) for e in entries] == [
        (DC_20.namespace, 1, 1),
        (ISO_2.namespace, 2, 2),
    ]
    with pytest.raises(LocalError, match="lab switch"):
        offer((DC_20,), Link.TCP)


def test_the_station_filters_first_and_then_follows_the_cars_ranking() -> None:
    answer, chosen = negotiate(request((ISO_2, 9, 3), (DC_20, 8, 2), (AC_20, 7, 1)), SERVED, Link.TLS_1_3)
    assert (answer.response_code, answer.schema_id, chosen) == (ResponseCode.OK_SuccessfulNegotiation, 8, DC_20)
    answer, chosen = negotiate(request((ISO_2, 9, 3), (DC_20, 8, 2)), SERVED, Link.TLS_1_2)
    assert (answer.schema_id, chosen) == (9, ISO_2)


def test_another_minor_version_is_a_minor_deviation_and_another_major_version_another_protocol() -> None:
    newer = AppProtocolOffer(DC_20.namespace, 1, 3, Family.ISO_20)
    answer, chosen = negotiate(request((newer, 1, 1)), SERVED, Link.TLS_1_3)
    assert answer.response_code is ResponseCode.OK_SuccessfulNegotiationWithMinorDeviation
    assert chosen == DC_20
    second = AppProtocolOffer(DC_20.namespace, 2, 0, Family.ISO_20)
    answer, chosen = negotiate(request((second, 1, 1)), SERVED, Link.TLS_1_3)
    assert (answer.response_code, answer.schema_id, chosen) == (ResponseCode.Failed_NoNegotiation, None, None)


@given(messages(SupportedAppProtocolReq), st.sampled_from(list(Link)))
def test_every_offer_gets_an_answer(offered: SupportedAppProtocolReq, link: Link) -> None:
    answer, chosen = negotiate(offered, SERVED, link)
    assert (chosen is None) is (answer.response_code is ResponseCode.Failed_NoNegotiation)
    assert chosen is None or answer.schema_id in {entry.schema_id for entry in offered.app_protocol}
