-- SPDX-License-Identifier: EUPL-1.2
-- Partners that are added through the API.
select; -- still empty
