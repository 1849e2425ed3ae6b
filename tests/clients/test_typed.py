# SPDX-License-Identifier: EUPL-1.2
"""The typed client of docs/client: it is of today's schema, a type checker agrees with it, and
finds a wrong word in a program that uses it.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, parse, validate

from schema.build import build

CLIENT = Path(__file__).parents[2] / "docs/client"


@pytest.fixture(scope="module")
def wijkhub() -> ModuleType:
    """The generated package."""
    spec = importlib.util.spec_from_file_location("wijkhub", CLIENT / "wijkhub/__init__.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["wijkhub"] = module
    spec.loader.exec_module(module)
    return module


def test_its_operations_are_valid() -> None:
    document = parse((CLIENT / "operations.graphql").read_text("utf-8"))
    assert validate(build()._schema, document) == []


def test_its_words_and_inputs_are_those_of_the_schema(wijkhub: ModuleType) -> None:
    known: Any = build()._schema.type_map
    for name, made in vars(wijkhub).items():
        if isinstance(made, type) and issubclass(made, Enum):
            assert isinstance(known[name], GraphQLEnumType)
            assert {each.value for each in made} == set(known[name].values), "run: make client"
        elif isinstance(known.get(name), GraphQLInputObjectType):
            fields = {f.alias or key for key, f in made.model_fields.items()}
            assert fields == set(known[name].fields), f"{name}; run: make client"


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    words = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--cache-dir",
        folder / "cache",
        "nightly.py",
    ]
    env = {"PATH": os.environ["PATH"], "MYPYPATH": str(folder)}
    return subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True)


@pytest.mark.slow
def test_a_type_checker_finds_a_wrong_word_and_nothing_else(tmp_path: Path) -> None:
    shutil.copytree(CLIENT, tmp_path, dirs_exist_ok=True)
    good = checked(tmp_path)
    assert good.returncode == 0, good.stdout
    program = tmp_path / "nightly.py"
    text = program.read_text("utf-8")
    program.write_text(text.replace("Category.NOISE", "Category.NOICE"), encoding="utf-8")
    assert '"NOICE"' in checked(tmp_path).stdout
