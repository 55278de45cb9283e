"""AC_DER_SAE (V2G_CI_AC_DER_SAE.xsd): AC messages with the grid functions of an inverter."""
