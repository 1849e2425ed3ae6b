# SPDX-License-Identifier: EUPL-1.2
"""A row that is read quickly is read as graphql-core and Strawberry read it, and one in which they
find anything wrong is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from graphql import GraphQLEnumType, GraphQLList, get_nullable_type, is_required_input_field
from graphql.utilities import coerce_input_value
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from strawberry.types.arguments import convert_argument

from schema import row_readers
from schema.build import build
from schema.contributions import CONTRIBUTIONS
from schema.parts import ContributionKind
from schema.row_readers import RowReader, reader_of
from schema.rows import row_errors
from schema.sheets import row_type

SCHEMA = build()

FITTING: dict[str, list[Any]] = {
    "String": ["", "WK063700", "Lawaai op het plein", "caf\u00e9"],
    "Int": [0, 12, 2**31 - 1],
    "Float": [4.49, 52.06],
    "Date": ["2026-11-23"],
    "DateTime": ["2026-11-23T08:30:00+01:00", "2026-11-23T08:30:00Z", "2026-11-23 08:30+00:00"],
    "Period": ["2026-W47", "2026-Q4"],
}
OTHER: list[Any] = [
    None, True, 0, 1, -1, 2**31, 2**70, 1.0, 2.5, 1e400, "", "x", "1", "2026-02-30", "2026-W99",
    "2026-11-23T08:30:00", "NOISE", "noise", [], ["x"], ["WK063700", None], [["x"]], {}, {"a": 1},
]  # fmt: skip


def fitting(type_: Any) -> st.SearchStrategy[Any]:
    """Values as a sender of rows that are in order writes them."""
    inner: Any = get_nullable_type(type_)
    if isinstance(inner, GraphQLList):
        return st.lists(fitting(inner.of_type), min_size=1, max_size=3)
    names = list(inner.values) if isinstance(inner, GraphQLEnumType) else FITTING[inner.name]
    return st.sampled_from(names)


def in_order(kind: ContributionKind) -> st.SearchStrategy[dict[str, Any]]:
    """Rows of the kind in which nothing is wrong."""
    fields = row_type(SCHEMA._schema, kind).fields
    required, optional = {}, {}
    for name, field in fields.items():
        if is_required_input_field(field):
            required[name] = fitting(field.type)
        else:
            optional[name] = fitting(field.type) | st.none()
    return st.fixed_dictionaries(required, optional=optional)


@st.composite
def rows(draw: st.DrawFn) -> tuple[ContributionKind, Any]:
    """A row of any kind, and what was done to it afterwards."""
    kind = draw(st.sampled_from(CONTRIBUTIONS))
    row: Any = draw(in_order(kind))
    names = [*row_type(SCHEMA._schema, kind).fields, "unknown", ""]
    for name in draw(st.lists(st.sampled_from(names), max_size=3)):
        if draw(st.booleans()):
            row[name] = draw(st.sampled_from(OTHER))
        else:
            row.pop(name, None)
    return kind, draw(st.sampled_from([row, row, row, row, [row], None, "row"]))


def ordinary(kind: ContributionKind, row: Any) -> Any:
    """What graphql-core and Strawberry make of a row; None where something is wrong with it."""
    item = row_type(SCHEMA._schema, kind)
    if row_errors(row, item, False):
        return None
    scalars = SCHEMA.schema_converter.scalar_registry
    return convert_argument(coerce_input_value(row, item), kind.row_type, scalars, SCHEMA.config)


def reader(kind: ContributionKind) -> RowReader:
    """The reader of the rows of a kind."""
    found = reader_of(row_type(SCHEMA._schema, kind))
    assert found is not None
    return found


def told(read: Any) -> Any:
    """What was read, in its order, and of which type each value is: an enum is a text as well."""
    if isinstance(read, dict):
        return [(name, told(value)) for name, value in read.items()]
    if isinstance(read, list):
        return [told(value) for value in read]
    return type(read), read


@pytest.mark.parametrize("kind", CONTRIBUTIONS, ids=lambda kind: kind.kind.name)
@given(data=st.data())
def test_a_row_that_is_in_order_is_read_quickly(kind: ContributionKind, data: Any) -> None:
    row = data.draw(in_order(kind))
    assert told(reader(kind).quick(row)) == told(ordinary(kind, row))


@settings(max_examples=1000)
@given(rows())
def test_any_row_is_read_as_in_the_ordinary_way_or_passed_over(given_: Any) -> None:
    kind, row = given_
    usual = ordinary(kind, row)
    quick = reader(kind).quick(row)
    assert quick is None or told(quick) == told(usual)
    if usual is not None:
        assert told(reader(kind).read(row)) == told(usual)


FAULTS = {
    "a field that is not known is taken": ("len(made) == len(row)", "True"),
    "a value of another type is taken for a text": ("type(v) is str", "True"),
    "a text is taken for a list": ("type(v) is list", "True"),
    "a null is taken where there may be none": ("refuse(v) if v is None", "None if v is None"),
    "an enum is taken by any name": ("[v])", ".get(v))"),
}
CODE = row_readers._code


def changed(fault: str) -> Callable[..., Any]:
    old, new = FAULTS[fault]
    return lambda *given_: [line.replace(old, new) for line in CODE(*given_)]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_readers, "_code", changed(fault))
    readers = {
        kind.kind.name: replace(
            reader(kind), quick=row_readers._compiled(reader(kind).item, reader(kind).columns)
        )
        for kind in CONTRIBUTIONS
    }

    def differs(given_: Any) -> bool:
        kind, row = given_
        quick = readers[kind.kind.name].quick(row)
        return quick is not None and told(quick) != told(ordinary(kind, row))

    searching = settings(
        max_examples=10_000, derandomize=True, database=None, phases=[Phase.generate]
    )
    hypothesis.find(rows(), differs, settings=searching)
