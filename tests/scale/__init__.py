# SPDX-License-Identifier: EUPL-1.2
"""The hub at the size of a country: filled in bulk, proved equal to pushes, measured, its plans
looked at.

`python -m tests.scale --help` says how; docs/scale.md has what came out.
"""
