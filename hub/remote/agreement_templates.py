# SPDX-License-Identifier: EUPL-1.2
"""`hub agreement template`: templates of agreements, and a draft of one as a file to change and
propose.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import click

from hub.commands import FORCE, JSON, Day, check_free, tell_json
from hub.files import whole_file
from hub.remote.connection import Remote, remote_command

_TEMPLATES = """{ agreementTemplates { code title description months purpose legalBasis
  interest partnership conditions
  rules { givers receivers kind category fields precision keepDays minCell } } }"""
_PARTIES = "{ organisations { id name } }"
_DRAFT = """query($t: String!, $p: [ID!]!, $w: [String!]!, $from: Date, $until: Date) {
  draftAgreement(template: $t, partners: $p, wijken: $w, from: $from, until: $until) {
    title purpose legalBasis contact dpia interest partnership conditions from until
    rules { provider { name } receiver { name } wijken { code } kind category fields precision
      keepDays minCell includesPast } } }"""


@click.command("template", short_help="List templates, or write a draft of one to a file.")
@click.argument("code", required=False)
@click.option(
    "--partner",
    "partners",
    multiple=True,
    metavar="NAME",
    help="With whom, by its name or id; again for more. Your own organisation always takes part.",
)
@click.option(
    "--wijk", "wijken", multiple=True, metavar="CODE", help="About which wijk; again for more."
)
@click.option("--from", "valid_from", type=Day(), help="The first day. Default: today.")
@click.option("--until", "valid_until", type=Day(), help="The last day. Default: a year in all.")
@click.option(
    "--output",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Default: to the screen.",
)
@FORCE
@JSON
@remote_command
def agreement_template(
    remote: Remote,
    code: str | None,
    partners: tuple[str, ...],
    wijken: tuple[str, ...],
    valid_from: date | None,
    valid_until: date | None,
    file: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """List the templates of agreements, or write a draft of the template CODE.

    The draft is a JSON file as `hub agreement propose` takes it. Read and change it first: nothing
    is proposed here.

    \b
    Example:
      hub agreement template basis-wijk --partner Buurtwerk --wijk WK063711 --output convenant.json
    """
    if code is None:
        _list(remote, as_json)
        return
    if not partners or not wijken:
        raise click.UsageError("Say with whom and about which wijken: --partner NAME --wijk CODE.")
    if file is not None:
        check_free(file, force=force)
    known = {each["name"]: each["id"] for each in remote.ask(_PARTIES)["organisations"]}
    unknown = [name for name in partners if name not in {*known, *known.values()}]
    if unknown:
        raise click.UsageError(
            f"No organisation has the name or id {unknown[0]!r}. There are: {'; '.join(known)}."
        )
    asked = {
        "t": code,
        "p": [known.get(partner, partner) for partner in partners],
        "w": list(wijken),
        "from": valid_from and valid_from.isoformat(),
        "until": valid_until and valid_until.isoformat(),
    }
    draft = _as_input(remote.ask(_DRAFT, asked)["draftAgreement"])
    text = json.dumps(draft, ensure_ascii=False, indent=2)
    if file is None:
        click.echo(text)
        return
    with whole_file(file, encoding="utf-8") as opened:
        opened.write(text + "\n")
    click.echo(f"{file}: {len(draft['rules'])} rules. Read and change it, then: "
               f"hub agreement propose {file}")  # fmt: skip


def _list(remote: Remote, as_json: bool) -> None:
    found: list[dict[str, Any]] = remote.ask(_TEMPLATES)["agreementTemplates"]
    if as_json:
        tell_json(found)
        return
    for each in found:
        click.echo(f"{each['code']:18} {each['title']}")
        click.echo(f"    {each['description']}")


def _as_input(draft: dict[str, Any]) -> dict[str, Any]:
    """The draft with the fields of AgreementInput, organisations by their names."""
    rules = [
        {
            **rule,
            "provider": rule["provider"]["name"],
            "receiver": rule["receiver"]["name"],
            "wijken": [wijk["code"] for wijk in rule["wijken"]],
        }
        for rule in draft["rules"]
    ]
    return {**draft, "rules": rules}
