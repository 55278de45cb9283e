"""The ready-made ports say of every attribute what it is."""

from __future__ import annotations

import inspect
from typing import get_type_hints

import msgspec
import pytest

from iso15118.session.ports import Charger, SimpleCharger, SimpleVehicle, Vehicle


@pytest.mark.parametrize("made", [SimpleCharger(), SimpleVehicle()])
def test_every_attribute_is_declared_with_its_type(made: object) -> None:
    hints = get_type_hints(type(made))
    assert set(hints) == set(vars(made))
    for name, value in vars(made).items():
        assert msgspec.convert(msgspec.to_builtins(value), hints[name]) == value, name


@pytest.mark.parametrize(("simple", "port"), [(SimpleCharger, Charger), (SimpleVehicle, Vehicle)])
def test_every_question_of_the_ports_has_an_answer(simple: type, port: type) -> None:
    questions = {name for name, _ in inspect.getmembers(port, inspect.isfunction) if not name.startswith("_")}
    assert questions <= {name for name, _ in inspect.getmembers(simple, inspect.isfunction)}
