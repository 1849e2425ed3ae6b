# SPDX-License-Identifier: EUPL-1.2
"""Makes the collection of operations that API clients can import, from the operations themselves.

    python docs/collection/make.py > docs/collection/wijkhub.json

The form is the collection format 2.1 of Postman, which other clients read as well. Each operation
comes with the variables of examples.json, and with the token of the partner that would ask it. What
is shown only once is asked as well, with the fields that an example says to ask `also`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OPERATIONS = HERE.parents[1] / "tests/contract/operations"
FORMAT = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def collection() -> dict[str, Any]:
    """The collection: a request per operation, in the order of their names."""
    examples = json.loads((HERE / "examples.json").read_text("utf-8"))
    partners = sorted({example["as"] for example in examples.values()})
    return {
        "info": {
            "name": "Wijkhub",
            "description": "The operations that partners' people write. Set `url` and the token "
            "of each partner that you play: the demo prints them.",
            "schema": FORMAT,
        },
        "variable": [
            {"key": "url", "value": "http://127.0.0.1:8731"},
            *({"key": f"token-{partner}", "value": ""} for partner in partners),
        ],
        "item": [request(name, example) for name, example in sorted(examples.items())],
    }


def request(name: str, example: dict[str, Any]) -> dict[str, Any]:
    """The request of one operation; what its file says above the operation describes it."""
    lines = (OPERATIONS / f"{name}.graphql").read_text("utf-8").splitlines()
    about = [line.removeprefix("#").strip() for line in lines if line.startswith("#")]
    query = "\n".join(line for line in lines if not line.startswith("#"))
    for selected, also in example.get("also", {}).items():
        query = query.replace(f" {selected}\n", f" {selected} {also}\n", 1)
    token = {"key": "token", "value": f"{{{{token-{example['as']}}}}}", "type": "string"}
    made = {
        "description": " ".join(about),
        "method": "POST",
        "url": "{{url}}/graphql",
        "auth": {"type": "bearer", "bearer": [token]},
        "header": [{"key": "Accept-Language", "value": "nl"}],
        "body": as_graphql(query, example["variables"]),
    }
    if example.get("upload"):
        made["url"] = "{{url}}/upload"
        made["header"].append({"key": "GraphQL-Require-Preflight", "value": "1"})
        made["body"] = as_form(query, example["variables"])
    return {"name": name, "request": made}


def as_graphql(query: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The body of an ordinary operation."""
    written = json.dumps(variables, ensure_ascii=False, indent=2)
    return {"mode": "graphql", "graphql": {"query": query, "variables": written}}


def as_form(query: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The body of an operation with a file, which is chosen in the client."""
    operations = json.dumps({"query": query, "variables": variables}, ensure_ascii=False)
    return {
        "mode": "formdata",
        "formdata": [
            {"key": "operations", "value": operations, "type": "text"},
            {"key": "map", "value": '{"0": ["variables.in.file"]}', "type": "text"},
            {"key": "0", "type": "file", "src": []},
        ],
    }


if __name__ == "__main__":
    print(json.dumps(collection(), ensure_ascii=False, indent=2))
