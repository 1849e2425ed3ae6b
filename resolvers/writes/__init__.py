# SPDX-License-Identifier: EUPL-1.2
"""How records enter and change: deliveries with a receipt per row, and one record at a time.

What is done here happens in the caller's transaction, within a savepoint of its own: a refusal
leaves nothing behind.
"""
