from datetime import datetime
from typing import Optional

from .base_model import BaseModel
from .enums import Category, PushMode, SignalStatus


class Delivery(BaseModel):
    """A delivery as a whole. The same key with the same rows answers the first receipt again; with other rows it is an error. A full list of more rows than one request may hold comes in parts with one key, in any order; what no part names is closed when the last one is in."""

    dataset: str
    "The sender's own name for what it delivers: a-z, 0-9 and dashes. Made known by its first delivery."
    idempotencyKey: str
    "A key of the sender's own, 8 to 200 characters, a new one for each delivery. Kept seven days."
    mode: PushMode = PushMode.UPSERT
    "What the rows are."
    part: int = 1
    "Which part of a list this is, from 1."
    parts: int = 1
    "How many parts the list has; at most 1000."
    dryRun: bool = False
    "Only say what would happen. Stores a receipt and no record."
    maxRejected: int = 0
    "With more rejected rows than this, the delivery is refused as a whole."
    mayClose: Optional[int] = None
    "A full list that would close more records than this is refused as a whole. Without it: 10, or 10 % of the open records if that is more."


class SignalRow(BaseModel):
    """A signal as its source has it. Of police and enforcement the hub keeps no point, no minute and no free text."""

    externalId: str
    "The id in the sender's own system, unique in its dataset."
    sourceVersion: Optional[str] = None
    "What the sender calls this version; a delivery of an older one changes nothing."
    wijk: str
    "CBS code of the current division, or the wijk's id."
    buurt: Optional[str] = None
    "Code, name or id of a buurt of that wijk."
    lon: Optional[float] = None
    "Longitude in degrees (WGS 84)."
    lat: Optional[float] = None
    "Latitude in degrees (WGS 84)."
    category: Category
    subcategory: Optional[str] = None
    "From the sender's own list."
    seenAt: datetime
    "When it was seen."
    status: SignalStatus
    summary: Optional[str] = None
    "What was seen; nothing about a person."
    internalNote: Optional[str] = None
    "The owner's alone: never seen by another organisation."
