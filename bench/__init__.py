"""Measurements; `make bench` runs them. Not shipped."""
