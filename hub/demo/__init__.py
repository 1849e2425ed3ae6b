# SPDX-License-Identifier: EUPL-1.2
"""The demo: Zoetermeer's real wijken with invented partners' data, made through the public API from a seed."""
