"""WHAT is said: message classes, one file a namespace (or a phase of it), and the schema sets that group them."""
