# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""What the checks of the catalogue find and may be so, each with its reason, and what the serving role may execute.

A new table, key or function that a check finds is not here yet: it needs another form, or a reason.
"""

from __future__ import annotations

from collections.abc import Iterable

_PUBLIC = "public reference data, the same for everybody"
_HUB = "says something about the hub itself, the same for everybody"
_SHAPE = "says what kinds of records look like, not what is in them"
_PARTIES = "an agreement has several parties and no owner; its id is random and made by the hub"
_PARTNERS = "the catalogue of partners is known to every partner of the gemeente"
_ACCOUNT = "the name of an account that is erased"
_CONTENT = "content, of which it can leave nothing"
_CLOSED = "an organisation that stops"

ALLOWED: dict[str, dict[str, str]] = {
    "the recorder may change what was written": {
        "feed_items.seen_by": "looks again at who could see a record that is gone, before that is committed",
        "dry_runs": "forgets those that nobody carried out in time, of which it sees the day alone",
        "idempotency_keys": "forgets those that no retry comes for, of which it sees the day alone",
        "list_parts": "forgets those that no retry comes for, of which it sees the day alone",
        "replaced_versions": "compiled from decisions, and compiled anew: delete and insert",
        "grants": "compiled from agreements, and compiled anew: delete and insert",
        "reference_version.version": "counts up, and tells nothing but that",
        "noted_reads": "written into the ledger: they say the same there",
        "rollup_changes": "folded into rollups: they say the same together",
        "rollups": "numbers of records, made of their changes and made anew from what is there",
    },
    "retention may add": {
        "deletion_proofs": "says that all of an organisation is gone",
        "tombstones": "says that a record is gone, without its content",
    },
    "retention may change what is no content": {
        "agreement_decisions.actor": _ACCOUNT,
        "agreement_decisions.signed_by": _ACCOUNT,
        **{
            f"deletion_proofs.{name}": "ends a proof that it began"
            for name in ("after", "digest", "finished_at", "hub_version", "migration")
        },
        **{
            f"feed_items.{name}": "an item that is past its term keeps its place alone"
            for name in (
                "category",
                "change",
                "changed",
                "for_owner",
                "kind",
                "record",
                "recorded_on",
                "seen_by",
                "slice",
                "slices",
            )
        },
        "audit_log.actor": _ACCOUNT,
        "audit_log.login": _ACCOUNT,
        "history.actor": _ACCOUNT,
        "history.after": _CONTENT,
        "history.before": _CONTENT,
        "onboardings.actor": _ACCOUNT,
        "organisation_wijken.works_from": _CLOSED,
        "organisation_wijken.works_until": _CLOSED,
        "read_ledger.actor": _ACCOUNT,
        "receipt_rows.errors": _CONTENT,
        "receipt_rows.external_id": _CONTENT,
        "receipts.actor": _ACCOUNT,
        **{
            f"sealed_entries.{name}": "what was erased can be proved no more, and says by what it was"
            for name in ("erasures", "person_digest", "person_salt", "salt")
        },
        "tokens.name": _ACCOUNT,
        "tokens.revoked_at": _CLOSED,
        "tombstones.reason": _CONTENT,
        "organisations.left_on": "an organisation of which all goes takes part no more from that day",
    },
    "a table has no policies and the serving role reads it": {
        "buurten": _PUBLIC,
        "clock": _HUB,
        "contribution_fields": _SHAPE,
        "contribution_kinds": _SHAPE,
        "demo": _HUB,
        "divisions": _PUBLIC,
        "epochs": _HUB,
        "figures": _PUBLIC,
        "gemeenten": _PUBLIC,
        "holidays": _PUBLIC,
        "measures": "what a gemeente counts is known to every partner",
        "migrations": _HUB,
        "reference_version": "how often public reference data and the catalogue of partners changed",
        "wijk_predecessors": _PUBLIC,
        "wijk_versions": _PUBLIC,
        "wijken": _PUBLIC,
    },
    "a policy of the serving role does not ask who asks": {
        "agreement_decisions: of_parties": "asks for the agreement, whose own policy asks who is a party",
        "agreement_rules: of_parties": "asks for the agreement, whose own policy asks who is a party",
        "organisation_wijken: of_gemeente": _PARTNERS,
        "organisations: of_gemeente": _PARTNERS,
        "replaced_versions: of_parties": "asks for the agreement, whose own policy asks who is a party",
    },
    "a key does not carry gemeente and owner": {
        "agreement_rules(gemeente, agreement, version, number)": _PARTIES,
        "agreements(gemeente, id, version)": _PARTIES,
        "grants(gemeente, receiver, slice, agreement, version, rule)": "written by the recorder alone, and a slice is of one owner",
        "organisations(gemeente, id)": "the organisation is the owner",
        "replaced_versions(gemeente, agreement, version)": _PARTIES,
        "organisations(gemeente, slug)": _PARTNERS,
        "tokens(digest)": "out of the serving role's reach; a digest must be unique in the whole hub",
        "tokens(id)": "out of the serving role's reach",
    },
    "a foreign key to guarded rows does not carry gemeente and owner": {
        "agreement_decisions(gemeente, agreement, version) to agreements": _PARTIES,
        "agreement_rules(gemeente, agreement, version) to agreements": _PARTIES,
        "agreement_rules(gemeente, provider) to organisations": _PARTNERS,
        "agreement_rules(gemeente, receiver) to organisations": _PARTNERS,
        "agreements(gemeente, proposed_by) to organisations": _PARTNERS,
        "onboardings(gemeente, partner) to organisations": _PARTNERS,
        "edition_contributions(gemeente, provider) to organisations": _PARTNERS,
        "replaced_versions(gemeente, agreement, version) to agreements": _PARTIES,
        "share_caps(gemeente, receiver) to organisations": _PARTNERS,
    },
    "a foreign key takes rows away with it": {
        "receipt_rows to hub.receipts": "rows of one's own receipt, under one's own key",
    },
}

_IDENTITY = "reads the transaction's own settings"
_CLOCK = "the clock"
_PURE = "computes from its arguments alone"
_LOCK = "the number of a lock, which opens nothing: made with a secret that stays in the database"
_INVOKER = "runs as its caller, under the caller's policies"
_DOOR = "a door: others' records as agreed with the asker"
_AT_ONCE = "sets who asks until the transaction ends, as its caller may, and runs a statement as its caller"

EXECUTABLE: dict[str, str] = {
    "actor/0": _IDENTITY,
    "administers_partners/0": "says what the asker itself may do",
    "agreement_state/3": _INVOKER,
    "agreement_state_on/4": _INVOKER,
    "agreement_versions/1": _INVOKER,
    "all_different/1": _PURE,
    "announce_agreements/2": "tells receivers what the agreements themselves say, once",
    "as_agreed/0": _PURE,
    "asker/0": _IDENTITY,
    "awaited_numbers/1": _INVOKER,
    "begins_on/3": _INVOKER,
    "check_sees_commits/0": "refuses a transaction with a snapshot of its own",
    "contributors/2": _INVOKER,
    "count_periods_due/0": "says of how many periods numbers are due, which follows from agreements and days",
    "counts_beside/3": _INVOKER,
    "current_year/1": _PUBLIC,
    "cut_feed_batch/1": "cuts the batch of the day, once; tells whether it did",
    "days_of/1": _CLOCK,
    "dry_run_is_kept/1": _CLOCK,
    "due_periods/0": _CLOCK,
    "end_threshold/4": _INVOKER,
    "feed_knows/2": "tells whether a random id was ever given out by the feed",
    "feed_of_wijk/5": _DOOR,
    "field_names_shown/3": _SHAPE,
    "fields_shown/3": _SHAPE,
    "first_due_week/0": _CLOCK,
    "fold_reads/2": "writes the ledger's lines of what was read; tells whether there is more",
    "fold_rollups/2": "folds what was counted; changes no number, and tells whether there is more",
    "forget_dry_runs/1": "takes away dry runs that are past their time, and tells how many",
    "forget_keys/1": "takes away keys that are past their time, and tells how many",
    "gemeente/0": _IDENTITY,
    "has_activity/1": _INVOKER,
    "has_role/1": _IDENTITY,
    "has_next/4": _INVOKER,
    "is_demo/0": _HUB,
    "is_party_to/1": _INVOKER,
    "is_period/1": _PURE,
    "keeps_codes_only/0": "says what the asker's own kind of organisation may store",
    "knows_login/1": "says of the asker's own log-ins whether there is one of this name, to its privacy officer",
    "last_day/3": _INVOKER,
    "never_shared/0": _PURE,
    "ledger_lines/10": "the ledger with its times, of the asker's organisation, for its privacy officer",
    "lock_number/1": _LOCK,
    "log_reads/8": "adds to the ledger, in the asker's name",
    "may_audit/0": _IDENTITY,
    "new_id/0": "a random id",
    "now/0": _CLOCK,
    "offboard/3": "lets another organisation stop, for an administrator of the municipality alone",
    "onboard_partner/10": "adds a partner for an administrator of the municipality, and for nobody else",
    "open_until/1": _PURE,
    "own_totals/4": _INVOKER,
    "period_from/1": _PURE,
    "period_unit/1": _PURE,
    "period_until/1": _PURE,
    "precision_of/1": _PURE,
    "principal_of/1": "whose token a digest is, asked before anyone is known",
    "published_agreements/1": "tells what the parties of an agreement chose to publish",
    "rank_of/1": _PURE,
    "readers_of_asker/2": "tells who read the asker's own records, by day, when it is told of that",
    "rules_in_force/1": _INVOKER,
    "rules_on/2": _INVOKER,
    "share_what_was_kept/1": "shares the asker's own records of a dataset that is not marked any more",
    "sharing_lock/2": _LOCK,
    "seal_logs/1": "seals what was committed to the logs, once; tells how many entries that were",
    "shared_totals/5": _DOOR,
    "shown_as/2": "looks at the asker's own record through each receiver's door",
    "slice_of/6": _PURE,
    "slices_of/6": _PURE,
    "source_states/2": "who is late, by day, to the parties of a dataset",
    "take_turns_at_counts/0": "makes the asker's own writers wait for each other",
    "takes_counts/2": "says whether a period of a measure is open today, the same for everybody",
    "today/0": _CLOCK,
    "try_agreement/3": "looks at the asker's own records through doors, as a proposal would open them, and undoes it",
    "trace/0": _IDENTITY,
    "undo_lines/1": _INVOKER,
    "warn_of_ends/1": "tells parties that their agreement ends, once for each threshold",
    "works_in/1": _INVOKER,
    "works_in_each/1": _INVOKER,
}

# The same of every kind of record, by its table.
OF_EVERY_KIND: dict[str, str] = {
    "at_once_{}_by_id/3": _AT_ONCE,
    "at_once_{}_newest/14": _AT_ONCE,
    "at_once_{}_oldest/14": _AT_ONCE,
    "{}_by_id/1": _INVOKER,
    "{}_newest/12": _INVOKER,
    "{}_oldest/12": _INVOKER,
    "{}_undo/3": _INVOKER,
    "own_{}/11": _INVOKER,
    "seen_{}/4": "looks at the asker's own records through a door",
    "shared_{}_by_id/1": _DOOR,
    "shared_{}_newest/12": _DOOR,
    "shared_{}_oldest/12": _DOOR,
}


def may_execute(tables: Iterable[str]) -> set[str]:
    """What the serving role may execute where the kinds of record have these tables."""
    return set(EXECUTABLE) | {name.format(table) for table in tables for name in OF_EVERY_KIND}
