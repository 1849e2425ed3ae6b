# SPDX-License-Identifier: EUPL-1.2
"""The checks of the catalogue, counted over what they look at."""

from __future__ import annotations

from schema.contributions import CONTRIBUTIONS
from sql import checks
from sql.known import ALLOWED, may_execute
from tests.conftest import Cluster
from tests.isolation.conftest import a_bench
from tests.proofs.proof import Outcome, Proof

LOOKED_AT = {
    "tables": "pg_class where relkind = 'r' and relnamespace",
    "policies": "pg_policy p join pg_class c on c.oid = p.polrelid where c.relnamespace",
    "functions": "pg_proc where pronamespace",
    "keys": "pg_index i join pg_class c on c.oid = i.indrelid"
    " where i.indisunique and c.relnamespace",
}


def _carry_out(cluster: Cluster, _: range) -> Outcome:
    with a_bench(cluster, "catalogue") as bench:
        found = bench.runner.run(checks.findings(bench.app, ALLOWED))
        assert found == {}, found
        opened = bench.runner.run(checks.executable(bench.app))
        assert opened == sorted(may_execute(each.kind.table for each in CONTRIBUTIONS))
        counts = {
            what: bench.runner.run(
                bench.superuser.fetchval(f"select count(*) from {where} = 'hub'::regnamespace")
            )
            for what, where in LOOKED_AT.items()
        }
    allowed = {f"{check}: {name}" for check, names in ALLOWED.items() for name in names}
    return Outcome(
        {
            **counts,
            "exceptions, each with a reason": len(allowed),
            "functions that the serving role executes, each with a reason": len(opened),
        }
    )


CATALOGUE = Proof("catalogue", 5, "database", _carry_out, long=1, share=1)
