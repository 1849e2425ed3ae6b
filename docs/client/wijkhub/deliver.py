from typing import Optional

from .base_model import BaseModel
from .enums import RowOutcome


class Deliver(BaseModel):
    pushSignals: Optional["DeliverPushSignals"]


class DeliverPushSignals(BaseModel):
    id: Optional[str]
    dryRun: bool
    replayed: bool
    summary: list["DeliverPushSignalsSummary"]
    rows: "DeliverPushSignalsRows"
    errors: list["DeliverPushSignalsErrors"]


class DeliverPushSignalsSummary(BaseModel):
    outcome: RowOutcome
    rows: int


class DeliverPushSignalsRows(BaseModel):
    nodes: list["DeliverPushSignalsRowsNodes"]


class DeliverPushSignalsRowsNodes(BaseModel):
    line: int
    externalId: Optional[str]
    errors: list["DeliverPushSignalsRowsNodesErrors"]


class DeliverPushSignalsRowsNodesErrors(BaseModel):
    path: list[str]
    code: str
    message: str
    hint: Optional[str]


class DeliverPushSignalsErrors(BaseModel):
    code: str
    message: str
    hint: Optional[str]


Deliver.model_rebuild()
DeliverPushSignals.model_rebuild()
DeliverPushSignalsRows.model_rebuild()
DeliverPushSignalsRowsNodes.model_rebuild()
