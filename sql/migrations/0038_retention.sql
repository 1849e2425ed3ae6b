-- SPDX-License-Identifier: EUPL-1.2
-- How long records are kept.
select; -- still empty
