# SPDX-License-Identifier: EUPL-1.2
"""A hub with every migration and nothing in it, as the tests of areas have it."""

from __future__ import annotations

from tests.areas.conftest import areas_template, ground

__all__ = ["areas_template", "ground"]
