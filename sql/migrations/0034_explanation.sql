-- SPDX-License-Identifier: EUPL-1.2
-- Who may see what, as of a day.
select; -- still empty
