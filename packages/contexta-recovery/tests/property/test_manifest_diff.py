"""What differs between the file lists of two backups, for any lists."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexta.recovery._manifest import FileEntry
from contexta.recovery._manifest_diff import compare_files

# A busy machine draws and runs examples slowly; that is no failure.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PATHS = st.sampled_from(
    [
        "workspace/workspace.json",
        "workspace/metadata/ledger.sqlite",
        "workspace/records/a.parquet",
        "workspace/records/deep/a.parquet",
        "workspace/artifacts/objects/aa/x",
        "workspace/exports/a",
    ]
)
CONTENTS = st.sampled_from([(0, "e"), (1, "a"), (1, "b"), (7, "c")])
LISTS = st.dictionaries(PATHS, CONTENTS)


def entries(files):
    return [FileEntry.plain(path, *content) for path, content in files.items()]


def full(changes, kind):
    """The paths of one kind, as they stand in the manifest."""
    found = set()
    for section, one in changes.items():
        top = "workspace" if section == "workspace" else f"workspace/{section}"
        found |= {f"{top}/{path}" for path in getattr(one, kind)}
    return found


@UNHURRIED
@given(LISTS, LISTS)
def test_each_file_is_added_removed_changed_or_unchanged(before, after):
    """Files are compared by path, size and digest, and each is named once."""
    changes = compare_files(entries(before), entries(after))

    both = before.keys() & after.keys()
    assert full(changes, "added") == after.keys() - before.keys()
    assert full(changes, "removed") == before.keys() - after.keys()
    assert full(changes, "changed") == {path for path in both if before[path] != after[path]}
    assert sum(one.unchanged_count for one in changes.values()) == sum(
        before[path] == after[path] for path in both
    )


@UNHURRIED
@given(LISTS, LISTS)
def test_sizes_add_up(before, after):
    """Sizes of sections are those of the lists; what is new is in added and changed files."""
    changes = compare_files(entries(before), entries(after)).values()

    assert sum(one.bytes_before for one in changes) == sum(size for size, _ in before.values())
    assert sum(one.bytes_after for one in changes) == sum(size for size, _ in after.values())
    assert sum(one.new_bytes for one in changes) == sum(
        content[0] for path, content in after.items() if before.get(path) != content
    )


@UNHURRIED
@given(LISTS)
def test_a_backup_does_not_differ_from_itself(files):
    """Equal lists have nothing added, removed, changed or new."""
    changes = compare_files(entries(files), entries(files)).values()

    assert not any((*one.added, *one.removed, *one.changed) or one.new_bytes for one in changes)
