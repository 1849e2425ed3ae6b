# SPDX-License-Identifier: EUPL-1.2
"""The page for employees in a browser: a trial of a file, what is wrong in it, and the receipt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import World
from tests.door.browser import Page, browser, installed
from tests.served import served
from tests.sheets.files import GOOD, csv_file

pytestmark = [
    pytest.mark.slow,
    pytest.mark.anyio,
    pytest.mark.skipif(installed() is None, reason="no Chromium is installed"),
]

TITLE = "document.getElementById('result-title').innerText"
WRONG = ("W-1", "WK063711", "lawaai", "22-11-2026", "nieuw", "")


async def filled_in(page: Page, token: str, dataset: str, file: Path) -> None:
    """The form with these, and its button pressed."""
    for field, text in (("token", token), ("dataset", dataset)):
        await page.value(f"document.getElementById({field!r}).focus()")
        await page.value(f"document.getElementById({field!r}).select()")
        await page.call("Input.insertText", text=text)
    root = (await page.call("DOM.getDocument"))["root"]["nodeId"]
    found = await page.call("DOM.querySelector", nodeId=root, selector="#file")
    await page.call("DOM.setFileInputFiles", files=[str(file)], nodeId=found["nodeId"])
    await page.value("document.querySelector('#sheet button').click()")


async def text_of(page: Page, selector: str) -> str:
    found: str = await page.value(f"document.querySelector({json.dumps(selector)}).innerText")
    return found


async def test_from_a_wrong_token_to_a_receipt(world: World, tmp_path: Path) -> None:
    file = tmp_path / "lijst.csv"
    file.write_bytes(csv_file([GOOD, WRONG, ("W-2", *WRONG[1:])]))
    token = world.cluster.tokens["buurtwerk"]
    async with served(world) as address, browser(str(installed())) as page:
        await page.open("", f"http://{address}/sheet")
        await page.until("document.readyState === 'complete'")
        language = await page.value("document.documentElement.lang")

        await filled_in(page, token, "Mijn lijst", file)
        told = await page.value("document.getElementById('dataset').validationMessage")
        assert "meldingen-buurtteam" in told

        await filled_in(page, "hub_wrong", "mijn-lijst", file)
        await page.until("!document.getElementById('problems').hidden")
        told = await text_of(page, "#problems")
        assert {"nl": "Uw token", "en": "Your token"}[language] in told
        assert "Authorization" not in told

        await filled_in(page, token, "mijn-lijst", file)
        await page.until("!document.getElementById('carry-out-part').hidden")
        first, second = (await text_of(page, "#rejected tbody")).splitlines()
        assert ", " in first and len(second) < len(first)
        assert second.endswith(" 3")  # where the words stand

        await page.value("document.getElementById('carry-out').click()")
        await page.until("!document.getElementById('receipt').hidden")
        title = await page.value(TITLE)
        assert title.endswith({"nl": ": 1 van 3", "en": ": 1 of 3"}[language])
        list_, _, number = (await text_of(page, "#receipt-of")).split(" · ")
        assert list_ == "mijn-lijst"
        got = await world.partner("buurtwerk").ask(
            "query($id: ID!) { pushReceipt(id: $id) { dataset dryRun } }", {"id": number}
        )
        assert got["pushReceipt"] == {"dataset": "mijn-lijst", "dryRun": False}
        assert [each for each in page.complaints if "401" not in each] == []
