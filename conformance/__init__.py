"""Other people's stacks, and what they show about this one."""
