-- SPDX-License-Identifier: EUPL-1.2
-- Versions of an agreement.
select; -- still empty
