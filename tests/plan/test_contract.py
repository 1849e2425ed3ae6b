# SPDX-License-Identifier: EUPL-1.2
"""Every operation of the contract is carried out by a plan, and answered as by the reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues

from hub.app import create_app
from hub.settings import Settings
from resolvers.plan.compiling import Compiler
from resolvers.plan.sources import Document
from schema.build import build
from tests.conftest import Cluster, a_world
from tests.golden.recording import readable
from tests.partner import Partner

ROOT = Path(__file__).parents[2]
OPERATIONS = {
    path.stem: path.read_text("utf-8")
    for path in sorted((ROOT / "tests/contract/operations").glob("*.graphql"))
}
EXAMPLES: dict[str, Any] = json.loads((ROOT / "docs/collection/examples.json").read_text("utf-8"))
CHANCE = "7b_onboard"  # its answer has a token
WHOLE = {
    name: one
    for name, one in EXAMPLES.items()
    if "<" not in json.dumps(one) and "upload" not in one and name != CHANCE
}
"""Those that need no id of an earlier answer, and no file."""


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_of_the_contract_has_a_plan(name: str) -> None:
    nodes = parse(OPERATIONS[name]).definitions
    [operation] = [node for node in nodes if isinstance(node, OperationDefinitionNode)]
    fragments = {
        node.name.value: FragmentDetails(node)
        for node in nodes
        if isinstance(node, FragmentDefinitionNode)
    }
    document = Document(build()._schema, operation, fragments)
    assert Compiler(document, VariableValues({}, {})).root().fields


@pytest.mark.anyio
async def test_the_examples_of_the_contract_are_answered_alike(cluster: Cluster) -> None:
    """Each in a new world of its own, for it may write; ids differ, so they are numbered."""
    async with a_world(cluster) as one, a_world(cluster) as other:
        reference = create_app(Settings(), other.database, planned=False)
        for name, example in WHOLE.items():
            token = cluster.tokens[example["as"]]
            planned, known = [
                await Partner(app, token).ask(OPERATIONS[name], example["variables"])
                for app in (one.app, reference)
            ]
            assert readable(planned) == readable(known), name
