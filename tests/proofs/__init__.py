# SPDX-License-Identifier: EUPL-1.2
"""The proofs that ship with the product, at the size that somebody wants.

`python -m tests.proofs --help` says how; docs/proofs.md has what each shows, and the last counts.
A proof is registered in registry.py. `make test` carries out the same functions at a small size.
"""
