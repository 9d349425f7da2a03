"""Bodies of artifacts: files, folders, names, damage."""

from urllib.parse import quote

import pytest


@pytest.fixture
def stored(tmp_path, open_ctx):
    """A workspace with a file, an empty file and a folder, open for reading."""
    from contexta import Contexta

    folder = tmp_path / "model"
    (folder / "part").mkdir(parents=True)
    (folder / "part" / "a.txt").write_text("alpha")
    (folder / "b.txt").write_text("beta")
    single, empty = tmp_path / 'we"ights\u202e\r.bin', tmp_path / "empty"
    single.write_bytes(b"w" * 1_000_000)
    empty.touch()
    writer = open_ctx()
    with writer.run("train", run_id="one") as run:
        for kind, path in (("tree", folder), ("file", single), ("empty", empty)):
            run.register_artifact(kind, str(path))
    writer.close()
    with Contexta(workspace=writer.workspace, read_only=True) as ctx:
        yield (
            ctx,
            {
                item.kind: quote(item.artifact_ref, safe="")
                for item in ctx.repository.list_artifacts(run_id="one")
            },
        )


def test_a_folder_lists_its_files_and_gives_each(stored, serve):
    """A folder artifact is downloaded file by file; its entry and its error name them."""
    ctx, refs = stored
    with serve(ctx) as client:
        entry = client.json(f"/artifacts/{refs['tree']}")[1]["members"]
        status, body = client.json(f"/artifacts/{refs['tree']}/download")
        member = client.get(f"/artifacts/{refs['tree']}/download?member=part/a.txt")

    files = ["b.txt", "part/a.txt"]
    assert (files, 400, files, b"alpha", True) == (
        entry,
        status,
        body["error"]["details"]["members"],
        member.body,
        'filename="a.txt"' in member.headers["content-disposition"],
    )


def test_names_of_files_cannot_break_the_header(stored, serve):
    """Quotes, control and bidirectional characters of a file name stay out of the header."""
    ctx, refs = stored
    with serve(ctx) as client:
        answer = client.get(f"/artifacts/{refs['file']}/download")
    header = answer.headers["content-disposition"]

    assert (1_000_000, True, True) == (
        len(answer.body),
        header.isascii() and header.isprintable(),
        header.startswith('attachment; filename="we_ights__.bin";'),
    )


def test_an_empty_file_is_a_file(stored, serve):
    """No byte is an answer, too."""
    ctx, refs = stored
    with serve(ctx) as client:
        answer = client.get(f"/artifacts/{refs['empty']}/download")

    assert (200, b"", "0") == (answer.status, answer.body, answer.headers["content-length"])


def test_head_of_a_download_has_its_length(stored, serve):
    """HEAD tells the size before a download."""
    ctx, refs = stored
    with serve(ctx) as client:
        answer = client.get(f"/artifacts/{refs['file']}/download", method="HEAD")

    assert (200, b"", "1000000") == (answer.status, answer.body, answer.headers["content-length"])


def test_a_damaged_body_is_an_error_and_no_file(stored, serve, tmp_path):
    """One changed byte: 503 with the code of the store, and not one byte of the body."""
    ctx, refs = stored
    bodies = sorted(
        (path for path in tmp_path.rglob("objects/*/*") if path.is_file()),
        key=lambda path: path.stat().st_size,
    )
    body = bodies[-1]
    body.chmod(0o600)
    body.write_bytes(b"x" + body.read_bytes()[1:])
    with serve(ctx) as client:
        status, answer = client.json(f"/artifacts/{refs['file']}/download")

    assert (503, "artifact_store_hash_mismatch") == (status, answer["error"]["code"])
