-- SPDX-License-Identifier: EUPL-1.2
-- What the read ledger keeps, and for whom.
select; -- still empty
