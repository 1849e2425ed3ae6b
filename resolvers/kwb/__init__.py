# SPDX-License-Identifier: EUPL-1.2
"""Published figures of gemeenten, wijken and buurten, as their publishers give them.

`import_kwb` reads a sheet of CBS's Kerncijfers wijken en buurten, `import_facts` a list of figures
of a gemeente, each with its own source. What is counted, in which unit, and whether CBS calls it
provisional is data: measures.csv. Nothing here adds wijken up: CBS rounds them at random.
"""

from resolvers.kwb.facts import import_facts
from resolvers.kwb.importing import KwbResult, import_kwb

__all__ = ["KwbResult", "import_facts", "import_kwb"]
