"""AC_DER_IEC (V2G_CI_AC_DER_IEC.xsd): AC messages with the grid functions of an inverter."""
