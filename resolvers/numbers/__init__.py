# SPDX-License-Identifier: EUPL-1.2
"""Publishing numbers: what the database would show, checked together by a solver, and published
without what would give away what it would not.
"""
