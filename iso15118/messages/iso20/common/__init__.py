"""CommonMessages: the messages of every kind of energy transfer, one file a phase (V2G_CI_CommonMessages.xsd)."""
