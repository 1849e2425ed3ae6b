# SPDX-License-Identifier: EUPL-1.2
"""What partners and readers see: types, inputs, descriptions, and the one catalogue of texts."""
