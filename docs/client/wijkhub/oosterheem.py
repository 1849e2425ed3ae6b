from typing import Optional

from .base_model import BaseModel
from .fragments import SignalLine


class Oosterheem(BaseModel):
    wijk: Optional["OosterheemWijk"]


class OosterheemWijk(BaseModel):
    name: str
    signals: Optional["OosterheemWijkSignals"]
    sources: Optional[list["OosterheemWijkSources"]]


class OosterheemWijkSignals(BaseModel):
    total: int
    nodes: list["OosterheemWijkSignalsNodes"]


OosterheemWijkSignalsNodes = SignalLine


class OosterheemWijkSources(BaseModel):
    organisation: "OosterheemWijkSourcesOrganisation"
    dataset: str
    late: bool
    silent: bool


class OosterheemWijkSourcesOrganisation(BaseModel):
    name: str


Oosterheem.model_rebuild()
OosterheemWijk.model_rebuild()
OosterheemWijkSignals.model_rebuild()
OosterheemWijkSources.model_rebuild()
