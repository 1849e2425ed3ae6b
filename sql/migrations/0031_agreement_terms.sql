-- SPDX-License-Identifier: EUPL-1.2
-- What an agreement says besides its rules, and its warnings.
select; -- still empty
