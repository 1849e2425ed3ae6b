# SPDX-License-Identifier: EUPL-1.2
"""Whether a database may be served as it is: by which role, migration and guard."""

from __future__ import annotations

from sql.checks import faults
from sql.migrate import MigrationError, check_role, connect, pending

SERVING_ROLE = "hub_app"


class UnfitToServe(Exception):
    """The hub must not serve this address; the message says why and what to do."""


async def check_fit_to_serve(dsn: str) -> None:
    """Returns when the address is that of a role that may serve, on a database that is up to date.

    Raises `UnfitToServe` for an owner, a superuser or a role that bypasses row security (for such a
    role no policy holds), and when a migration is missing or was edited.
    """
    try:
        connection = await connect(dsn)
    except MigrationError as error:
        raise UnfitToServe(str(error)) from error
    try:
        role = await connection.fetchrow(
            "select rolname, rolsuper or rolbypassrls as above_policies, exists ("
            "  select from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            "  where n.nspname = 'hub' and pg_has_role(r.oid, c.relowner, 'member')) as owns"
            " from pg_roles r where rolname = current_user"
        )
        if role is None or role["above_policies"] or role["owns"]:
            name = role["rolname"] if role else "?"
            raise UnfitToServe(
                f"DATABASE_URL is the address of {name}, for whom the rules of who sees what do "
                f"not hold. "
                f"Give the address of {SERVING_ROLE}."
            )
        try:
            behind = await pending(connection)
        except MigrationError as error:
            raise UnfitToServe(str(error)) from error
        if behind:
            raise UnfitToServe(
                "The database lacks migrations of this hub. Run `hub migrate` first."
            )
    finally:
        await connection.close()


async def is_up_to_date(dsn: str) -> bool:
    """Whether a database has every migration of this hub; raises `MigrationError` when it has
    others.
    """
    connection = await connect(dsn)
    try:
        return not await pending(connection)
    finally:
        await connection.close()


async def check_owner(dsn: str) -> None:
    """Raises `MigrationError` for an address that is not hub_owner's."""
    connection = await connect(dsn)
    try:
        await check_role(connection)
    finally:
        await connection.close()


async def faults_of_guard(dsn: str) -> list[str]:
    """What is wrong with roles, grants, policies, keys and functions, beyond what may be so with a
    reason.
    """
    connection = await connect(dsn)
    try:
        return await faults(connection)
    finally:
        await connection.close()
