-- SPDX-License-Identifier: EUPL-1.2
-- reference_version --
-- How often reference rows changed.
select version from hub.reference_version

-- reference_keys --
-- Which wijken, buurten, codes of wijken and organisations the asker's gemeente has, and how often reference rows changed by then.
select v.version, array[hub.gemeente()] as gemeenten,
  array(select w.id from hub.wijken w where w.gemeente = hub.gemeente()) as wijken,
  array(select b.id from hub.buurten b where b.gemeente = hub.gemeente()) as buurten,
  array(select distinct w.code from hub.wijk_versions w where w.gemeente = hub.gemeente()) as codes,
  array(select o.id from hub.organisations o where o.gemeente = hub.gemeente()) as organisations
from hub.reference_version v
