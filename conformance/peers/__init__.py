"""Stacks that no one here wrote, each run in an environment of its own."""
