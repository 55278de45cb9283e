import pytest

from iso15118.errors import OcppError
from iso15118.ocpp.metering import MeterSample, meter_value, read_values, sampled_values


@pytest.mark.parametrize(
    ("power_w", "current_a", "told"),
    [(7000.0, 17.5, (7000.0, 0.0, 17.5, 0.0)), (-7000.0, -17.5, (0.0, 7000.0, 0.0, 17.5)), (0.0, 0.0, (0.0,) * 4)],
)
def test_directions_are_told_apart_and_as_magnitudes(power_w, current_a, told):
    sample = MeterSample(import_wh=5, export_wh=7, power_w=power_w, current_a=current_a, voltage_v=400.0)
    values = read_values([meter_value(0.0, sampled_values(sample, "Sample.Periodic", -7000.0))])
    names = ("Power.Active.Import", "Power.Active.Export", "Current.Import", "Current.Export")
    assert tuple(values[name] for name in names) == told
    assert values["Power.Active.Setpoint"] == -7000.0
    assert (values["Energy.Active.Import.Register"], values["Energy.Active.Export.Register"]) == (5, 7)
    assert "SoC" not in values


def test_a_station_without_a_set_point_tells_none():
    values = sampled_values(MeterSample(import_wh=0, export_wh=0), "Sample.Periodic", None)
    assert "Power.Active.Setpoint" not in {value["measurand"] for value in values}


def test_a_value_beyond_any_meter_is_refused():
    with pytest.raises(OcppError):
        read_values([{"sampledValue": [{"value": 10**400}]}])
    assert read_values([{"sampledValue": [{"value": 1, "unitOfMeasure": {"multiplier": 10**6}}]}]) == {
        "Energy.Active.Import.Register": 1e9
    }
