-- SPDX-License-Identifier: EUPL-1.2
-- Erasing an account, and a partner that leaves.
select; -- still empty
