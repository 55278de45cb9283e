"""A station and a back end joined by memory, in virtual time."""

import json

from iso15118.ocpp.station import ChargingNeeds, ChargingStation, MeterSample
from sim.csms import Csms

UNIX = 1_768_496_400.0
"""2026-01-15 17:00 UTC."""
CAR = "WVWZZZ000001"
NEEDS = ChargingNeeds(
    requested_energy_transfer="DC_BPT",
    control_mode="DynamicControl",
    mobility_needs_mode="EVCC_SECC",
    departure_unix_s=UNIX + 46_800,
    max_schedule_tuples=1024,
    max_charge_power_w=11_000.0,
    max_discharge_power_w=11_000.0,
    max_charge_current_a=30.0,
    max_discharge_current_a=30.0,
    min_voltage_v=150.0,
    max_voltage_v=500.0,
    target_energy_wh=15_000.0,
    minimum_energy_wh=-20_000.0,
    maximum_energy_wh=24_000.0,
    target_soc_percent=85,
)
METER = MeterSample(import_wh=1_000_000, export_wh=50_000, power_w=0.0, voltage_v=400.0, soc_percent=60)


class Quiet:
    """A controller that answers what it is told to, and remembers what it was told."""

    def __init__(self, *decisions):
        self.decisions, self.samples, self.timer, self.timed = decisions, [], None, ()

    def on_needs(self, view, needs, unix_s):
        return self.decisions

    def on_sample(self, view, sample, unix_s):
        self.samples.append(sample)
        return ()

    def next_timer(self):
        return self.timer

    def on_timer(self, unix_s):
        self.timer = None
        return self.timed


class Pair:
    """Both ends; ``frames`` keeps all that went over the wire as (sender, frame)."""

    def __init__(self, controller=None, *, station=None, meter=None, **options):
        self.controller = controller or Quiet()
        self.station = station or ChargingStation("CS-1", evse_count=2, id_token="card", unix_offset_s=UNIX)
        self.csms = Csms(self.controller, tokens={"card"}, unix_offset_s=UNIX, **options)
        self.meter = meter or (lambda now: METER)
        self.now = 0.0
        self.online = False
        self.frames = []

    def connect(self):
        self.online = True
        self.csms.connected("CS-1", self.now)
        self.station.connected(self.now)
        return self.exchange()

    def disconnect(self):
        self.online = False
        self.station.disconnected(self.now)
        self.csms.disconnected("CS-1", self.now)
        return self

    def before_frames(self):
        """Where a driver writes what must survive a restart."""

    def exchange(self):
        while self.online:
            self.before_frames()
            up, down = self.station.take_frames(), self.csms.take_frames("CS-1")
            if not up and not down:
                break
            for text in up:
                self.frames.append(("station", json.loads(text)))
                self.csms.receive("CS-1", text, self.now)
            for text in down:
                self.frames.append(("csms", json.loads(text)))
                self.station.receive(text, self.now)
        return self

    def run_until(self, time):
        """Let every timer come up to ``time``, with the meter's truth given before."""
        while True:
            self.exchange()
            due = [at for at in (self.station.next_timer(), self.csms.next_timer()) if at is not None]
            if not due or min(due) > time:
                break
            self.now = max(self.now, min(due))
            self.station.measure(1, self.meter(self.now), self.now)
            self.station.handle_timer(self.now)
            self.csms.handle_timer(self.now)
        self.now = time
        return self.exchange()

    def plug_in(self, needs=NEEDS):
        """Up to and including the answer to the needs."""
        self.station.plug_in(1, self.now)
        self.station.set_evcc_id(1, CAR, self.now)
        self.station.request_authorization(1, self.now)
        self.run_until(self.now)
        self.station.charging_needs(1, needs, self.now)
        return self.run_until(self.now)

    def calls(self, action, sender="station"):
        """Payloads of the calls of one action, in order."""
        return [frame[3] for who, frame in self.frames if who == sender and frame[0] == 2 and frame[2] == action]

    def errors(self):
        return [frame for _, frame in self.frames if frame[0] in (4, 5)]

    def events(self):
        return self.calls("TransactionEvent")

    @property
    def view(self):
        return self.csms.transactions("CS-1")[-1]
