# SPDX-License-Identifier: EUPL-1.2
"""The doorway: HTTP, identity, settings, commands, pages and the embedded database."""
