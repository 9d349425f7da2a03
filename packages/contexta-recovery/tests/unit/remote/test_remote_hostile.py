"""A place that somebody else controls: nothing in it is believed, nothing of it stays here."""

import hashlib
import json
import shutil
import sys
import traceback

import pytest

from contexta.contract.errors import ContextaError, DependencyError
from contexta.recovery import (
    list_remote_backups,
    pull_backup,
    push_backup,
    verify_remote_backup,
)
from contexta.recovery._manifest import canonical
from contexta.recovery._remote_place import RemotePlace
from contexta.recovery._remote_sheet import parse_sheet
from contexta.recovery._remote_url import shown_url


def everything_below(path):
    return sorted(str(one.relative_to(path)) for one in path.rglob("*"))


def rewrite(folder, ref, **changes):
    """Change a sheet as somebody would who also rewrites its digest."""
    path = folder / f"{ref}.json"
    body = json.loads(path.read_bytes()) | changes
    body.pop("sheet_sha256")
    digest = hashlib.sha256(canonical(body)).hexdigest()
    path.write_bytes(canonical(body | {"sheet_sha256": digest}))


def refusal(call, *arguments, **options):
    with pytest.raises(ContextaError) as caught:
        call(*arguments, **options)
    return caught.value


@pytest.fixture(scope="session")
def sample(tmp_path_factory, populate, config_at, back_up):
    """The name of a backup, and a folder with it as it was sent."""
    place = tmp_path_factory.mktemp("sample")
    config = config_at(place / ".contexta")
    populate(place / ".contexta")
    ref = back_up(config).backup_ref
    push_backup(config, ref, f"file://{place}/sent")
    return ref, place / "sent"


@pytest.fixture
def pushed(sample, folder):
    """The name of a backup that is at `url`."""
    shutil.copytree(sample[1], folder)
    return sample[0]


@pytest.mark.parametrize(
    "ref", ["../x", "a/b", "..", ".hidden", "x\ny", "a*", "a[1]", "a?b", "x:y", "q" * 300]
)
def test_a_name_that_leads_elsewhere_is_refused(url, other, pushed, tmp_path, ref):
    """By code, before anything is asked or written."""
    before = everything_below(tmp_path)
    error = refusal(pull_backup, other, url, ref)

    assert "recovery_invalid_backup_ref" == error.code
    assert before == everything_below(tmp_path)


def test_names_of_the_store_are_no_paths(pushed, folder):
    """Entries that claim to lie above, below or elsewhere are left out; so is what is not ours."""
    (folder / "sub").mkdir()
    (folder / "sub" / "x.tar").write_bytes(b"x")
    (folder / ".x.tar").write_bytes(b"x")
    (folder / "notes.json").write_text("{}")
    place = RemotePlace(f"faulty://{folder}")
    entry = {"size": 1, "type": "file", "islink": False}
    found = [
        place._file_of({**entry, "name": name})[0]
        for name in (f"{folder}/../../x.tar", "/etc/passwd", f"{folder}/a/b.tar", f"{folder}/y.tar")
    ]

    assert ["", "", "", "y.tar"] == found
    assert [pushed] == [one.backup_ref for one in list_remote_backups(f"faulty://{folder}")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"size": 10}, "recovery_remote_damaged"),
        ({"size": 1 << 50}, "recovery_remote_damaged"),
        ({"size": -1}, "recovery_remote_sheet_invalid"),
        ({"size": True}, "recovery_remote_sheet_invalid"),
        ({"sha256": "0" * 64}, "recovery_remote_damaged"),
        ({"sha256": "../../x"}, "recovery_remote_sheet_invalid"),
        ({"backup_ref": "../../x"}, "recovery_remote_sheet_invalid"),
        ({"archive": "../../x.tar"}, "recovery_remote_sheet_invalid"),
        ({"counts": {"runs": 999}}, "recovery_remote_damaged"),
        ({"encrypted": True}, "recovery_remote_damaged"),
        ({"format_version": 2}, "recovery_remote_sheet_invalid"),
        ({"kind": "other"}, "recovery_remote_sheet_invalid"),
        ({"created_at": "2026-13-99T00:00:00Z"}, "recovery_remote_sheet_invalid"),
        ({"created_at": "\u202eyesterday"}, "recovery_remote_sheet_invalid"),
        ({"key_id": "\x1b[2J"}, "recovery_remote_sheet_invalid"),
    ],
)
def test_a_sheet_that_lies_is_found(pushed, url, folder, other, changes, code):
    """Also by somebody who rewrites its digest: the archive tells otherwise."""
    rewrite(folder, pushed, **changes)
    error = refusal(pull_backup, other, url, pushed)

    assert code == error.code
    assert not other.workspace.root_path.exists() or [] == [
        path for path in other.workspace.root_path.rglob("*") if path.is_file()
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"format_version": 1}',
        b"[" * 100_000,
        b'{"format_version":' + b"9" * 5000 + b"}",
        b" " * ((1 << 20) + 1),
    ],
)
def test_bytes_that_are_no_sheet_are_said_to_be_none(pushed, url, folder, other, raw):
    """The list names the reason, the pull refuses, verifying fails; none of them breaks."""
    (folder / f"{pushed}.json").write_bytes(raw)
    (listed,) = list_remote_backups(url)
    report = verify_remote_backup(url, pushed)

    assert isinstance(parse_sheet(raw, pushed), str)
    assert "its data sheet" in listed.problem
    assert ["manifest_invalid"] == [problem.kind for problem in report.problems]
    assert "recovery_remote_sheet_invalid" == refusal(pull_backup, other, url, pushed).code


def test_any_changed_byte_of_a_sheet_is_found(pushed, folder):
    """Each of its bytes counts, also those between the values."""
    raw = (folder / f"{pushed}.json").read_bytes()
    changed = [raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in range(len(raw))]

    assert not isinstance(parse_sheet(raw, pushed), str)
    assert [] == [one for one in changed if not isinstance(parse_sheet(one, pushed), str)]


def test_an_archive_that_never_ends_is_cut_off(pushed, folder, faults, other):
    """No more than one chunk beyond what was listed is taken."""
    taken = []

    def endless(path, data):
        if not str(path).endswith(".tar"):
            return data
        taken.append(1 << 16)
        return bytes(1 << 16)

    faults.answer = endless
    size = (folder / f"{pushed}.tar").stat().st_size
    error = refusal(pull_backup, other, f"faulty://{folder}", pushed)
    pulled = sum(taken)
    report = verify_remote_backup(f"faulty://{folder}", pushed)

    assert "recovery_remote_damaged" == error.code
    assert pulled <= size + (1 << 16)
    assert ["size_differs"] == [problem.kind for problem in report.problems]


def test_an_archive_that_ends_early_is_found(pushed, folder, faults, other):
    """The size in the list was right, and the connection gives less."""
    faults.answer = lambda path, data: b"" if str(path).endswith(".tar") else data
    error = refusal(pull_backup, other, f"faulty://{folder}", pushed)

    assert "recovery_remote_damaged" == error.code
    assert "ends after 0" in error.message


def test_a_size_that_nobody_can_store_is_refused_before_it_is_fetched(
    pushed, folder, faults, other
):
    """Sheet and store agree on a petabyte; nothing is written for it."""
    rewrite(folder, pushed, size=1 << 50)
    faults.lie = lambda entry: (
        entry | {"size": 1 << 50} if str(entry["name"]).endswith(".tar") else entry
    )
    error = refusal(pull_backup, other, f"faulty://{folder}", pushed)

    assert "recovery_disk_full" == error.code
    assert not other.workspace.root_path.exists()


def test_content_that_changes_after_it_was_listed_is_refused(pushed, url, folder, other):
    """The list told one SHA-256, what arrives has another."""
    assert list_remote_backups(url)[0].complete
    path = folder / f"{pushed}.tar"
    data = bytearray(path.read_bytes())
    data[-2000] ^= 1
    path.write_bytes(data)

    assert "recovery_remote_damaged" == refusal(pull_backup, other, url, pushed).code


def test_an_archive_whose_sheet_was_rewritten_too_is_refused_by_its_manifest(
    pushed, url, folder, other
):
    """Digest and size of the sheet fit the changed archive; its own manifest does not."""
    path = folder / f"{pushed}.tar"
    data = bytearray(path.read_bytes())
    data[-2000] ^= 1
    path.write_bytes(data)
    rewrite(folder, pushed, sha256=hashlib.sha256(data).hexdigest())
    error = refusal(pull_backup, other, url, pushed)

    assert "recovery_backup_damaged" == error.code
    assert [] == [path for path in other.workspace.root_path.rglob("*") if path.is_file()]


def test_a_planted_link_is_not_followed(pushed, url, folder, other, tmp_path):
    """On a disk, what is a link is no backup, however good its target."""
    (folder / f"{pushed}.tar").rename(tmp_path / "outside.tar")
    (folder / f"{pushed}.tar").symlink_to(tmp_path / "outside.tar")
    (listed,) = list_remote_backups(url)

    assert "its archive is gone" == listed.problem
    assert "recovery_remote_incomplete" == refusal(pull_backup, other, url, pushed).code


def test_another_backup_of_that_name_here_is_kept(workspace, url, config, root, back_up):
    """A pull overwrites nothing, and says that there is another one."""
    ref = back_up(config).backup_ref
    push_backup(config, ref, url)
    manifest = root / "recovery" / "backups" / ref / "manifest.json"
    manifest.chmod(0o600)
    manifest.write_bytes(b"{}")
    error = refusal(pull_backup, config, url, ref)

    assert "recovery_backup_exists" == error.code
    assert b"{}" == manifest.read_bytes()


def test_a_pull_beside_a_pull_is_refused(pushed, url, other):
    """Two of the same name do not write into each other; the other one ends well."""
    caught = []

    def meanwhile(now):
        if now.phase == "fetch" and not caught:
            caught.append(refusal(pull_backup, other, url, pushed))

    fetched = pull_backup(other, url, pushed, progress=meanwhile)

    assert "recovery_backup_busy" == caught[0].code
    assert caught[0].retryable
    assert fetched.location.is_file()


@pytest.mark.parametrize("place", ["", "/recovery/backups", "/deep/er"])
def test_a_place_in_the_workspace_is_no_other_place(workspace, config, back_up, place):
    """A copy there is lost together with the workspace."""
    ref = back_up(config).backup_ref
    error = refusal(push_backup, config, ref, f"file://{workspace}{place}")

    assert "recovery_remote_inside_workspace" == error.code


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "/mnt/disk",
        "mnt",
        "://x",
        "s3:/x",
        "file://mnt/disk",
        "file:///",
        "nobody-knows-this://x",
        "simplecache::file:///tmp",
        "simplecache:///tmp",
        "zip:///tmp/x.zip",
        "file:///tmp/\x00x",
        "file:///tmp/\x1b[2J",
        "file:///" + "x" * 3000,
        None,
        7,
    ],
)
def test_what_is_no_url_of_a_place_is_refused(url):
    """By one code; nothing is asked."""
    assert "recovery_remote_url_invalid" == refusal(list_remote_backups, url).code


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/a/b", "s3://bucket/a/b"),
        ("s3://bucket/a@b", "s3://bucket/a@b"),
        ("sftp://user:pw@host/x", "sftp://***@host/x"),
        ("sftp://user:p@w@host/x", "sftp://***@host/x"),
        ("sftp://user:p/w@host/x", "sftp://***@host/x"),
        ("https://token@host/x", "https://***@host/x"),
        ("https://host/x?sig=abc#frag", "https://host/x"),
        ("abfs://box@account.example/x", "abfs://box@account.example/x"),
        ("file:///a/b?c", "file:///a/b?c"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url, shown):
    """User, password, query and fragment are cut, the place stays readable."""
    assert shown == shown_url(url)


def test_credentials_are_nowhere_in_what_is_shown(
    workspace, config, folder, faults, other, back_up
):
    """Neither those in the URL nor those in storage_options, in results, errors and reprs."""
    secret = "hunter2-of-the-bucket"
    options = {"secret": secret, "token": secret}
    url, pushed = f"faulty://{folder}", back_up(config).backup_ref
    faults.at, faults.error = 1, ValueError(f"{options} {secret}")
    error = refusal(list_remote_backups, url, storage_options=options)
    faults.reset()
    shown = [
        repr(push_backup(config, pushed, url, storage_options=options)),
        repr(list_remote_backups(url, storage_options=options)),
        repr(pull_backup(other, url, pushed, storage_options=options)),
        repr(RemotePlace(url, options)),
        f"{error!r} {error.to_dict()} {error.__context__!r}",
        "".join(traceback.format_exception(error)),
    ]

    assert [] == [text for text in shown if secret in text]
    assert "ValueError" in error.message


@pytest.mark.parametrize(
    ("module", "url", "line"),
    [
        ("fsspec", "file:///tmp/x", "pip install 'contexta-recovery[remote]'"),
        ("gcsfs", "gs://bucket/x", "pip install 'gcsfs'"),
        ("adlfs", "abfs://box@account.example/x", "pip install 'adlfs'"),
    ],
)
def test_a_missing_library_is_named_with_its_line_for_pip(monkeypatch, module, url, line):
    """The extra brings fsspec; the library of a store is the user's to choose."""
    monkeypatch.setitem(sys.modules, module, None)
    error = refusal(list_remote_backups, url)

    assert isinstance(error, DependencyError)
    assert "recovery_remote_unavailable" == error.code
    assert line in error.message


def test_nothing_there_is_an_error_and_an_empty_folder_is_none(tmp_path):
    """A mistyped URL must not look like a place without backups."""
    (tmp_path / "empty").mkdir()
    error = refusal(list_remote_backups, f"file://{tmp_path}/mistyped")

    assert "recovery_remote_not_found" == error.code
    assert () == list_remote_backups(f"file://{tmp_path}/empty")
