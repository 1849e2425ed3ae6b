-- SPDX-License-Identifier: EUPL-1.2
-- Run by hub_owner at the end of each migration's transaction: what before_migration.sql lent is taken back.
revoke create on schema hub from hub_door, hub_recorder;
revoke hub_door, hub_recorder from hub_owner;
