-- SPDX-License-Identifier: EUPL-1.2
-- Numbers that are checked together, and later editions of them.
select; -- still empty
