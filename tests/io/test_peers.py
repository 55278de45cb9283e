"""Peer profiles: every name in them exists, and the one without departures has none."""

import pytest

from iso15118.errors import LocalError
from iso15118.io.peers import PEERS, peer_profile
from iso15118.session.evcc import EvccConfig
from iso15118.session.secc import SeccConfig
from iso15118.session.timers import Limits


@pytest.mark.parametrize("profile", PEERS.values(), ids=PEERS)
def test_profiles_are_made_of_options_and_timers_that_exist(profile):
    assert profile.why
    assert Limits(profile.timers)
    assert isinstance(profile.secc(), SeccConfig)
    assert isinstance(profile.evcc(), EvccConfig)


def test_a_standard_peer_needs_nothing():
    profile = peer_profile("none")
    assert (profile.secc(), profile.evcc(), dict(profile.timers)) == (SeccConfig(), EvccConfig(), {})


def test_an_unknown_peer_names_the_known_ones():
    with pytest.raises(LocalError, match="no peer profile 'nobody'; there are none, josev"):
        peer_profile("nobody")
