# SPDX-License-Identifier: EUPL-1.2
"""Pages that the hub serves itself."""
