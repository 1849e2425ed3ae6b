-- SPDX-License-Identifier: EUPL-1.2
-- The audit log, and evidence of tampering.
select; -- still empty
