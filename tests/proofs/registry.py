# SPDX-License-Identifier: EUPL-1.2
"""The registry: every proof that `make prove` carries out. A new one is one more name."""

from __future__ import annotations

from tests.isolation.canaries import CANARIES
from tests.isolation.catalogue import CATALOGUE
from tests.isolation.doors import DOORS
from tests.isolation.hunt import MUTANTS
from tests.isolation.interleaved import CONCURRENCY
from tests.isolation.matrix import MATRIX
from tests.isolation.non_interference import NON_INTERFERENCE
from tests.isolation.paths import PATHS
from tests.overview.disclosing import DISCLOSURE
from tests.plan.compared import AGREEMENT
from tests.plan.writing import WRITING
from tests.proofs.proof import Proof

PROOFS: tuple[Proof, ...] = (
    NON_INTERFERENCE,
    DOORS,
    MUTANTS,
    MATRIX,
    CANARIES,
    CATALOGUE,
    PATHS,
    DISCLOSURE,
    CONCURRENCY,
    AGREEMENT,
    WRITING,
)  # fmt: skip
