"""The emitter profile: settings that deployed codecs can't read are refused, and lists that are ours to cut are cut."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from iso15118 import exi
from iso15118.errors import LocalError
from iso15118.exi.lint import lint
from iso15118.session.app import DC_20, AppProtocolOffer, Family, Link
from iso15118.session.core import State
from iso15118.session.emitter import EmitterProfile, longest
from iso15118.session.evcc import EvccConfig
from iso15118.session.ports import OfferedSchedule, Wish
from iso15118.session.secc import SeccConfig
from iso15118.session.services import ControlMode
from tests.session.world import EV, World, code_key

FULL = EmitterProfile.FULL


def named(namespace: str) -> AppProtocolOffer:
    return AppProtocolOffer(namespace, 1, 0, Family.ISO_20)


@pytest.mark.parametrize(
    ("config", "options", "says"),
    [
        (SeccConfig, {"evse_id": "DE*Größe"}, "SeccConfig.evse_id 'DE\\*Größe' is more than printable ASCII"),
        (EvccConfig, {"evcc_id": "a\tb"}, "EvccConfig.evcc_id .* is more than printable ASCII"),
        (EvccConfig, {"protocols": (DC_20,) * 6}, "EvccConfig.protocols offers 6 protocols, more than the 5"),
        (EvccConfig, {"protocols": (named("n" * 100),)}, "EvccConfig.protocols has 100 characters, more than the 99"),
        (EvccConfig, {"protocols": (named("é"),)}, "EvccConfig.protocols 'é' is more than printable ASCII"),
    ],
)
def test_settings_outside_are_refused_and_the_error_says_how_to_leave(config: Any, options: dict[str, Any], says: str):
    with pytest.raises(LocalError, match=f"{says}.*; emitter_profile=EmitterProfile.FULL sends it all the same"):
        config(link=Link.LAB_TCP, **options)
    assert config(link=Link.LAB_TCP, emitter_profile=FULL, **options).emitter_profile is FULL


def test_a_changed_setting_is_looked_at_as_well():
    with pytest.raises(LocalError, match="evse_id"):
        msgspec.structs.replace(SeccConfig(), evse_id="é")


def test_what_the_link_does_not_allow_is_not_offered_and_does_not_count():
    many = (DC_20,) * 6
    assert EvccConfig(link=Link.TCP, protocols=many).protocols == many
    with pytest.raises(LocalError, match="6 protocols"):
        msgspec.structs.replace(EvccConfig(link=Link.TCP, protocols=many), link=Link.LAB_TCP)


def test_the_longest_offer_inside_is_five():
    assert len(EvccConfig(link=Link.LAB_TCP, protocols=(DC_20,) * 5).protocols) == 5


def test_full_lists_are_for_those_who_ask_for_them():
    assert (longest(3, EmitterProfile.CONSERVATIVE), longest(3, FULL)) == (2, 3)


@pytest.mark.parametrize(("profile", "count"), [(EmitterProfile.CONSERVATIVE, 2), (FULL, 3)])
def test_of_three_schedules_the_first_two_are_offered(profile: EmitterProfile, count: int):
    world = World(mode=ControlMode.SCHEDULED, secc={"emitter_profile": profile})
    world.charger.schedule = tuple(
        OfferedSchedule(schedule_tuple_id=number, start_s=0.0, entries=((86_400.0, 5_000.0),)) for number in (7, 8, 9)
    )
    world.start().run_to(EV, State.SCHEDULE_EXCHANGE)
    answer = world.messages("ScheduleExchangeRes")[-1]
    offered = [each.schedule_tuple_id for each in answer.scheduled_se_res_control_mode.schedule_tuple]
    assert offered == [7, 8, 9][:count]
    assert bool(lint(answer, "CommonMessages")) is (profile is FULL)


@pytest.mark.parametrize("profile", [EmitterProfile.CONSERVATIVE, FULL])
def test_a_schedule_of_a_thousand_steps_and_more(profile: EmitterProfile):
    world = World(mode=ControlMode.SCHEDULED, secc={"emitter_profile": profile})
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((60.0, 5_000.0),) * 2000),)
    world.start().run_to(EV, State.SCHEDULE_EXCHANGE)
    answer = world.messages("ScheduleExchangeRes")[-1]
    (offered,) = answer.scheduled_se_res_control_mode.schedule_tuple
    entries = offered.charging_schedule.power_schedule.power_schedule_entries.power_schedule_entry
    assert len(entries) == (1024 if profile is FULL else 1023)


@pytest.mark.parametrize("mode", ControlMode)
def test_a_session_by_default_sends_nothing_that_deployed_codecs_refuse(mode: ControlMode):
    world = World(mode=mode)
    world.at(30.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    sent = world.messages()
    assert len({type(message) for message in sent}) > 20
    for message in sent:
        key = code_key(message)
        assert lint(message, key) == ()
        assert exi.encode(message, key)
