# SPDX-License-Identifier: EUPL-1.2
"""Sheets of people without a developer: the bytes of a CSV or Excel file to rows as the API takes
them.

`reading` gives what stands in the cells, `columns` the rows of a kind with the place of each cell
that cannot be read; neither needs a database. `mappings` keeps which column is which field.
"""
