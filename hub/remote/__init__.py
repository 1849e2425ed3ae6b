# SPDX-License-Identifier: EUPL-1.2
"""Commands that speak with a hub as any partner's program does: over HTTP, with a token, with the
rights of whom the token is. None of them opens the database.
"""
