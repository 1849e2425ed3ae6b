# SPDX-License-Identifier: EUPL-1.2
"""The plan executor: an operation is compiled once and then carried out level by level.

graphql-core resolves and completes each field of each row on its own. A plan does per level what
the operation asks of every row of it: plain fields by one generated function, what is loaded by one
statement for all parents, each row built once. What comes out is the same to the byte; a field with
a resolver of its own is called as Strawberry would call it.

    plans.py      the face: the plans of a document, and how one is carried out
    compiling.py  a document becomes a tree of `Objects`, one per type and selection set
    objects.py    objects of one type: their plain fields by a generated function, then the others
    shapes.py     from values to what the answer has for them: leaves, lists, objects, interfaces
    leaves.py     scalars and enums, as Python that tests a value before it asks graphql-core
    sources.py    where values come from: columns, declared sources, resolvers
    running.py    what one operation knows while it is carried out
    settling.py   failures become nulls, and errors with their paths

No values of anybody are kept in a plan: only types, names and nodes of the document, whose @skip
and @include chose what is in it.
"""

from resolvers.plan.compiling import NotPlanned
from resolvers.plan.leaves import WRITTEN
from resolvers.plan.plans import Plans

__all__ = ["WRITTEN", "NotPlanned", "Plans"]
