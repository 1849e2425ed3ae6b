# SPDX-License-Identifier: EUPL-1.2
"""Wijken and buurten out of the files of CBS and PDOK, as lasting wijken with dated versions.

`import_areas` reads a file and stores it, `confirm_areas` decides what the file could not. `rd`,
`geometry` and `reading` know files, `overlap` and `continuity` know areas, `importing` and
`confirming` know the database.
"""

from resolvers.areas.confirming import Division, Outcome, confirm_areas
from resolvers.areas.importing import Confirm, ImportResult, Kind, import_areas

__all__ = [
    "Confirm",
    "Division",
    "ImportResult",
    "Kind",
    "Outcome",
    "confirm_areas",
    "import_areas",
]
