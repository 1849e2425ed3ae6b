-- SPDX-License-Identifier: EUPL-1.2
-- Datasets that no rule reaches.
select; -- still empty
