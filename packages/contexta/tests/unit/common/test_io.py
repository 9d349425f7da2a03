import pytest

from contexta import errors
from contexta.common import errors as old_errors
from contexta.common import io, time
from contexta.contract import errors as contract_errors
from contexta.contract import time as contract_time


def test_the_error_classes_are_the_same_everywhere():
    """Whatever place they are imported from, one ``except`` catches them."""
    for name in old_errors.__all__:
        assert getattr(old_errors, name) is getattr(errors, name)
    for name in errors.__all__:
        assert getattr(errors, name) is getattr(contract_errors, name)
    missing = {
        name
        for name, found in vars(contract_errors).items()
        if isinstance(found, type) and issubclass(found, Exception) and name not in errors.__all__
    }

    assert missing == set()


def test_the_old_module_has_the_names_of_1_0():
    """The root and 24 classes below it."""
    assert len(old_errors.__all__) == 25


def test_the_time_helpers_are_those_of_the_contract():
    """The old place is an alias."""
    for name in time.__all__:
        assert getattr(time, name) is getattr(contract_time, name)


def test_files_are_private_and_written_whole(tmp_path):
    """Folders are made on the way; nothing but the file remains."""
    file = io.atomic_write_json(tmp_path / "a" / "b.json", {"b": 1, "a": "ü"})

    assert file.read_text() == '{\n  "a": "ü",\n  "b": 1\n}\n'
    assert io.read_json(file) == {"a": "ü", "b": 1}
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["b.json"]


def test_text_round_trips(tmp_path):
    """Line ends are kept."""
    file = io.write_text(tmp_path / "t", "a\r\nb\n")

    assert io.read_text(file) == "a\r\nb\n"
    assert io.write_json(tmp_path / "j", [1], indent=None).read_text() == "[1]\n"


def test_paths_are_made_absolute(tmp_path, monkeypatch):
    """Relative to the base, or to the working directory."""
    monkeypatch.chdir(tmp_path)

    assert io.resolve_path("x") == tmp_path / "x"
    assert io.resolve_path("x", base=tmp_path / "b") == tmp_path / "b" / "x"
    assert io.ensure_directory("d").is_dir()


def test_failures_are_our_errors(tmp_path):
    """No OSError or ValueError of Python's comes out bare."""
    (tmp_path / "bad").write_bytes(b"\xff")
    (tmp_path / "bad.json").write_text("{")

    with pytest.raises(errors.StoreAccessError):
        io.read_text(tmp_path / "missing")
    with pytest.raises(errors.SerializationError, match="not UTF-8"):
        io.read_text(tmp_path / "bad")
    with pytest.raises(errors.SerializationError, match="no valid JSON"):
        io.read_json(tmp_path / "bad.json")
    for value in (float("nan"), object(), {1: {2, 3}}):
        with pytest.raises(errors.SerializationError):
            io.json_dumps(value)
