"""How each row of the table of response codes is caused: registered by what the row says, played by test_evidence."""

from tests.session.causes import power, setup
from tests.session.causes.table import CAUSES

__all__ = ["CAUSES", "power", "setup"]
