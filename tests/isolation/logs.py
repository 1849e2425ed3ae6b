# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""The part of the battery about ledger, audit log and register: who reads what of them, what is written for whom, what is
sealed and what is erased. The twin gemeente has the same rows under the same organisations.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from json import dumps
from typing import Any
from uuid import UUID

import asyncpg

from tests.isolation.play import LOG_READS, Connection, Read, log_reads, named

TWIN = "GM0002"
OFFICER = "PRIVACY_OFFICER"
LINES = "select owner, reader, actor, trace, operation from hub.ledger_lines($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"

PLACE_LINE = """insert into hub.read_ledger (gemeente, owner, id, reader, actor, at, on_day, told_on, agreement, version, purpose, kind,
  records, fields, operation, ids, trace)
  select $1, $2::uuid, $3::uuid, $4::uuid, 'jan', hub.now() + $5::int * interval '1 hour', hub.today() + $6::int, hub.today() + $6::int,
    $7::uuid, 1, 'x', $8, 1, '{}', $9, array[$3::uuid], 'spoor'"""
KNOWS = "select hub.knows_login($1)"
COLUMNS = "gemeente, owner, reader, actor, version, records, ids, fields"
ACTIVITY = """insert into hub.processing_activities (id, code, version, valid_from, name, purpose, legal_basis)
  values ($1, $2, $3, hub.today() + $4::int, 'x', 'x', 'x')"""
ASSIGN = "insert into hub.agreement_activities (agreement, code) values ($1, $2) on conflict (gemeente, organisation, agreement) do update set code = excluded.code"


@dataclass(slots=True)
class Logs:
    """What is asked, of one gemeente; the twin beside it is there to be kept out."""

    gemeente: str
    organisations: tuple[UUID, ...]
    agreements: tuple[UUID, ...]
    superuser: Connection
    app: Any
    owner: Any

    async def prove(self) -> None:
        """Everything, within the superuser's transaction; raises when anything is not as it should be."""
        await self._sealing()
        for gemeente in (self.gemeente, TWIN):
            await self._place(gemeente)
        await self._readers()
        await self._noted()
        await self._versions()
        await self._lines()
        await self._audit()
        await self._register()
        await self._erasure()

    @asynccontextmanager
    async def _as(self, place: int, *roles: str, gemeente: str = "") -> AsyncIterator[None]:
        """An organisation, by its place, with its roles."""
        await self.app.execute(
            "select set_config('hub.gemeente', $1, true), set_config('hub.organisation', $2, true), set_config('hub.roles', $3, true),"
            " set_config('hub.actor', 'jan', true)",
            *(gemeente or self.gemeente, str(self.organisations[place]), ",".join(roles)),
        )
        yield
        await self.app.execute(
            "select set_config('hub.gemeente', '', true), set_config('hub.organisation', '', true), set_config('hub.roles', '', true)"
        )

    async def _place(self, gemeente: str) -> None:
        """Reads of the first by the second and of the second by the third, today and told later, and one of another kind."""
        first, second, third = self.organisations
        await self.superuser.execute("reset role")
        for number, (owner, reader, hours, days, kind) in enumerate(
            (
                (first, second, 1, 0, "SIGNAL"),
                (first, second, 2, 1, "SIGNAL"),
                (first, third, 3, 0, "ACTIVITY"),
                (second, third, 4, 0, "SIGNAL"),
            )
        ):
            await self.superuser.execute(
                PLACE_LINE,
                *(gemeente, owner, named(gemeente, "line", number), reader, hours, days),
                *(named("agreement", kind), kind, f"nr-{number}"),
            )

    async def _readers(self) -> None:
        """An owner is told who read its records, when it is told of that."""
        _, second, third = self.organisations
        rows = "select reader from hub.readers_of_asker(hub.today() + $1::int, hub.today() + $2::int) where purpose = 'x'"
        for place, expected in ((0, {second, third}), (1, {third}), (2, set())):
            async with self._as(place):
                found = await self.app.fetch(rows, -1, 1)
                assert await self.app.fetch(rows, 1, 2) == await self.app.fetch(rows, -2, -1) == []
            assert len(found) == len(expected)
            assert {row["reader"] for row in found} == expected

    async def _asked(self, place: int, by_us: bool, **given: Any) -> list[tuple[Any, ...]]:
        """Operation, actor and trace of the lines that were placed, newest first."""
        names = ("other", "agreement", "kind", "login", "after", "after_id", "n")
        since, until = given.get("since"), given.get("until")
        now = await self.app.fetchval("select hub.now()")
        found = await self.app.fetch(
            LINES,
            by_us,
            now if since is None else now + since,
            None if until is None else now + until,
            *(given.get(name) for name in names),
        )
        return [
            (row["operation"], row["actor"], row["trace"])
            for row in found
            if row["operation"].startswith("nr-")
        ]

    async def _lines(self) -> None:
        """With their times an organisation's lines are for its officer, from both sides."""
        hour = timedelta(hours=1)
        theirs = [(f"nr-{number}", None, None) for number in (2, 1, 0)]
        async with self._as(0):
            assert await self._asked(0, False) == await self._asked(0, True) == []
        async with self._as(0, "ADMINISTRATOR"):
            assert await self._asked(0, False) == []
        async with self._as(0, OFFICER):
            assert await self._asked(0, False) == theirs
            assert await self._asked(0, True) == []
            assert await self._asked(0, False, since=2 * hour, until=3 * hour) == theirs[1:2]
            assert await self._asked(0, False, other=self.organisations[2]) == theirs[:1]
            assert (
                await self._asked(0, False, agreement=named("agreement", "ACTIVITY")) == theirs[:1]
            )
            assert await self._asked(0, False, kind="ACTIVITY") == theirs[:1]
            assert await self._asked(0, False, login="jan") == []
            assert await self._asked(0, False, n=1) == theirs[:1]
            now = await self.app.fetchval("select hub.now()")
            line = named(self.gemeente, "line", 1)
            after = {"after": now + 2 * hour, "after_id": line}
            assert await self._asked(0, False, **after) == theirs[2:]
        async with self._as(2, OFFICER):
            assert await self._asked(2, False) == []
            assert await self._asked(2, True) == [
                ("nr-3", "jan", "spoor"),
                ("nr-2", "jan", "spoor"),
            ]
            assert await self._asked(2, True, other=self.organisations[1]) == [
                ("nr-3", "jan", "spoor")
            ]
            assert len(await self._asked(2, True, login="jan")) == 2
            assert await self._asked(2, True, login="piet") == []

    async def _noted(self) -> None:
        """What was just read is told as what was written, to the same, and is written once, of its own gemeente alone."""
        first, second, third = self.organisations
        await self.superuser.execute("reset role")
        in_twin = await self.superuser.fetchval(
            "select id from hub.agreements where gemeente = $1", TWIN
        )
        for gemeente, agreement in (
            (self.gemeente, named(self.gemeente, "buurt")),
            (TWIN, in_twin),
        ):
            async with self._as(1, gemeente=gemeente):
                who = "kees" if gemeente == self.gemeente else "toos"
                await self.app.execute("select set_config('hub.actor', $1, true)", who)
                read = Read(first, agreement, hidden=("point",), ids=(first,))
                stranger = Read(third, named(self.gemeente, "buurt"))
                await self.app.fetch(LOG_READS, *log_reads("zojuist", stranger, read))
        await self._of_noted("zojuist")
        await self.superuser.execute("reset role")
        lines = f"select {COLUMNS} from hub.read_ledger where operation = 'zojuist'"
        assert await self.superuser.fetch(lines) == []
        assert not await self.app.fetchval("select hub.fold_reads($1, 100)", self.gemeente)
        await self.superuser.execute("reset role")
        written = await self.superuser.fetch(lines)
        assert len(written) == 1
        line = written[0]
        assert tuple(line)[:4] == (self.gemeente, first, second, "kees")
        assert (line["version"], line["records"], line["ids"]) == (1, 1, [first])
        assert "point" not in line["fields"] and "summary" in line["fields"]
        await self._of_noted("zojuist")
        assert await self.app.fetchval("select hub.fold_reads($1, 1)", TWIN)
        await self.superuser.execute("reset role")
        assert len(await self.superuser.fetch(lines)) == 2
        await self.superuser.execute("delete from hub.read_ledger where operation = 'zojuist'")

    async def _versions(self) -> None:
        """A line falls under the version by which the reader is shown the owner's records now, not under a newer one."""
        first, second, third = self.organisations
        agreement = named(self.gemeente, "buurt")
        # version, in the twin, provider and receiver of its rule, receiver of its grants and the days from which they hold
        others: tuple[tuple[int, bool, UUID, UUID, UUID, int], ...] = (
            (2, False, first, second, third, 0),  # by its grants a third is shown records
            (3, False, first, second, second, 1),  # begins tomorrow
            (4, False, third, second, second, 0),  # of another provider
            (5, False, first, third, third, 0),  # for another receiver
            (1, True, first, second, second, 0),
            (6, True, first, second, second, 0),
        )
        await self.superuser.execute("reset role; set local session_replication_role = replica")
        for version, in_twin, provider, receiver, granted, days in others:
            given = {"version": version, "gemeente": TWIN if in_twin else self.gemeente}
            tables: tuple[tuple[str, str, dict[str, UUID]], ...] = (
                ("agreements", "id", {}),
                ("agreement_rules", "agreement", {"provider": provider, "receiver": receiver}),
                ("grants", "agreement", {"receiver": granted}),
            )
            for table, key, more in tables:
                await self.superuser.execute(
                    f"""insert into hub.{table}
                    select (jsonb_populate_record(t, $3::text::jsonb)).* from hub.{table} t
                    where t.gemeente = $1 and t.{key} = $2 and t.version = 1 limit 1""",
                    *(self.gemeente, agreement, dumps(given | more, default=str)),
                )
            await self.superuser.execute(
                """update hub.grants set valid_from = hub.today() + $1::int, valid_until = hub.today() + 9
                where agreement = $2 and version = $3 and gemeente = $4""",
                *(days, agreement, version, given["gemeente"]),
            )
        await self.superuser.execute("set local session_replication_role = origin")
        async with self._as(1):
            await self.app.fetch(LOG_READS, *log_reads("welke", Read(first, agreement)))
        assert not await self.app.fetchval("select hub.fold_reads($1, 100)", self.gemeente)
        await self.superuser.execute("reset role")
        lines = await self.superuser.fetch(
            "select version from hub.read_ledger where operation = 'welke'"
        )
        assert [row["version"] for row in lines] == [1]
        await self.superuser.execute("set local session_replication_role = replica")
        for table, key, _ in tables:
            await self.superuser.execute(
                f"delete from hub.{table} where {key} = $1 and (version > 1 or gemeente = '{TWIN}')",
                agreement,
            )
        await self.superuser.execute("set local session_replication_role = origin")

    async def _of_noted(self, operation: str) -> None:
        """Who is told of a read of the first by the second."""
        told = {}
        for place in range(3):
            async with self._as(place, OFFICER):
                for by_us in (True, False):
                    now = await self.app.fetchval("select hub.now()")
                    rows = await self.app.fetch(LINES, by_us, now, *[None] * 8)
                    told[place, by_us] = [
                        (row["owner"], row["actor"])
                        for row in rows
                        if row["operation"] == operation
                    ]
                assert await self.app.fetchval(KNOWS, "kees") == (place == 1)
                assert not await self.app.fetchval(KNOWS, "toos")
            async with self._as(place, "ADMINISTRATOR"):
                assert not await self.app.fetchval(KNOWS, "kees")
        first, *_ = self.organisations
        assert told.pop((1, True)) == [(first, "kees")]
        assert told.pop((0, False)) == [(first, None)]
        assert not any(told.values())

    async def _audit(self) -> None:
        """The audit log of an organisation is for its officer and its administrator."""
        rows = "select distinct gemeente, organisation from hub.audit_log"
        for roles, seen in (
            ((), False),
            (("COUNCIL", "WIJKREGISSEUR"), False),
            ((OFFICER,), True),
            (("ADMINISTRATOR",), True),
        ):
            async with self._as(1, *roles):
                found = [tuple(row) for row in await self.app.fetch(rows)]
            assert found == ([(self.gemeente, self.organisations[1])] if seen else [])
        await self._entries()

    async def _entries(self) -> None:
        """Who acts is named to its own organisation alone; administration is named to whom it concerns."""
        first, second, _ = self.organisations
        for asker in (str(first), ""):
            await self.superuser.execute("reset role")
            await self.superuser.execute(
                "select set_config('hub.organisation', $1, true), set_config('hub.actor', 'jan', true), set_config('hub.trace', 'spoor', true)",
                asker,
            )
            for whose in (first, second):
                await self.superuser.execute(
                    "select hub.audit($1, $2, 'PROOF', $3, '{}')",
                    *(self.gemeente, whose, f"van {asker or 'beheer'}"),
                )
        await self.superuser.execute(
            "select set_config('hub.organisation', '', true), set_config('hub.trace', '', true)"
        )
        told = "select by_organisation, actor, trace from hub.audit_log where action = 'PROOF' order by by_organisation"
        async with self._as(0, OFFICER):
            assert [tuple(row) for row in await self.app.fetch(told)] == [
                (first, "jan", "spoor"),
                (None, "jan", None),
            ]
        async with self._as(1, OFFICER):
            assert [tuple(row) for row in await self.app.fetch(told)] == [
                (first, None, None),
                (None, "jan", None),
            ]

    async def _register(self) -> None:
        """A register is one's own; an agreement falls under an activity of one's own, and the newest version that has begun."""
        shared = named(self.gemeente, "buurt")
        read = Read(self.organisations[0], shared)
        async with self._as(1, "COUNCIL"):
            await self._refused(ACTIVITY, UUID(int=21), "toezicht", 1, 0)
        for place, gemeente, versions in (
            (1, self.gemeente, ((1, -1), (2, 0), (3, 1))),
            (0, self.gemeente, ((7, 0),)),
            (1, TWIN, ((8, 0),)),
        ):
            async with self._as(place, OFFICER, gemeente=gemeente):
                for version, days in versions:
                    await self.app.execute(
                        ACTIVITY, UUID(int=20 + version), "toezicht", version, days
                    )
        async with self._as(1):
            await self._refused(ASSIGN, shared, "toezicht")
        async with self._as(0, OFFICER):
            await self.app.execute(ACTIVITY, UUID(int=30), "ander", 1, 0)
            await self.app.execute(ASSIGN, shared, "ander")
        async with self._as(1, OFFICER):
            rows = await self.app.fetch(
                "select distinct gemeente, organisation from hub.processing_activities"
            )
            assert [tuple(row) for row in rows] == [(self.gemeente, self.organisations[1])]
            assert await self.app.fetch("select * from hub.agreement_activities") == []
            await self._refused(ASSIGN, shared, "ander")
            await self._refused(ASSIGN, named(TWIN, "nergens"), "toezicht")
            assert (await self._logged(read)) == (None, None)
            await self.app.execute(ACTIVITY, UUID(int=31), "zaken", 9, 0)
            for other in self.agreements:
                await self.app.execute(ASSIGN, other, "zaken")
            await self.app.execute(ASSIGN, shared, "toezicht")
            await self._refused("update hub.agreement_activities set code = 'ander'")
            await self._in_twin(shared)
            assert (await self._logged(read)) == ("toezicht", 2)
        async with self._as(1):
            await self._refused(ASSIGN, shared, "toezicht")
            change = "update hub.agreement_activities set code = 'toezicht'"
            assert await self.app.execute(change) == "UPDATE 0"
            assert (await self._logged(read)) == ("toezicht", 2)
        async with self._as(2, OFFICER):
            await self.app.execute(ACTIVITY, UUID(int=41), "toezicht", 1, 0)
            await self._refused(ASSIGN, shared, "toezicht")

    async def _in_twin(self, agreement: UUID) -> None:
        """The same assignment in the twin, where another version holds."""
        await self.superuser.execute("reset role")
        await self.superuser.execute(
            "insert into hub.agreement_activities (gemeente, organisation, agreement, code) values ($1, $2, $3, 'toezicht')",
            *(TWIN, self.organisations[1], agreement),
        )

    async def _logged(self, read: Read) -> tuple[str | None, int | None]:
        (row,) = await self.app.fetch(LOG_READS, *log_reads("test", read))
        (activity,) = row["activities"] or [None]
        (version,) = row["activity_versions"] or [None]
        return activity, version

    async def _refused(self, statement: str, *args: Any) -> None:
        try:
            async with self.app.transaction():
                await self.app.execute(statement, *args)
        except asyncpg.PostgresError:
            return
        raise AssertionError(f"taken: {statement}")

    async def _sealing(self) -> None:
        """What was committed is sealed once, in its own gemeente; what was not waits."""
        assert await self.app.fetchval("select hub.seal_logs($1)", self.gemeente) > 0
        assert await self.app.fetchval("select hub.seal_logs($1)", self.gemeente) == 0
        await self.superuser.execute("reset role")
        ours = "where gemeente = $1 and xid < pg_snapshot_xmin(pg_current_snapshot())"
        for log, table in (("AUDIT", "audit_log"), ("LEDGER", "read_ledger")):
            entries = await self.superuser.fetch(
                f"select id from hub.{table} {ours}", self.gemeente
            )
            sealed = await self.superuser.fetch(
                "select entry from hub.sealed_entries where gemeente = $1 and log = $2",
                self.gemeente,
                log,
            )
            assert sorted(row[0] for row in sealed) == sorted(row[0] for row in entries)
        await self.superuser.execute(
            "select hub.audit($1, $2, 'PROOF', 'x', '{}')", self.gemeente, self.organisations[0]
        )
        assert await self.app.fetchval("select hub.seal_logs($1)", self.gemeente) == 0
        await self.superuser.execute("reset role")
        await self.superuser.execute("delete from hub.audit_log where action = 'PROOF'")

    async def _erasure(self) -> None:
        """What is erased is of one organisation, or of before a day, in one gemeente."""
        _, second, third = self.organisations
        placed = "select count(*) from hub.read_ledger where purpose = 'x'"
        named_ = f"{placed} and actor = 'jan'"
        erase = "select hub.erase_actor_from_logs($1, $2, 'jan', 'gewist')"
        entries = "select count(*) from hub.audit_log where actor = 'jan' and gemeente = $1 and organisation = $2 and by_organisation = $2"
        await self.superuser.execute("reset role")
        known = await self.superuser.fetchval(entries, self.gemeente, second)
        reads = "select count(*) from hub.read_ledger where actor = 'jan' and gemeente = $1 and reader = $2"
        known += await self.superuser.fetchval(reads, self.gemeente, second)
        noted = reads.replace("read_ledger", "noted_reads")
        yet_to_be_written = await self.superuser.fetchval(noted, self.gemeente, second)
        assert yet_to_be_written > 0
        known += yet_to_be_written  # each of one line
        assert await self.owner.fetchval(erase, self.gemeente, second) == known
        await self.superuser.execute("reset role")
        assert await self.superuser.fetchval(noted, self.gemeente, second) == 0
        assert await self._counted(named_) == 8 - 2
        assert await self.owner.fetchval(erase.replace("jan", "piet"), self.gemeente, third) == 0
        assert await self._counted(named_) == 8 - 2
        erase = "select hub.erase_owner_from_ledger($1, $2)"
        assert await self.owner.fetchval(erase, self.gemeente, second) == 1
        assert await self._counted(placed) == 8 - 1
        reads = "select count(*) from hub.read_ledger where gemeente = $1 and on_day <= hub.today()"
        await self.superuser.execute("reset role")
        known = await self.superuser.fetchval(reads, self.gemeente)
        erase = "select hub.erase_ledger_before($1, hub.today() + 1)"
        assert await self.owner.fetchval(erase, self.gemeente) == known
        assert await self._counted(placed) == 8 - 1 - 2
        assert await self._counted(f"{placed} and gemeente = '{TWIN}'") == 4

    async def _counted(self, query: str) -> int:
        await self.superuser.execute("reset role")
        count: int = await self.superuser.fetchval(query)
        return count
