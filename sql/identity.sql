-- SPDX-License-Identifier: EUPL-1.2
-- principal_of_token --
-- The asker that a token's digest stands for, or no row: unknown, expired and revoked look the same.
select gemeente, organisation, actor, holder, roles, scopes, expires_at from hub.principal_of($1::bytea)
