# SPDX-License-Identifier: EUPL-1.2
"""What is about a whole dataset or delivery may take what its operation may; nothing else may."""

from __future__ import annotations

import pytest

from tests.conftest import World
from tests.contract.receipts import undo
from tests.contract.test_never_share import mark, push
from tests.contract.writing import codes, row
from tests.contract.writing import push as deliver

pytestmark = pytest.mark.anyio

# A statement that would pass the seconds of a statement, for whoever has no more than those.
PATIENCE = """
create function hub.too_slow() returns trigger language plpgsql as $$
begin
  if current_setting('statement_timeout')::interval <= interval '5 s' then
    raise query_canceled;
  end if;
  return null;
end $$;
grant execute on function hub.too_slow() to public;
create trigger too_slow after update or delete on hub.signals
  for each statement execute function hub.too_slow()"""


async def test_a_mark_and_its_way_back_take_what_the_operation_may(world: World) -> None:
    await push(world, "woonoverlast-meldingen", 1)
    async with world.connect("superuser") as superuser:
        await superuser.execute(PATIENCE)
    for never, more in ((True, {}), (False, {"pastToo": True})):
        payload = await mark(world, "woonoverlast-meldingen", never, **more)
        assert payload["errors"] == []
        assert payload["dataset"]["neverShare"] is never


async def test_an_undo_takes_what_the_operation_may_and_a_push_does_not(world: World) -> None:
    partner = world.partner("buurtwerk")
    made = await deliver(partner, [row()])
    async with world.connect("superuser") as superuser:
        await superuser.execute(PATIENCE)
    stopped = await deliver(partner, [row(status="DONE")])
    assert codes(stopped) == ["TIMEOUT"]
    done = await undo(partner, made["id"])
    assert (done["errors"], done["summary"]) == ([], [{"outcome": "REMOVED", "rows": 1}])
