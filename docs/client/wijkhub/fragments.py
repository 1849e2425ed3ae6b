from datetime import date
from typing import Optional

from .base_model import BaseModel
from .enums import Category, SignalStatus


class SignalLine(BaseModel):
    id: str
    owner: "SignalLineOwner"
    category: Category
    seenOn: Optional[date]
    status: Optional[SignalStatus]
    summary: Optional[str]
    place: "SignalLinePlace"
    hidden: list[str]


class SignalLineOwner(BaseModel):
    name: str


class SignalLinePlace(BaseModel):
    label: str


SignalLine.model_rebuild()
