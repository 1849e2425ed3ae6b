# SPDX-License-Identifier: EUPL-1.2
"""`python -m hub` is the command `hub`."""

from hub.cli import main

main()
