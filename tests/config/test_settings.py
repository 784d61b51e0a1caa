"""Settings and secrets come from the environment and show no secret."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.settings import SecretUnreadableError, Settings


@pytest.fixture(autouse=True)
def _empty(monkeypatch):
    for name in ("POSTGRES_URL", "SHARDS", "CATALOGUE", "TOPIC_PREFIX"):
        monkeypatch.delenv(f"MDHUB_{name}", raising=False)


def test_a_variable_sets_the_setting_of_its_name(monkeypatch, tmp_path):
    monkeypatch.setenv("MDHUB_SHARDS", "4")
    monkeypatch.setenv("MDHUB_CATALOGUE", str(tmp_path))

    settings = Settings()

    assert settings.shards == 4
    assert settings.catalogue == tmp_path


@pytest.mark.parametrize("name", ["POSTGRES_URL", "CONNECT_URL", "MARIADB_URL", "MAVEN_REPOSITORY"])
def test_no_representation_of_settings_shows_a_password(monkeypatch, name):
    monkeypatch.setenv(f"MDHUB_{name}", "https://hub:s3cret@server/db")

    settings = Settings()

    assert getattr(settings, name.lower()) == "https://hub:s3cret@server/db"
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings)


def test_a_wrong_setting_is_named_without_its_value(monkeypatch):
    monkeypatch.setenv("MDHUB_SHARDS", "s3cret")

    with pytest.raises(ValidationError, match="shards") as raised:
        Settings()

    assert "s3cret" not in str(raised.value)


def test_a_secret_is_read_from_its_variable_and_never_shown(monkeypatch):
    monkeypatch.setenv("SOME_URL", "s3cret")

    found = Settings.secret("SOME_URL")

    assert found is not None
    assert found.get_secret_value() == "s3cret"
    assert "s3cret" not in f"{found!r} {found}"


def test_a_secret_is_read_from_the_file_that_its_variable_names(monkeypatch, tmp_path):
    file = tmp_path / "url"
    file.write_text("s3cret\n", encoding="utf-8")
    monkeypatch.setenv("SOME_URL_FILE", str(file))

    found = Settings().secret("SOME_URL")

    assert found is not None
    assert found.get_secret_value() == "s3cret"


@pytest.mark.parametrize("value", [None, ""])
def test_a_secret_that_is_not_set_is_none(monkeypatch, value):
    monkeypatch.delenv("SOME_URL", raising=False)
    if value is not None:
        monkeypatch.setenv("SOME_URL", value)

    assert Settings.secret("SOME_URL") is None


def test_a_secret_that_is_set_twice_is_refused_without_showing_it(monkeypatch, tmp_path):
    monkeypatch.setenv("SOME_URL", "s3cret")
    monkeypatch.setenv("SOME_URL_FILE", str(tmp_path / "url"))

    with pytest.raises(SecretUnreadableError, match="both set") as raised:
        Settings.secret("SOME_URL")

    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_secret_whose_file_cannot_be_read_names_the_file(monkeypatch, tmp_path, content):
    file = tmp_path / "url"
    if content:
        file.write_bytes(content)
    monkeypatch.setenv("SOME_URL_FILE", str(file))

    with pytest.raises(SecretUnreadableError, match="cannot be read"):
        Settings.secret("SOME_URL")
