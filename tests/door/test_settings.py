# SPDX-License-Identifier: EUPL-1.2
"""Settings come from the environment once, are cast with clear errors, and are all documented."""

import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from hub.settings import Limits, Settings, SettingsError, documented

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) and value < 1e5 else str(value)


def test_without_an_environment_everything_has_its_default() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings().limits == Limits()


def test_each_variable_is_cast_to_its_type() -> None:
    settings = Settings.from_environment(
        {
            "DATABASE_URL": "postgresql://hub_app:geheim@db/hub",
            "HUB_DATA": "/var/lib/hub",
            "HUB_PORT": "9000",
            "HUB_ACQUIRE_SECONDS": "0.5",
            "HUB_LOG_FORMAT": "human",
            "HUB_PRODUCTION": "No",
            "HUB_LIMIT_DEPTH": " 8 ",
            "HUB_HOST": "",
        }
    )

    assert settings.database_url == "postgresql://hub_app:geheim@db/hub"
    assert settings.data == Path("/var/lib/hub")
    assert (settings.port, settings.acquire_seconds) == (9000, 0.5)
    assert (settings.log_format, settings.production) == ("human", False)
    assert settings.limits.depth == 8
    assert settings.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("HUB_PORT", "80a", "give a whole number from 1 to 65535"),
        ("HUB_PORT", "0", "give a whole number from 1 to 65535"),
        ("HUB_PORT", "70000", "give a whole number from 1 to 65535"),
        ("HUB_ACQUIRE_SECONDS", "nan", "give a number from 0.01 to 60"),
        ("HUB_ACQUIRE_SECONDS", "soon", "give a number from 0.01 to 60"),
        ("HUB_LOG_FORMAT", "xml", "give one of json, human"),
        ("HUB_PRODUCTION", "maybe", "give yes or no"),
        ("HUB_LIMIT_DEPTH", "-1", "give a whole number from 1 to 200"),
        ("HUB_LIMIT_RATE_BURST", "11000", "give at least 11001"),
        ("HUB_WORKERS", "0", "give a whole number from 1 to 64"),
        ("HUB_WORKERS", "30", "Give at least 330030, or set HUB_WORKERS lower"),
        ("HUB_METRICS_PORT", "0", "give a whole number from 1 to 65535"),
        ("HUB_METRICS_PORT", "9100.5", "give a whole number from 1 to 65535"),
        ("HUB_LIMIT_BULK_BODY_BYTES", "1000", "give at least HUB_LIMIT_BODY_BYTES"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_cure(
    name: str, value: str, cure: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({name: value})

    assert name in str(caught.value)
    assert cure in str(caught.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"HUB_PORT": "x", "HUB_LIMIT_DEPTH": "x", "HUB_PRODUCTION": "x"})

    assert len(str(caught.value).splitlines()) == 3


def test_workers_divide_an_organisations_rate_and_add_up_their_connections() -> None:
    given = {"HUB_WORKERS": "4", "HUB_LIMIT_RATE_PER_SECOND": "100", "HUB_POOL_SIZE": "10"}

    settings = Settings.from_environment(given)

    assert settings.limits_of_one_worker == Limits(rate_burst=75_000, rate_per_second=25)
    assert settings.connections == 4 * 10 + 2
    assert Settings().limits_of_one_worker == Limits()
    assert Settings().connections == Settings().pool_size


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


def test_addresses_with_passwords_do_not_show() -> None:
    settings = Settings(
        database_url="postgresql://a:geheim@db", owner_url="postgresql://b:geheim@db"
    )

    assert "geheim" not in repr(settings)


def test_the_page_of_settings_lists_exactly_what_can_be_set() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", PAGE.read_text(), re.MULTILINE)
    settings = [*documented(Settings), *documented(Limits)]

    assert rows == [
        (
            each.metadata["env"],
            f"`{shown(each.default)}`" if each.default is not None else "none",
            each.metadata["help"],
        )
        for each in settings
    ]
