"""Our station against a back end that others wrote: the RPC and validation of the ``ocpp`` package (MIT), 2.1."""

import asyncio

import pytest
from websockets.asyncio.server import serve

from iso15118.io.websocket import SUBPROTOCOL
from tests.io.test_websocket import LIMIT_S, Site, running, url

pytest.importorskip("ocpp.v21", reason="the package is there for its schemas; its code needs jsonschema")

from ocpp.routing import after, on
from ocpp.v21 import ChargePoint, call, call_result


class ForeignBackEnd(ChargePoint):
    """The least a back end does, in the package's own words."""

    def __init__(self, station_id, connection):
        super().__init__(station_id, connection)
        self.events, self.needs, self.answers = [], [], []
        self.done = asyncio.Event()

    @on("BootNotification")
    def boot(self, **_):
        return call_result.BootNotification(current_time="2026-01-15T17:00:00Z", interval=300, status="Accepted")

    @on("StatusNotification")
    def status(self, **_):
        return call_result.StatusNotification()

    @on("Authorize")
    def authorize(self, id_token, **_):
        assert id_token["additional_info"] == [{"additional_id_token": "CAR", "type": "EVCCID"}]
        return call_result.Authorize(id_token_info={"status": "Accepted"}, allowed_energy_transfer=["DC", "DC_BPT"])

    @on("TransactionEvent")
    def event(self, **event):
        self.events.append(event)
        return call_result.TransactionEvent()

    @on("NotifyEVChargingNeeds")
    def charging_needs(self, **needs):
        self.needs.append(needs)
        return call_result.NotifyEVChargingNeeds(status="Accepted")

    @after("NotifyEVChargingNeeds")
    async def decide(self, **_):
        transaction_id = self.events[0]["transaction_info"]["transaction_id"]
        period = {"start_period": 0, "operation_mode": "CentralSetpoint", "setpoint": -7000.0}
        profile = {
            "id": 1,
            "stack_level": 0,
            "charging_profile_purpose": "TxProfile",
            "charging_profile_kind": "Dynamic",
            "transaction_id": transaction_id,
            "charging_schedule": [{"id": 1, "charging_rate_unit": "W", "charging_schedule_period": [period]}],
        }
        for request in (
            call.SetChargingProfile(evse_id=1, charging_profile=profile),
            call.UpdateDynamicSchedule(charging_profile_id=1, schedule_update={"setpoint": -6500.0}),
            call.UpdateDynamicSchedule(charging_profile_id=2, schedule_update={"setpoint": -6500.0}),
            call.RequestStopTransaction(transaction_id=transaction_id),
        ):
            self.answers.append(await self.call(request, suppress=False))
        self.done.set()


async def test_a_transaction_with_a_back_end_that_others_wrote():
    back_ends = []

    async def handle(connection):
        back_end = ForeignBackEnd("CS-1", connection)
        back_ends.append(back_end)
        await back_end.start()

    async with serve(handle, "::1", 0, subprotocols=[SUBPROTOCOL]) as server:
        port = server.sockets[0].getsockname()[1]
        async with running(Site(url(port))) as site, asyncio.timeout(LIMIT_S):
            await site.plug_in()
            await site.until(lambda: site.station.stop_requested(1))
            assert site.station.target(1, site.clock.now()).setpoint_w == -6500.0
            site.station.end_session(1, "SessionStop", site.clock.now())
            (back_end,) = back_ends
            await site.until(lambda: back_end.events[-1]["event_type"] == "Ended")
            await back_end.done.wait()

    assert [answer.status for answer in back_end.answers] == ["Accepted", "Accepted", "Rejected", "Accepted"]
    assert [event["seq_no"] for event in back_end.events] == list(range(len(back_end.events)))
    assert back_end.needs[0]["charging_needs"]["v2x_charging_parameters"]["max_discharge_power"] == 11_000.0
    registers = [value["measurand"] for value in back_end.events[-1]["meter_value"][0]["sampled_value"]]
    assert registers == ["Energy.Active.Import.Register", "Energy.Active.Export.Register"]
