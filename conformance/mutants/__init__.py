"""Seeded defects of our own cores: each must turn cases red, or the cases say nothing.

A mutant changes what the running code does while it is ``active``. ``kills`` names the cases it must turn to FAIL, all of
them. ``v2g conform mutants`` runs them and lists the cases that no mutant has failed.
"""

from __future__ import annotations

from conformance.mutants import car, der, faults, life, octets, parameters, power, schedule, standby, station
from conformance.mutants.tools import MUTANTS, Mutant

__all__ = ["MUTANTS", "Mutant"]

_ = (car, der, faults, life, octets, parameters, power, schedule, standby, station)  # they register their own
