# SPDX-License-Identifier: EUPL-1.2
"""The ground floor: PostgreSQL. Sessions, named statements, migrations and errors; the only home of
asyncpg.
"""
