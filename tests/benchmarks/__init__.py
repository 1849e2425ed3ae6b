# SPDX-License-Identifier: EUPL-1.2
"""Measures the hub as partners meet it: a real process, over HTTP, beside the same reads by hand.

`python -m tests.benchmarks --help` says how; docs/performance.md has what came out.
"""
