"""Low-frequency signals by which car and primary device find each other's place.

The schema gives no unit for lengths, angles, times and levels (docs/open-points.md).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from iso15118.messages.iso20.types import NumericID, RationalNumber
from iso15118.messages.iso20.wpt.xmlns import XMLNS  # noqa: F401  (names the namespace of the classes)
from iso15118.messages.model import Record, Short, UnsignedByte, UnsignedShort, choice, element


class WPT_CoordinateXYZ(Record):
    """Three coordinates; of an orientation, three angles.

    Source: V2G_CI_WPT.xsd, ``WPT_CoordinateXYZType``.
    """

    coord_x: Short = element("Coord_X")
    coord_y: Short = element("Coord_Y")
    coord_z: Short = element("Coord_Z")


class WPT_TxRxSpecData(Record):
    """Place and direction of one antenna.

    Source: V2G_CI_WPT.xsd, ``WPT_TxRxSpecDataType``.
    """

    tx_rx_identifier: NumericID = element("TxRxIdentifier")
    tx_rx_position: WPT_CoordinateXYZ = element("TxRxPosition")
    tx_rx_orientation: WPT_CoordinateXYZ = element("TxRxOrientation")


class WPT_TxRxPulseOrder(Record):
    """Which antenna sends at which place of the sequence.

    Source: V2G_CI_WPT.xsd, ``WPT_TxRxPulseOrderType``.
    """

    index_number: UnsignedShort = element("IndexNumber")
    tx_rx_identifier: NumericID = element("TxRxIdentifier")


class WPT_TxRxPackageSpecData(Record):
    """Order and timing of the pulses in a package.

    Source: V2G_CI_WPT.xsd, ``WPT_TxRxPackageSpecDataType``.
    """

    pulse_sequence_order: Annotated[tuple[WPT_TxRxPulseOrder, ...], Meta(min_length=2, max_length=255)] = element(
        "PulseSequenceOrder"
    )
    pulse_separation_time: UnsignedShort = element("PulseSeparationTime")
    pulse_duration: UnsignedShort = element("PulseDuration")
    package_separation_time: UnsignedShort = element("PackageSeparationTime")


class WPT_LF_TransmitterData(Record):
    """Antennas that send, and how.

    Source: V2G_CI_WPT.xsd, ``WPT_LF_TransmitterDataType``.
    """

    number_of_transmitters: UnsignedByte = element("NumberOfTransmitters")
    signal_frequency: RationalNumber = element("SignalFrequency")
    """Unit: Hz."""
    tx_spec_data: Annotated[tuple[WPT_TxRxSpecData, ...], Meta(min_length=2, max_length=255)] = element("TxSpecData")
    tx_package_spec_data: WPT_TxRxPackageSpecData | None = element("TxPackageSpecData", default=None)


class WPT_LF_ReceiverData(Record):
    """Antennas that receive.

    Source: V2G_CI_WPT.xsd, ``WPT_LF_ReceiverDataType``.
    """

    number_of_receivers: UnsignedByte = element("NumberOfReceivers")
    rx_spec_data: Annotated[tuple[WPT_TxRxSpecData, ...], Meta(min_length=2, max_length=255)] = element("RxSpecData")


class WPT_LF_SystemSetupData(Record):
    """The low-frequency positioning system of the sender: transmitter or receiver.

    Source: V2G_CI_WPT.xsd, ``WPT_LF_SystemSetupDataType``.
    """

    lf_transmitter_setup_data: Annotated[WPT_LF_TransmitterData | None, choice("SetupData")] = element(
        "LF_TransmitterSetupData", default=None
    )
    lf_receiver_setup_data: Annotated[WPT_LF_ReceiverData | None, choice("SetupData")] = element(
        "LF_ReceiverSetupData", default=None
    )


class WPT_LF_TxData(Record):
    """Radiated power of one antenna.

    Source: V2G_CI_WPT.xsd, ``WPT_LF_TxDataType``.
    """

    tx_identifier: NumericID = element("TxIdentifier")
    eirp: RationalNumber = element("EIRP")


class WPT_LF_TxDataList(Record):
    """Container of one sent value (the schema allows just one).

    Source: V2G_CI_WPT.xsd, ``WPT_LF_TxDataListType``.
    """

    wpt_lf_tx_data_list: WPT_LF_TxData = element("WPT_LF_TxDataList")


class WPT_LF_RxRSSI(Record):
    """Signal strength of one sending antenna.

    Source: V2G_CI_WPT.xsd, ``WPT_LF_RxRSSIType``.
    """

    tx_identifier: NumericID = element("TxIdentifier")
    rssi: RationalNumber = element("RSSI")


class WPT_LF_RxRSSIList(Record):
    """Container of one signal strength (the schema allows just one).

    Source: V2G_CI_WPT.xsd, ``WPT_LF_RxRSSIListType``.
    """

    rssi_data_list: WPT_LF_RxRSSI = element("RSSIDataList")


class WPT_LF_RxData(Record):
    """What one antenna received.

    Source: V2G_CI_WPT.xsd, ``WPT_LF_RxDataType``.
    """

    rx_identifier: NumericID = element("RxIdentifier")
    rssi_data: WPT_LF_RxRSSIList = element("RSSIData")


class WPT_LF_RxDataList(Record):
    """Container of one received value (the schema allows just one).

    Source: V2G_CI_WPT.xsd, ``WPT_LF_RxDataListType``.
    """

    wpt_lf_rx_data_list: WPT_LF_RxData = element("WPT_LF_RxDataList")


class WPT_LF_DataPackage(Record):
    """Values of one package: sent or received.

    Source: V2G_CI_WPT.xsd, ``WPT_LF_DataPackageType``.
    """

    package_index: UnsignedByte = element("PackageIndex")
    lf_tx_data: Annotated[WPT_LF_TxDataList | None, choice("Data")] = element("LF_TxData", default=None)
    lf_rx_data: Annotated[WPT_LF_RxDataList | None, choice("Data")] = element("LF_RxData", default=None)


class WPT_LF_DataPackageList(Record):
    """Container of one package (the schema allows just one).

    Source: V2G_CI_WPT.xsd, ``WPT_LF_DataPackageListType``.
    """

    num_packages: UnsignedByte = element("NumPackages")
    wpt_lf_data_package: WPT_LF_DataPackage = element("WPT_LF_DataPackage")
