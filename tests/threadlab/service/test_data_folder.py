"""The folder and the key."""

import os
import stat
from pathlib import Path

import pytest

from threadlab.errors import ThreadlabError
from threadlab.service.data_folder import Home, code_fingerprint
from threadlab.service.keys import read_or_make_key

posix = pytest.mark.skipif(os.name != "posix", reason="modes of files mean little here")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_key_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").ready()
    read_or_make_key(home.key_file)
    assert (mode(home.folder), mode(home.key_file)) == (0o700, 0o600)


@posix
def test_open_key_file_is_closed_to_others(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("sk-threadlab-mine\n")
    file.chmod(0o644)
    assert read_or_make_key(file) == "sk-threadlab-mine"
    assert mode(file) == 0o600


@posix
def test_folder_of_the_user_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Home(tmp_path).ready()
    assert mode(tmp_path) == 0o755


def test_key_stays_from_start_to_start(tmp_path: Path) -> None:
    assert read_or_make_key(tmp_path / "key") == read_or_make_key(tmp_path / "key")
    assert read_or_make_key(tmp_path / "other") != read_or_make_key(tmp_path / "key")


def test_empty_key_file_gets_a_key(tmp_path: Path) -> None:
    (tmp_path / "key").touch()
    assert read_or_make_key(tmp_path / "key").startswith("sk-threadlab-")


@pytest.mark.parametrize("content", [b"two words", b"\xff\xfe", b"one\nkey\nper line"])
def test_damaged_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ThreadlabError, match="does not hold a key"):
        read_or_make_key(tmp_path / "key")


def test_key_file_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ThreadlabError, match="can be neither read nor made"):
        read_or_make_key(tmp_path / "file" / "key")


def test_file_named_like_the_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ThreadlabError, match=r"cannot be written .* set THREADLAB_HOME"):
        Home(tmp_path / "file" / "home").ready()


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ThreadlabError, match=r"cannot be written .* set THREADLAB_HOME"):
        Home(tmp_path).ready()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_damaged_record_counts_as_none(tmp_path: Path, content: str) -> None:
    home = Home(tmp_path)
    home.record_file.write_text(content)
    assert home.record() is None


def test_data_folder_does_not_follow_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADLAB_HOME", "here")
    assert Home().folder == tmp_path / "here"


def test_fingerprint_is_the_same_each_time() -> None:
    assert code_fingerprint() == code_fingerprint()
