"""Wireless charging (V2G_CI_WPT.xsd), one file a phase."""
