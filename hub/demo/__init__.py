# SPDX-License-Identifier: EUPL-1.2
"""The demo: Zoetermeer's real wijken with invented data, made through the public API."""
