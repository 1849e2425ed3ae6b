from .base_client import BaseClient
from .base_model import BaseModel, Upload
from .client import WijkHub
from .deliver import (
    Deliver,
    DeliverPushSignals,
    DeliverPushSignalsErrors,
    DeliverPushSignalsRows,
    DeliverPushSignalsRowsNodes,
    DeliverPushSignalsRowsNodesErrors,
    DeliverPushSignalsSummary,
)
from .enums import Category, PushMode, RowOutcome, SignalStatus
from .exceptions import (
    GraphQLClientError,
    GraphQLClientGraphQLError,
    GraphQLClientGraphQLMultiError,
    GraphQLClientHttpError,
    GraphQLClientInvalidResponseError,
)
from .fragments import SignalLine, SignalLineOwner, SignalLinePlace
from .input_types import Delivery, SignalRow
from .oosterheem import (
    Oosterheem,
    OosterheemWijk,
    OosterheemWijkSignals,
    OosterheemWijkSignalsNodes,
    OosterheemWijkSources,
    OosterheemWijkSourcesOrganisation,
)

__all__ = [
    "BaseClient",
    "BaseModel",
    "Category",
    "Deliver",
    "DeliverPushSignals",
    "DeliverPushSignalsErrors",
    "DeliverPushSignalsRows",
    "DeliverPushSignalsRowsNodes",
    "DeliverPushSignalsRowsNodesErrors",
    "DeliverPushSignalsSummary",
    "Delivery",
    "GraphQLClientError",
    "GraphQLClientGraphQLError",
    "GraphQLClientGraphQLMultiError",
    "GraphQLClientHttpError",
    "GraphQLClientInvalidResponseError",
    "Oosterheem",
    "OosterheemWijk",
    "OosterheemWijkSignals",
    "OosterheemWijkSignalsNodes",
    "OosterheemWijkSources",
    "OosterheemWijkSourcesOrganisation",
    "PushMode",
    "RowOutcome",
    "SignalLine",
    "SignalLineOwner",
    "SignalLinePlace",
    "SignalRow",
    "SignalStatus",
    "Upload",
    "WijkHub",
]
