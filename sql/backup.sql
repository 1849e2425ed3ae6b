-- SPDX-License-Identifier: EUPL-1.2
-- Run by the owner, for a backup and before a restore.
-- backup_possible --
-- Whether this database has what a backup needs.
select to_regprocedure('hub.row_counts()') is not null

-- backup_snapshot --
-- A name by which pg_dump joins this moment.
select pg_export_snapshot()

-- backup_migrations --
-- The migrations that ran, in order.
select number, name, checksum from hub.migrations order by number

-- backup_rows --
-- How many rows each table has.
select table_name, rows from hub.row_counts()

-- restore_possible --
-- Whether there is nothing of a hub in this database.
select to_regnamespace('hub') is null
