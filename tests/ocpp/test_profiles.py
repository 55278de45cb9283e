from hypothesis import given
from hypothesis import strategies as st

from iso15118.ocpp.profiles import Period, Profile, Target, Transaction, effective_target

TX = Transaction(transaction_id="t1", evse_id=1, start_s=1000.0, discharge_allowed=True)
ONE_WAY = Transaction(transaction_id="t1", evse_id=1, start_s=1000.0, discharge_allowed=False)


def profile(profile_id=1, **changes):
    given = {
        "profile_id": profile_id,
        "evse_id": 1,
        "stack_level": 0,
        "purpose": "TxProfile",
        "kind": "Absolute",
        "schedule_id": 1,
        "transaction_id": "t1",
        "start_s": 1000.0,
        "periods": (
            Period(start_s=0.0, mode="CentralSetpoint", setpoint_w=-7000.0),
            Period(start_s=600.0, mode="CentralSetpoint", setpoint_w=4000.0),
        ),
    }
    return Profile(**(given | changes))


def dynamic(profile_id=2, setpoint_w=-5000.0, **changes):
    period = Period(start_s=0.0, mode="CentralSetpoint", setpoint_w=setpoint_w)
    return profile(
        profile_id, **({"kind": "Dynamic", "start_s": None, "updated_s": 1000.0, "periods": (period,)} | changes)
    )


def station_limit(profile_id, limit_w=None, discharge_limit_w=None, purpose="ChargingStationExternalConstraints"):
    mode = "ExternalLimits" if purpose.endswith("Constraints") else "ChargingOnly"
    return dynamic(
        profile_id,
        evse_id=0,
        purpose=purpose,
        transaction_id=None,
        periods=(Period(start_s=0.0, mode=mode, limit_w=limit_w, discharge_limit_w=discharge_limit_w),),
    )


def target(*profiles, at=1000.0, transaction=TX, **options):
    return effective_target(profiles, at, evse_id=1, transaction=transaction, **options)


def test_without_a_profile_charging_only_and_no_discharge():
    assert target() == Target()
    assert Target().discharge_limit_w == 0.0


def test_periods_follow_each_other_and_say_when():
    one = profile(duration_s=1200.0)
    assert target(one, at=999.0) == Target(valid_until=1000.0)
    first = target(one, at=1000.0)
    assert (first.setpoint_w, first.valid_until, first.operation_mode) == (-7000.0, 1600.0, "CentralSetpoint")
    assert first.discharge_limit_w is None
    assert target(one, at=1600.0).setpoint_w == 4000.0
    assert target(one, at=2200.0) == Target()


def test_the_highest_valid_stack_level_leads():
    night, window = profile(), dynamic(stack_level=1, valid_to_s=1300.0)
    assert target(night, window).setpoint_w == -5000.0
    assert target(night, window).valid_until == 1300.0
    assert target(night, window, at=1300.0).setpoint_w == -7000.0


def test_a_profile_of_the_transaction_replaces_the_default():
    default = dynamic(3, 2000.0, purpose="TxDefaultProfile", transaction_id=None, evse_id=0, stack_level=9)
    assert target(default).setpoint_w == 2000.0
    assert target(default, profile()).setpoint_w == -7000.0


def test_on_the_same_level_the_outlets_own_default_leads():
    station = dynamic(3, 2000.0, purpose="TxDefaultProfile", transaction_id=None, evse_id=0)
    outlet = dynamic(4, 3000.0, purpose="TxDefaultProfile", transaction_id=None)
    assert target(outlet, station).setpoint_w == target(station, outlet).setpoint_w == 3000.0


def test_a_profile_is_for_its_own_outlet_and_transaction():
    other = Transaction(transaction_id="t2", evse_id=1, start_s=1000.0, discharge_allowed=True)
    assert target(profile(), transaction=other).setpoint_w is None
    assert target(profile(), transaction=None).setpoint_w is None
    assert target(profile(evse_id=2)).setpoint_w is None


def test_limits_of_all_purposes_cap_the_set_point():
    external = station_limit(8, 3000.0, 2500.0)
    most = station_limit(9, 3500.0, purpose="ChargingStationMaxProfile")
    discharging = target(profile(), external, most)
    assert (discharging.setpoint_w, discharging.limit_w, discharging.discharge_limit_w) == (-2500.0, 3000.0, 2500.0)
    assert target(profile(), external, most, at=1600.0).setpoint_w == 3000.0


def test_outlets_share_what_is_for_the_station():
    assert target(profile(), station_limit(8, 3000.0, 3000.0), sharing=2).setpoint_w == -1500.0


def test_limits_alone_allow_no_discharge():
    assert target(station_limit(8, 3000.0, 2500.0)) == Target(limit_w=3000.0)


def test_a_limit_of_zero_means_zero():
    assert target(profile(), station_limit(8, 0.0, 0.0)).setpoint_w == 0.0


def test_without_permission_the_floor_is_zero():
    assert target(profile(), transaction=ONE_WAY) == Target(
        setpoint_w=0.0, discharge_limit_w=0.0, operation_mode="CentralSetpoint", valid_until=1600.0
    )


def test_relative_starts_with_the_transaction():
    assert target(profile(kind="Relative", start_s=None), at=1700.0).setpoint_w == 4000.0


def test_a_dynamic_profile_without_updates_expires():
    watched = dynamic(duration_s=300.0)
    assert target(watched, at=1299.0).valid_until == 1300.0
    assert target(watched, at=1300.0) == Target()


def test_validity_window():
    one = dynamic(valid_from_s=1100.0, valid_to_s=1200.0)
    assert target(one) == Target(valid_until=1100.0)
    assert target(one, at=1100.0).setpoint_w == -5000.0
    assert target(one, at=1200.0) == Target()


def test_offline_a_profile_stays_valid_unless_it_says_otherwise():
    """Q11."""
    assert target(dynamic(), at=9999.0, offline_since_s=1000.0).setpoint_w == -5000.0
    limited = dynamic(max_offline_s=60.0)
    assert target(limited, at=1050.0, offline_since_s=1000.0).valid_until == 1060.0
    assert target(limited, at=1060.0, offline_since_s=1000.0) == Target()
    assert target(limited, at=1060.0).setpoint_w == -5000.0
    assert target(dynamic(max_offline_s=0.0), at=1000.0, offline_since_s=1000.0) == Target()


setpoints = st.floats(-20_000, 20_000)
magnitudes = st.none() | st.floats(0, 20_000)


@given(setpoints, magnitudes, magnitudes, magnitudes, magnitudes, st.booleans(), st.integers(1, 4))
def test_the_set_point_never_leaves_its_limits(setpoint_w, limit_w, discharge_w, all_w, all_discharge_w, allowed, n):
    period = Period(
        start_s=0.0, mode="CentralSetpoint", setpoint_w=setpoint_w, limit_w=limit_w, discharge_limit_w=discharge_w
    )
    answer = target(
        dynamic(periods=(period,)),
        station_limit(8, all_w, all_discharge_w),
        transaction=TX if allowed else ONE_WAY,
        sharing=n,
    )
    assert answer.setpoint_w is not None
    for limit in (limit_w, None if all_w is None else all_w / n):
        assert limit is None or answer.setpoint_w <= limit
    for limit in (discharge_w, None if all_discharge_w is None else all_discharge_w / n):
        assert limit is None or answer.setpoint_w >= -limit
    assert allowed or answer.setpoint_w >= 0
    assert answer.setpoint_w * setpoint_w >= 0
