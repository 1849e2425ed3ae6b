# SPDX-License-Identifier: EUPL-1.2
"""What the hub says to people: the one catalogue of texts, in Dutch and English.

`text` gives the message and the cure for a code, `label` a word or a short sentence for a screen.
The sentences are in texts.toml; code, resolvers and database know codes only. The words of a kind
of contribution stand in its schema file and come in with the registry. Nothing changes after the
start.

`python -m schema.texts` prints docs/error-codes.md.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, get_args

Language = Literal["nl", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Words = Mapping[Language, str]
"""The same in every language."""

# A message repeats what a caller sent, but not at any length.
_LONGEST_VALUE = 300


@dataclass(frozen=True, slots=True)
class Text:
    """What went wrong, and what to do about it (None where there is nothing to do)."""

    message: str
    hint: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One code: its sentences per language, the values they need, and what names those values.

    `named` gives, for a parameter that is itself a code, the section of labels with its words.
    """

    messages: Mapping[Language, str]
    hints: Mapping[Language, str]
    params: frozenset[str] = frozenset()
    named: Mapping[str, str] = field(default_factory=dict)


def text(code: str, language: Language, /, **params: object) -> Text:
    """The message and hint of a code, with its parameters filled in; further ones are ignored.

    A parameter that the catalogue names (a kind of personal data) may be given as a code.
    Raises KeyError for a code that is not in the catalogue and TypeError for a missing parameter.
    """
    entry = CODES[code]
    if missing := entry.params - params.keys():
        raise TypeError(f"text {code} needs {', '.join(sorted(missing))}")
    values = {name: _name(entry.named.get(name), params[name], language) for name in entry.params}
    hint = entry.hints.get(language)
    return Text(
        message=entry.messages[language].format_map(values),
        hint=None if hint is None else hint.format_map(values),
    )


def label(key: str, language: Language, /, **params: object) -> str:
    """The words for a key such as "category.NOISE", with its parameters filled in.

    Raises KeyError for a key that is not in the catalogue and for a missing parameter.
    """
    words = LABELS[key][language]
    if not params and "{" not in words:
        return words
    return words.format_map({name: _short(value) for name, value in params.items()})


def kinds_name(kind: str, language: Language) -> str:
    """What several records of a kind are called: "meldingen"."""
    key = f"kinds.{kind}"
    return label(key if key in LABELS else f"kind.{kind}", language)


def field_name(name: str, language: Language, kind: str = "") -> str:
    """What a field of a record (of a kind) is called within a sentence: "punt op de kaart"."""
    for key in (f"field_told.{kind}.{name}", f"field_told.{name}"):
        if key in LABELS:
            return LABELS[key][language]
    words = LABELS.get(f"field.{kind}.{name}")
    return words[language].lower() if words else name


def every(days: int, language: Language) -> str:
    """How often something comes that comes every so many days: "elke week"."""
    key = f"every.{days}"
    return label(key if key in LABELS else "every.DAYS", language, days=days)


def _name(section: str | None, value: object, language: Language) -> str:
    """The label of a value that is a code, or of each of several, else the value itself."""
    if isinstance(value, list | tuple):
        return _short([_name(section, one, language) for one in value])
    words = LABELS.get(f"{section}.{value}")
    return _short(value) if words is None else words[language]


def _short(value: object) -> str:
    written = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return written if len(written) <= _LONGEST_VALUE else written[: _LONGEST_VALUE - 1] + "…"


def _entry(raw: Mapping[str, Any]) -> Entry:
    return Entry(
        messages=MappingProxyType({language: raw[language] for language in LANGUAGES}),
        hints=MappingProxyType(
            {language: raw[key] for language in LANGUAGES if (key := f"hint_{language}") in raw}
        ),
        params=frozenset(raw.get("params", ())),
        named=MappingProxyType(dict(raw.get("named", {}))),
    )


def learn(words: Mapping[str, Words]) -> None:
    """Adds labels, by key. Raises ValueError for a key that has words already."""
    if double := words.keys() & _labels.keys():
        raise ValueError(f"labels that have words already: {', '.join(sorted(double))}")
    _labels.update(words)


def _load() -> tuple[Mapping[str, Entry], dict[str, Words]]:
    raw = tomllib.loads((files("schema") / "texts.toml").read_text(encoding="utf-8"))
    labels: dict[str, Words] = {
        f"{section}.{key}": MappingProxyType({language: words[language] for language in LANGUAGES})
        for section, keys in raw.pop("labels").items()
        for key, words in keys.items()
    }
    codes = {code: _entry(entry) for code, entry in raw.items()}
    return MappingProxyType(codes), labels


CODES, _labels = _load()
LABELS: Mapping[str, Words] = MappingProxyType(_labels)


def page() -> str:
    """docs/error-codes.md: every code with what it means and its cure, in both languages."""
    lines = [_INTRODUCTION.strip()]
    for code, entry in sorted(CODES.items()):
        lines += ["", f"## {code}", "", *_rows(entry)]
    return "\n".join(lines) + "\n"


def _rows(entry: Entry) -> Iterable[str]:
    yield "| | what it means | what to do |"
    yield "|---|---|---|"
    for language in LANGUAGES:
        yield f"| {language} | {entry.messages[language]} | {entry.hints.get(language, '')} |"
    if entry.params:
        yield ""
        yield "Values: " + ", ".join(f"`{{{name}}}`" for name in sorted(entry.params)) + "."


_INTRODUCTION = """
<!-- SPDX-License-Identifier: EUPL-1.2 -->
<!-- Printed by `python -m schema.texts` from schema/texts.toml; change it there. -->
# Error codes

Every error that a caller can meet has a stable code from this list. The message and the hint say
the same in plain Dutch, or in English with `Accept-Language: en`. Programs act on the code, never
on the sentence.

- In a mutation, what the caller can mend stands in `errors { path code message hint }` of the
  payload; a rejected row of a delivery has its own.
- In a query, and for what concerns the whole request, it is a GraphQL error with
  `extensions { code hint }`.
- `path` names the argument, row or field; a message leaves out what `path` already says.
- Absent, not yours and hidden look the same: null in a query, `NOT_FOUND` in a mutation.
"""


if __name__ == "__main__":
    print(page(), end="")
