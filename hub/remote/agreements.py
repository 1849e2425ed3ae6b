# SPDX-License-Identifier: EUPL-1.2
"""`hub agreement`: agreements (convenanten) read, proposed and decided on by a party."""

from __future__ import annotations

import json
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import click

from hub.commands import FILE, JSON, Day, tell_json
from hub.remote.connection import Remote, in_words, key_of_file, pages, placed, remote_command

ID = click.argument("agreement", metavar="ID")
VERSION = click.option("--version", type=int, help="Which version; see: hub agreement versions")

_WHOLE = """
fragment Whole on Agreement {
  id version state title purpose legalBasis contact dpia dpiaOn from until publish decideBy endsIn
  interest partnership conditions warning { message hint }
  parties { name } acceptedBy { name } waitingFor { name }
  controllers { organisation { name } role }
  decisions { organisation { name } decision on signedBy reason document }
  proposedVersion { version state from until waitingFor { name } }
  rules { provider { name } receiver { name } wijken { code name } kind category precision fields
    keepDays minCell includesPast }
}
"""
_LIST = """query Agreements($on: Date, $after: String) {
  agreements(activeOn: $on, first: 50, after: $after) {
    nodes { ...Whole } pageInfo { endCursor hasNextPage } } }"""
_ONE = "query Agreement($id: ID!) { node(id: $id) { ...Whole } }"
_VERSIONS = """query Agreement($id: ID!) { node(id: $id) { ... on Agreement {
  versions { ...Whole } } } }"""
_PUBLISHED = """{ publishedAgreements { title parties { name } purpose legalBasis publicText
  from until } }"""
_SAID = "{ path code message hint }"
_DONE = f"{{ agreement {{ ...Whole }} errors {_SAID} warnings {_SAID} }}"
_PROPOSE = f"mutation($in: AgreementInput!) {{ done: proposeAgreement(input: $in) {_DONE} }}"
_DECIDE = f"mutation($in: AgreementDecisionInput!) {{ done: %s(input: $in) {_DONE} }}"


@click.group(short_help="Agreements: read, propose, accept, reject, revoke.")
def agreement() -> None:
    """Agreements (convenanten) to which your organisation is a party, or is asked to be one."""


@agreement.command("list")
@click.option("--on", "on", type=Day(), help="Only those in force on this day.")
@JSON
@remote_command
def list_agreements(remote: Remote, on: date | None, as_json: bool) -> None:
    """List the agreements of your organisation, latest end first."""

    def ask(after: str | None) -> dict[str, Any]:
        asked = {"on": on and on.isoformat(), "after": after}
        page: dict[str, Any] = remote.ask(_LIST + _WHOLE, asked)["agreements"]
        return page

    found = [each for page in pages(ask) for each in page["nodes"]]
    if as_json:
        tell_json(found)
        return
    for each in found:
        click.echo(f"{each['id']}  {each['state']:9} {each['from']} – {each['until']}")
        click.echo(f"    {_line(each['title'])} ({_names(each['parties'])})")


@agreement.command("show", short_help="Show one agreement with its rules.")
@ID
@VERSION
@JSON
@remote_command
def show(remote: Remote, agreement: str, version: int | None, as_json: bool) -> None:
    """Show one agreement with its rules: who shows whom what, where, how exactly, how long.

    Without --version: the version in force, else the newest.
    """
    _tell(_read(remote, agreement, version), as_json)


@agreement.command("versions", short_help="List the versions of an agreement.")
@ID
@JSON
@remote_command
def versions(remote: Remote, agreement: str, as_json: bool) -> None:
    """List the versions of an agreement to which your organisation is a party, newest first."""
    found = _versions(remote, agreement)
    if as_json:
        tell_json(found)
        return
    for each in found:
        click.echo(f"{each['version']:3}  {each['state']:9} {each['from']} – {each['until']}")
        click.echo(f"     {_line(each['title'])} ({_names(each['parties'])})")


@agreement.command("published", short_help="List what was published of agreements.")
@JSON
@remote_command
def published(remote: Remote, as_json: bool) -> None:
    """List the agreements in force of your gemeente that their parties published."""
    found = remote.ask(_PUBLISHED)["publishedAgreements"]
    if as_json:
        tell_json(found)
        return
    for each in found:
        click.echo(f"{_line(each['title'])} ({_names(each['parties'])})")
        for line in each["publicText"].splitlines():
            click.echo(f"    {_line(line)}")


@agreement.command("propose", short_help="Propose the agreement in a JSON file.")
@FILE
@click.option(
    "--key",
    help="An idempotency key of your own. Default: it follows from the file and options, so that"
    " the same command again proposes nothing twice.",
)
@click.option("--replaces", metavar="ID", help="Propose it as the next version of this agreement.")
@click.option("--publish/--no-publish", default=None, help="Publish it while it is in force.")
@JSON
@remote_command
def propose(
    remote: Remote,
    file: Path,
    key: str | None,
    replaces: str | None,
    publish: bool | None,
    as_json: bool,
) -> None:
    """Propose the agreement in a JSON FILE; your organisation accepts it by proposing.

    The file holds the fields of AgreementInput as `hub schema` prints it, without idempotencyKey.
    Parties are named by their id or their name. What is given as an option goes before the file.
    """
    try:
        draft = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise click.ClickException(f"{file}: {error}") from None
    if not isinstance(draft, dict):
        raise click.ClickException(f"{file}: it must hold one JSON object.")
    _name_parties(remote, draft)
    options = {"replaces": replaces, "publish": publish}
    draft |= {name: value for name, value in options.items() if value is not None}
    said = json.dumps(draft, sort_keys=True).encode()
    given = {**draft, "idempotencyKey": key or key_of_file(said)}
    _done(remote, _PROPOSE, given, as_json)


def _decision(name: str, mutation: str, help_: str) -> None:
    """A command for one decision."""

    @agreement.command(name, help=help_)
    @ID
    @VERSION
    @click.option("--reason", help="Why; every party reads it.")
    @click.option("--signed-by", help="The function of who signed, not a name.")
    @click.option("--document", help="Where the signed document is: a reference or https address.")
    @click.option("--yes", is_flag=True, help="Do not ask: this is what I read before.")
    @JSON
    @remote_command
    def decide(
        remote: Remote,
        agreement: str,
        version: int | None,
        reason: str | None,
        signed_by: str | None,
        document: str | None,
        yes: bool,
        as_json: bool,
    ) -> None:
        found = _to_decide(remote, agreement, version, name)
        if not yes:
            click.echo(_told(found), err=True)
            click.confirm(f"{name.capitalize()}?", abort=True, err=True)
        given = {
            "id": found["id"],
            "version": found["version"],
            "reason": reason,
            "signedBy": signed_by,
            "document": document,
        }
        _done(remote, _DECIDE % mutation, given, as_json)


_decision(
    "accept", "acceptAgreement", "Accept what is proposed; in force when every party has accepted."
)
_decision("reject", "rejectAgreement", "Reject a proposal: it can no longer come into force.")
_decision("revoke", "revokeAgreement", "End an agreement at once, for every party.")


def _done(remote: Remote, mutation: str, given: dict[str, Any], as_json: bool) -> None:
    done = remote.ask(mutation + _WHOLE, {"in": given})["done"]
    if done["errors"]:
        raise click.ClickException("\n".join(map(placed, done["errors"])))
    for warning in done["warnings"]:
        click.echo(in_words(warning), err=True)
    _tell(done["agreement"], as_json)


def _tell(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        tell_json(found)
    else:
        click.echo(_told(found))


def _read(remote: Remote, agreement: str, version: int | None = None) -> dict[str, Any]:
    """An agreement: the version asked for, else as it is by its id."""
    if version is not None:
        for each in _versions(remote, agreement):
            if each["version"] == version:
                return each
        raise click.ClickException(f"There is no version {version} to which you are a party.")
    return _known(agreement, remote.ask(_ONE + _WHOLE, {"id": agreement})["node"])


def _versions(remote: Remote, agreement: str) -> list[dict[str, Any]]:
    found = _known(agreement, remote.ask(_VERSIONS + _WHOLE, {"id": agreement})["node"])
    versions: list[dict[str, Any]] = found["versions"]
    return versions


def _known(agreement: str, found: dict[str, Any] | None) -> dict[str, Any]:
    if not found:
        raise click.ClickException(
            f"There is no agreement {agreement} to which you are a party. See: hub agreement list"
        )
    return found


def _to_decide(
    remote: Remote, agreement: str, version: int | None, decision: str
) -> dict[str, Any]:
    """What a decision is about: the version asked for; else to accept or reject the open proposal,
    if there is one.
    """
    found = _read(remote, agreement, version)
    open_one = found["proposedVersion"]
    if version is None and decision != "revoke" and open_one:
        return _read(remote, agreement, open_one["version"])
    return found


def _name_parties(remote: Remote, draft: dict[str, Any]) -> None:
    """Puts ids where the rules name organisations."""
    rules = [rule for rule in draft.get("rules") or [] if isinstance(rule, dict)]
    named = {rule.get(role) for rule in rules for role in ("provider", "receiver")}
    known = {each["name"]: each["id"] for each in _organisations(remote)} if named else {}
    for rule in rules:
        for role in ("provider", "receiver"):
            rule[role] = known.get(rule.get(role), rule.get(role))


def _organisations(remote: Remote) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = remote.ask("{ organisations { id name } }")["organisations"]
    return found


def _names(organisations: list[dict[str, Any]]) -> str:
    return ", ".join(each["name"] for each in organisations)


def _line(text: Any) -> str:
    """A text of a party on one line, and nothing in it that turns the line around: it stands among
    lines that are not its own.
    """
    joined = " ".join(str(text).split())
    return "".join(sign for sign in joined if unicodedata.category(sign) not in ("Cc", "Cf"))


def _told(found: dict[str, Any]) -> str:
    lines = [
        f"{_line(found['title'])}  [{found['state']}, version {found['version']}]",
        f"  id           {found['id']}",
        f"  term         {found['from']} – {found['until']}",
        f"  parties      {_names(found['parties'])}",
        f"  accepted by  {_names(found['acceptedBy'])}",
        f"  waiting for  {_names(found['waitingFor'])}"
        + (f", until {found['decideBy']}" if found["decideBy"] else ""),
        f"  purpose      {_line(found['purpose'])}",
        f"  legal basis  {_line(found['legalBasis'])}",
        f"  contact      {_line(found['contact'])}",
    ]
    if found["dpia"]:
        lines.append(f"  DPIA         {_line(found['dpia'])} {found['dpiaOn'] or ''}".rstrip())
    lines += [
        f"  {name:12} {_line(found[name])}"
        for name in ("interest", "partnership", "conditions")
        if found[name]
    ]
    lines += [
        f"  {each['role'].lower():12} {_line(each['organisation']['name'])}"
        for each in found["controllers"]
    ]
    lines += [_decided(each) for each in found["decisions"]]
    if found["publish"]:
        lines.append("  published    while in force, to every partner of the gemeente")
    if newer := found["proposedVersion"]:
        lines.append(
            f"  next         version {newer['version']} [{newer['state']}], from {newer['from']}; "
            f"waiting for {_names(newer['waitingFor']) or 'nobody'}"
        )
    if found["warning"]:
        lines.append(f"  warning      {in_words(found['warning'])}")
    return "\n".join(lines + [_rule(rule) for rule in found["rules"]])


def _decided(decision: dict[str, Any]) -> str:
    who = decision["organisation"]["name"]
    said = [decision[name] for name in ("signedBy", "document", "reason") if decision[name]]
    more = f": {_line('; '.join(said))}" if said else ""
    return f"  {decision['decision'].lower():12} {decision['on']} {who}{more}"


def _rule(rule: dict[str, Any]) -> str:
    wijken = ", ".join(f"{wijk['name']} ({wijk['code']})" for wijk in rule["wijken"])
    fields = f", with {', '.join(rule['fields'])}" if rule["fields"] else ""
    past = ", from before the agreement too" if rule["includesPast"] else ""
    return (
        f"  - {rule['provider']['name']} shows {rule['receiver']['name']}: {rule['kind']} "
        f"{rule['category'] or '(every category)'}, {rule['precision']}{fields}; {wijken}; kept "
        f"{rule['keepDays']} days; numbers from {rule['minCell']}{past}"
    )
