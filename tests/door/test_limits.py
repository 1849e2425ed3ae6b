# SPDX-License-Identifier: EUPL-1.2
"""What the hub's own pass over a document counts, refuses, and how little it looks at for it."""

import gc
from typing import Any
from uuid import uuid4

import pytest
from graphql import Node, Token, parse

from hub.limits import (
    INNER_LIST_SIZE,
    INTROSPECTION_COST,
    KEPT_CHARACTERS,
    KEPT_DOCUMENTS,
    KEPT_ORGANISATIONS,
    KEPT_REFUSALS,
    LIST_SIZE,
    SATURATED,
    Documents,
    InvalidDocument,
    Measure,
    Pass,
    Stores,
    check,
    check_lists,
    operations,
)
from hub.settings import Limits
from sql.errors import Refusal


def bomb(levels: int, inner: str = "hello", on: str = "Query", around: str = "{%s}") -> str:
    """Fragments of which each spreads the next one twice."""
    fragments = [f"fragment F{n} on {on}{{...F{n + 1} ...F{n + 1}}}" for n in range(levels)]
    return f"{around % '...F0'} {' '.join(fragments)} fragment F{levels} on {on}{{{inner}}}"


def measure(schema: Any, text: str, **variables: object) -> Measure:
    document = parse(text)
    return Pass(schema, document, variables).measure(operations(document)[0])


def refusal(schema: Any, text: str, **limits: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        Documents(schema, Limits(**limits)).accept(text)
    return caught.value


def refused(documents: Documents, text: str) -> object:
    """All that is told of why `text` is refused."""
    try:
        documents.accept(text)
    except Refusal as error:
        return error.code, error.params
    except InvalidDocument as error:
        return error.code, [
            (told.message, told.locations, told.extensions, str(told.original_error))
            for told in error.errors
        ]
    raise AssertionError("accepted")


def test_a_bomb_of_sixty_levels_is_refused(schema: Any) -> None:
    error = refusal(schema, bomb(60))

    assert error.code == "TOO_MANY_ROOT_FIELDS"
    assert error.params == {"got": SATURATED, "limit": 20}


@pytest.mark.parametrize("levels", [10, 60, 250])
def test_every_selection_of_a_bomb_is_looked_at_once(schema: Any, levels: int) -> None:
    document = parse(bomb(levels))

    look = Pass(schema, document, {})
    look.measure(operations(document)[0])

    written = 2 * levels + 2  # two spreads a level, the first spread, the field
    assert look.visited == written


def test_a_bomb_below_the_root_is_refused_by_its_fields(schema: Any) -> None:
    text = bomb(60, inner="name", on="Thing", around="{all{%s}}")

    assert refusal(schema, text).code == "TOO_MANY_FIELDS"


@pytest.mark.parametrize(
    ("inner", "code"),
    [("x: name", "TOO_MANY_ALIASES"), ("name @include(if: true)", "TOO_MANY_DIRECTIVES")],
)
def test_a_bomb_counts_what_it_multiplies(schema: Any, inner: str, code: str) -> None:
    text = bomb(10, inner=inner, on="Thing", around="{all{%s}}")

    assert refusal(schema, text, fields=100_000).code == code


def test_a_bomb_of_objects_is_costly_and_its_number_saturates(schema: Any) -> None:
    text = bomb(60, inner="parts{name}", on="Thing", around="{all{%s}}")

    assert measure(schema, text).cost == SATURATED


def test_fragments_in_a_circle_are_measured_and_left_to_validation(schema: Any) -> None:
    text = "{...A} fragment A on Query{hello ...B} fragment B on Query{...A}"

    with pytest.raises(InvalidDocument) as caught:
        Documents(schema, Limits()).accept(text)

    assert caught.value.code == "GRAPHQL_VALIDATION_FAILED"


def test_a_long_chain_of_fragments_does_not_exhaust_the_stack(schema: Any) -> None:
    chain = " ".join(f"fragment F{n} on Query{{...F{n + 1}}}" for n in range(600))
    text = f"{{...F0}} {chain} fragment F600 on Query{{hello}}"

    assert measure(schema, text).root_fields == 1


def test_depth_counts_fields_and_not_fragments(schema: Any) -> None:
    flat = "{all{...A}} fragment A on Thing{... on Thing{owner{name}}}"

    assert measure(schema, flat).depth == 3


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{hello}", 0),
        ("{all{name tags}}", LIST_SIZE),
        ("{all{owner{name}}}", LIST_SIZE * 2),
        ("{all{parts{name}}}", LIST_SIZE * (1 + INNER_LIST_SIZE)),
        ("{all{owner{things{nodes{name}}}}}", LIST_SIZE * (1 + 1 + 1 + 20)),
        ("{things(first: 5){nodes{name}}}", 1 + 5),
        ("{things{nodes{name}}}", 1 + 20),
        ("{things(first: 5){nodes{name} edges{node{name}}}}", 1 + 5 + 5 * 2),
        ("{things(first: 5){...N}} fragment N on Things{nodes{owner{name}}}", 1 + 5 * 2),
        ("{things(first: 3){nodes{owner{things(first: 7){nodes{name}}}}}}", 1 + 3 * (2 + 1 + 7)),
        ("{things(first: 99999999999999999999){nodes{name}}}", SATURATED),
    ],
)
def test_cost_is_the_number_of_objects_that_the_answer_may_hold(
    schema: Any, query: str, cost: int
) -> None:
    assert measure(schema, query).cost == cost


@pytest.mark.parametrize(
    ("variables", "cost"),
    [
        ({"n": 50}, 51),
        ({"n": 2.0}, 3),
        ({}, 8),
        ({"n": None}, 8),
        ({"n": "many"}, 8),
        ({"n": -4}, 1),
    ],
)
def test_cost_takes_the_variable_else_its_default(
    schema: Any, variables: dict[str, object], cost: int
) -> None:
    query = "query($n: Int = 7){things(first: $n){nodes{name}}}"

    assert measure(schema, query, **variables).cost == cost


def test_a_document_is_measured_anew_for_each_value_of_a_size(schema: Any) -> None:
    documents = Documents(schema, Limits())
    accepted = documents.accept("query($n: Int!){things(first: $n){nodes{name}}}")
    operation = accepted.operation(None)

    assert documents.measure(accepted, operation, {"n": 3}).cost == 4
    assert documents.measure(accepted, operation, {"n": 30}).cost == 31


def test_introspection_has_a_cost_and_a_depth_of_its_own(schema: Any) -> None:
    deep = measure(schema, "{__schema{types{fields{type{ofType{ofType{ofType{name}}}}}}}}")

    assert (deep.depth, deep.introspection_depth, deep.cost) == (1, 8, INTROSPECTION_COST)


def test_introspection_is_refused_beyond_its_depth(schema: Any) -> None:
    text = "{__schema{queryType{" + "ofType{" * 25 + "name" + "}" * 28

    assert refusal(schema, text).code == "QUERY_TOO_DEEP"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{" + " ".join(f"a{n}: hello" for n in range(21)) + "}", "TOO_MANY_ROOT_FIELDS"),
        ("{all{" + " ".join(f"a{n}: name" for n in range(31)) + "}}", "TOO_MANY_ALIASES"),
        ("{all{" + "owner{things{nodes{" * 4 + "name" + "}" * 14, "QUERY_TOO_DEEP"),
        ("{all{" + "parts{" * 7 + "name" + "}" * 9, "QUERY_TOO_DEEP"),
        ("{hello " + "@skip(if: false) " * 51 + "}", "TOO_MANY_DIRECTIVES"),
        ("{all{" + "name " * 1001 + "}}", "TOO_MANY_FIELDS"),
        ("{" + "hello " * 5001 + "}", "TOO_MANY_TOKENS"),
        ("#\n" * 5001 + "{hello}", "TOO_MANY_TOKENS"),
    ],
)
def test_each_limit_has_a_code(schema: Any, text: str, code: str) -> None:
    assert refusal(schema, text).code == code


def unused(count: int, inner: str = "hello", name: str = "F{}") -> str:
    """An operation beside fragments that it does not use."""
    fragments = (f"fragment {name.format(n)} on Query{{{inner}}}" for n in range(count))
    return "{hello} " + " ".join(fragments)


@pytest.mark.parametrize(
    ("text", "code", "got", "limit"),
    [
        (unused(51), "DOCUMENT_TOO_LARGE", 51, 50),
        (unused(51, name="F"), "DOCUMENT_TOO_LARGE", 51, 50),
        (unused(2, inner="...F0 " * 101), "DOCUMENT_TOO_LARGE", 202, 200),
        (unused(2, inner="... {hello hello} " * 250), "TOO_MANY_FIELDS", 1_001, 1_000),
        (unused(2, inner="hello " * 500, name="F"), "TOO_MANY_FIELDS", 1_001, 1_000),
        (
            " ".join(f"query Q{n}{{{'hello ' * 20}}}" for n in range(51)),
            "TOO_MANY_FIELDS",
            1_020,
            1_000,
        ),
        ("{all{" + "owner{name} " * 101 + "}}", "DOCUMENT_TOO_LARGE", 101, 100),
        (unused(2, inner="hello(to: 1) " * 51), "DOCUMENT_TOO_LARGE", 102, 100),
        (
            unused(2, inner="x: hello(to: 1) y: hello(to: 1) hello " * 51),
            "DOCUMENT_TOO_LARGE",
            102,
            100,
        ),
    ],
    ids=[
        "fragments",
        "namesakes",
        "spreads",
        "inline",
        "fields",
        "operations",
        "repeats",
        "repeats with arguments",
        "repeats under an alias",
    ],
)
def test_what_a_document_holds_is_limited_where_nothing_uses_it(
    schema: Any, text: str, code: str, got: int, limit: int
) -> None:
    error = refusal(schema, text)

    assert error.code == code
    assert error.params == {"got": got, "limit": limit}


def test_a_costly_operation_is_refused_with_both_numbers(schema: Any) -> None:
    with pytest.raises(Refusal) as caught:
        check(measure(schema, "{all{parts{parts{parts{parts{name}}}}}}"), Limits())

    assert caught.value.code == "QUERY_TOO_COSTLY"
    assert caught.value.params == {"got": 15_620, "limit": 10_000}


def test_every_operation_of_a_document_is_checked(schema: Any) -> None:
    text = "query A{hello} query B{" + " ".join(f"a{n}: hello" for n in range(21)) + "}"

    assert refusal(schema, text).code == "TOO_MANY_ROOT_FIELDS"


def test_a_nul_written_as_an_escape_in_the_document_is_refused(schema: Any) -> None:
    assert refusal(schema, '{hello(to: "a\\u0000b")}').code == "TEXT_UNREADABLE"


def test_lists_in_variables_have_a_cap_at_any_depth() -> None:
    limits = Limits(rows=3)
    check_lists({"input": {"rows": [1, 2, 3]}}, limits)

    with pytest.raises(Refusal) as caught:
        check_lists({"input": [{"rows": [1, 2, 3, 4]}]}, limits)

    assert caught.value.code == "TOO_MANY_ROWS"
    assert caught.value.params == {"got": 4, "limit": 3}


def test_the_store_of_documents_is_bounded_in_number_and_in_size(schema: Any) -> None:
    documents = Documents(schema, Limits())

    for n in range(KEPT_DOCUMENTS + 20):
        documents.accept(f"query Q{n}{{hello}}")
    assert len(documents) == KEPT_DOCUMENTS

    size = KEPT_CHARACTERS // 10
    for n in range(60):
        documents.accept(f'{{hello(to: "{n}{"x" * size}")}}')
    assert len(documents) <= 10


def test_a_document_that_is_no_longer_kept_does_not_wait_for_the_collector(schema: Any) -> None:
    documents = Documents(schema, Limits())
    documents.accept('query Q($to: String) { hello(to: $to) again: hello(to: "x") }')
    gc.collect()  # what validating leaves behind
    gc.disable()
    try:
        for n in range(KEPT_DOCUMENTS):
            documents._keep(f"{n}", documents.accept("{hello}"))
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left = [each for each in gc.garbage if isinstance(each, Node | Token)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert len(documents) == KEPT_DOCUMENTS
    assert left == []


def test_each_organisation_has_a_store_of_its_own(
    schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = Stores(schema, Limits())
    one, other = uuid4(), uuid4()
    known = stores.of(one).accept("{hello}")
    monkeypatch.delattr("hub.limits.parse")

    assert stores.of(one).accept("{hello}") is known
    with pytest.raises(NameError):
        stores.of(other).accept("{hello}")


def test_the_stores_of_the_organisations_that_asked_last_are_kept(schema: Any) -> None:
    stores = Stores(schema, Limits())
    busy, quiet = uuid4(), uuid4()
    known, forgotten = stores.of(busy), stores.of(quiet)
    for _ in range(KEPT_ORGANISATIONS - 1):
        stores.of(uuid4())
        assert stores.of(busy) is known

    assert stores.of(quiet) is not forgotten


def test_a_very_long_document_is_not_kept(schema: Any) -> None:
    documents = Documents(schema, Limits())

    documents.accept(f'{{hello(to: "{"x" * KEPT_CHARACTERS}")}}')

    assert len(documents) == 0


@pytest.mark.parametrize(
    "text",
    [
        "{hello",
        "{helo}",
        '{at(moment: "2026-11-23T10:00:00") hello(too: 1)}',
        "{a: hello " + "c: hello " * 30 + "}",
        '{hello(to: "a\\u0000b")}',
    ],
    ids=["parse", "validation", "scalar", "shape", "nul"],
)
def test_a_text_that_was_refused_is_refused_alike_without_parsing(
    schema: Any, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = Documents(schema, Limits())
    first = refused(documents, text)
    monkeypatch.delattr("hub.limits.parse")

    assert refused(documents, text) == first
    assert refused(documents, text) == first


def test_the_store_of_refused_texts_forgets_the_one_that_was_used_longest_ago(
    schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = Documents(schema, Limits())
    first = refused(documents, "{helo}")
    for n in range(KEPT_REFUSALS):
        refused(documents, f"{{hello{n}}}")
        refused(documents, "{helo}")
    monkeypatch.delattr("hub.limits.parse")

    assert refused(documents, "{helo}") == first
    with pytest.raises(NameError):
        documents.accept("{hello0}")


def test_an_error_does_not_keep_the_document_that_it_is_about(schema: Any) -> None:
    text = "{" + " ".join(f"a{n}: hello(too: 1)" for n in range(19)) + " x}"

    with pytest.raises(InvalidDocument) as caught:
        Documents(schema, Limits()).accept(text)

    assert {(error.nodes, error.source) for error in caught.value.errors} == {(None, None)}
    assert len(caught.value.errors) == 20
