import re

import pytest

from contexta.contract.errors import ValidationError
from contexta.recovery import BackupError
from contexta.recovery._names import checked_ref, clean_label, label_of, new_backup_ref


@pytest.mark.parametrize(
    ("label", "cleaned"),
    [
        (None, "backup"),
        ("", "backup"),
        ("../../etc", "etc"),
        ("-_-", "backup"),
        ("a b/c", "a-b-c"),
        ("Größe_1", "Größe_1"),
        ("日本", "日本"),
    ],
)
def test_a_label_keeps_letters_digits_dash_and_underscore(label, cleaned):
    assert clean_label(label) == cleaned


def test_a_very_long_label_still_fits_into_a_file_name():
    assert len(new_backup_ref("ä" * 500).encode()) < 230


def test_references_are_distinct_although_the_clock_stands_still(monkeypatch):
    import contexta.recovery._names as names

    moment = names.datetime(2000, 1, 1, tzinfo=names.UTC)

    class Stopped(names.datetime):
        @classmethod
        def now(cls, tz=None):
            return moment

    monkeypatch.setattr(names, "datetime", Stopped)

    assert len({new_backup_ref("x") for _ in range(100)}) == 100


def test_a_reference_is_label_and_utc_time():
    pattern = r"nightly-\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}_\d{6}Z"

    assert re.fullmatch(pattern, new_backup_ref("nightly"))


@pytest.mark.parametrize("ref", ["..", "../x", "a/b", ".partial-x", ".", "a\\b", "a\0b", "c:d"])
def test_a_reference_that_could_lead_elsewhere_is_refused(ref):
    with pytest.raises(BackupError) as caught:
        checked_ref(ref, BackupError)

    assert caught.value.code == "recovery_invalid_backup_ref"


@pytest.mark.parametrize("ref", ["", "  ", None, 3])
def test_a_blank_reference_is_refused(ref):
    with pytest.raises(ValidationError) as caught:
        checked_ref(ref, BackupError)

    assert caught.value.code == "recovery_invalid_text"


@pytest.mark.parametrize(
    ("ref", "label"),
    [
        ("backup-2026-11-22T18-03-53_123456Z", "backup"),
        ("a-b-2026-11-22T18-03-53_123456Z-2", "a-b"),
        ("2026-11-22-2026-11-22T18-03-53_123456Z", "2026-11-22"),
        ("by-hand", "by-hand"),
    ],
)
def test_the_label_is_read_back_from_the_name(ref, label):
    """Also from one that was given a number because its name was taken."""
    assert label_of(ref) == label
