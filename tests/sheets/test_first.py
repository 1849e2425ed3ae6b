import pytest

from tests.conftest import World
from tests.sheets.files import *

pytestmark = pytest.mark.anyio


async def test_x(world: World) -> None:
    me = world.partner("buurtwerk")
    r = await upload(me, csv_file([GOOD, ("A-2", "WK063711", "geluiden", "31-02-2026", "", "x")]))
    import pprint

    pprint.pprint(r)
    r = await upload(me, excel_file([GOOD]), dryRun=False)
    pprint.pprint(r)
