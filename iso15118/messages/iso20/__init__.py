"""The messages of ISO 15118-20."""
