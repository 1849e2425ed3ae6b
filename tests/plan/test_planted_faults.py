# SPDX-License-Identifier: EUPL-1.2
"""Faults that are planted in the plan executor are found by asking both executors: a comparison
that cannot fail proves nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from graphql import Undefined
from graphql.execution.values import VariableValues

from resolvers.plan import compiling, plans, settling, shapes, sources
from resolvers.plan.objects import Plain
from resolvers.plan.running import Failure
from sql.at_once import AtOnce
from tests.conftest import Cluster
from tests.isolation.covered import Covered
from tests.plan.compared import Difference, asked
from tests.plan.scene import Both, both_executors

pytestmark = pytest.mark.anyio

MOST = 400
"""Operations in which a fault must show."""

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


@pytest.fixture(scope="module")
async def both(cluster: Cluster, anyio_backend: str) -> AsyncIterator[Both]:
    """The two executors over one populated world."""
    async with both_executors(cluster) as made:
        yield made


def repeated_fields_are_not_merged(patch: Patch) -> None:
    collect = compiling.collect_subfields

    def first_alone(*given: Any) -> Any:
        *before, details, hide = given
        return collect(*before, details[:1], hide)

    patch.setattr(compiling, "collect_subfields", first_alone)


def choices_are_those_of_the_first_asker(patch: Patch) -> None:
    patch.setattr(plans.Plans, "_choices", lambda *_: ())


def choices_are_taken_the_other_way_round(patch: Patch) -> None:
    collect = compiling.collect_subfields

    def other(schema: Any, fragments: Any, variables: VariableValues, *rest: Any) -> Any:
        turned = {
            name: not value if isinstance(value, bool) else value
            for name, value in variables.coerced.items()
        }
        return collect(schema, fragments, variables._replace(coerced=turned), *rest)

    patch.setattr(compiling, "collect_subfields", other)


def keys_are_in_another_order(patch: Patch) -> None:
    fields = compiling.Compiler._fields
    patch.setattr(
        compiling.Compiler, "_fields", lambda *given: dict(sorted(fields(*given).items()))
    )


def null_is_not_passed_up(patch: Patch) -> None:
    value = settling.Settling._value

    def stays(*given: Any) -> Any:
        try:
            return value(*given)
        except settling.Nulled:
            return None

    patch.setattr(settling.Settling, "_value", stays)


def an_error_is_told_once_for_all_places(patch: Patch) -> None:
    value = settling.Settling._value
    told: list[Failure] = []

    def once(self: Any, field: Any, shape: Any, found: Any, path: Any) -> Any:
        if type(found) is Failure:
            if any(found is one for one in told):
                return None
            told.append(found)
        return value(self, field, shape, found, path)

    patch.setattr(settling.Settling, "_value", once)


def paths_lack_the_place_in_a_list(patch: Patch) -> None:
    located = settling.located_error

    def without(error: Any, nodes: Any, path: Any) -> Any:
        return located(error, nodes, [step for step in path if isinstance(step, str)])

    patch.setattr(settling, "located_error", without)


def each_parent_has_the_list_of_the_next(patch: Patch) -> None:
    complete = shapes.Many.complete

    async def shifted(self: Any, run: Any, values: Any) -> Any:
        lists = await complete(self, run, values)
        return [*lists[1:], *lists[:1]]

    patch.setattr(shapes.Many, "complete", shifted)


def every_parent_has_what_the_first_has(patch: Patch) -> None:
    values = sources.Fetched.values

    async def first(self: Any, run: Any, rows: Any) -> Any:
        return (await values(self, run, rows))[:1] * len(rows)

    patch.setattr(sources.Fetched, "values", first)


def what_one_asker_had_is_given_to_the_next(patch: Patch) -> None:
    values = sources.Called.values
    kept: dict[Any, Any] = {}

    async def remembered(self: Any, run: Any, rows: Any) -> Any:
        found = await values(self, run, rows)
        try:
            given = repr(self._arguments(run))
        except Exception:
            return found
        return [
            kept.setdefault((self._declared.python_name, given.split(" context=")[0]), one)
            if isinstance(one, dict) and "listed" in one
            else one
            for one in found
        ]

    patch.setattr(sources.Called, "values", remembered)


def precision_is_told_as_exact(patch: Patch) -> None:
    of, code = sources.Column.of, sources.Column.code

    def read(self: Any, row: Any) -> Any:
        return "EXACT" if self.name == "precision" else of(self, row)

    def written(self: Any, names: Any, *, made: bool) -> str:
        return "'EXACT'" if self.name == "precision" else code(self, names, made=made)

    patch.setattr(sources.Column, "of", read)
    patch.setattr(sources.Column, "code", written)


def generated_code_has_another_day(patch: Patch) -> None:
    code = Plain.code

    def other(self: Any, names: Any, *, made: bool) -> str:
        text = code(self, names, made=made)
        return f"({text} and '2026-01-01')" if "Date" in str(self.asked.definition.type) else text

    patch.setattr(Plain, "code", other)


def defaults_of_variables_are_forgotten(patch: Patch) -> None:
    coerce = sources.get_argument_values

    def without(definition: Any, node: Any, variables: VariableValues, *rest: Any) -> Any:
        given = {
            name: value
            for name, value in variables.coerced.items()
            if variables.sources[name].value is not Undefined
        }
        return coerce(definition, node, variables._replace(coerced=given), *rest)

    patch.setattr(sources, "get_argument_values", without)


def an_interface_has_the_fields_of_one_type(patch: Patch) -> None:
    made = shapes.AnyOf.__init__

    def first(self: Any, null: Any, type_: Any, objects: Any) -> None:
        made(self, null, type_, dict.fromkeys(objects, next(iter(objects.values()))))

    patch.setattr(shapes.AnyOf, "__init__", first)


def what_is_read_is_not_noted(patch: Patch) -> None:
    execute = plans.Plans.execute

    async def silent(self: Any, operation: Any, context: Any, *given: Any, **more: Any) -> Any:
        context.session.tally = lambda *_: None
        return await execute(self, operation, context, *given, **more)

    patch.setattr(plans.Plans, "execute", silent)


def one_trip_tells_the_ledger_of_another_operation(patch: Patch) -> None:
    call = AtOnce.call

    def other(each: AtOnce, arguments: int) -> str:
        last = f"${arguments + 2}"
        return call(each, arguments).replace(last, f"{last}::text || 'x'")

    patch.setattr(AtOnce, "call", other)


def what_nobody_counted_is_foreseen_as_nothing(patch: Patch) -> None:
    patch.setattr(sources, "inf", 0)


FAULTS: list[Plant] = [
    repeated_fields_are_not_merged,
    choices_are_those_of_the_first_asker,
    choices_are_taken_the_other_way_round,
    keys_are_in_another_order,
    null_is_not_passed_up,
    an_error_is_told_once_for_all_places,
    paths_lack_the_place_in_a_list,
    each_parent_has_the_list_of_the_next,
    every_parent_has_what_the_first_has,
    what_one_asker_had_is_given_to_the_next,
    precision_is_told_as_exact,
    generated_code_has_another_day,
    defaults_of_variables_are_forgotten,
    an_interface_has_the_fields_of_one_type,
    what_is_read_is_not_noted,
    one_trip_tells_the_ledger_of_another_operation,
    what_nobody_counted_is_foreseen_as_nothing,
]


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
async def test_a_planted_fault_is_found(
    plant: Plant, both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    both.forget_plans()
    plant(monkeypatch)
    try:
        with pytest.raises(Difference):
            await asked(both, range(MOST), Covered())
    finally:
        both.forget_plans()
