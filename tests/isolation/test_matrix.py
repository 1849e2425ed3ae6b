# SPDX-License-Identifier: EUPL-1.2
"""Each cell is as matrix.txt says, here for one kind of organisation of those that are alike.

After a change, `UPDATE_GOLDEN=1 pytest tests/isolation/test_matrix.py` writes it: read the diff.
"""

from __future__ import annotations

import asyncio

from tests.agreement.committed import agrees
from tests.conftest import Cluster
from tests.isolation.matrix import CODES_ONLY, TABLE, asked


def test_each_kind_of_organisation_can_do_and_see_what_the_matrix_says(cluster: Cluster) -> None:
    found, _ = asyncio.run(asked(cluster, ("WELFARE", *CODES_ONLY)))
    agrees(TABLE, found)
