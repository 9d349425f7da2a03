"""No path of a request reaches the file system. Probes of the threat list."""

from urllib.parse import quote

import pytest

RUN = "run:vision.night-1"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2fapp.py",
        "/static/..%5capp.py",
        "/static/....//app.py",
        "/static/%252e%252e/app.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/vendor/../../app.py",
        "/static/./app.css",
        "/static/app.css%00.js",
        "/static/",
        "/static",
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..;/etc/passwd",
        "/runs/..%2f..%2fetc%2fpasswd",
        "/runs/%2fetc%2fpasswd",
        "/ui/runs/..%2f..%2fetc%2fpasswd",
        "/artifacts/..%2f..%2fworkspace.json",
        "/artifacts/..%2f..%2fworkspace.json/download",
        "/artifacts/%2fetc%2fpasswd/download",
        "/artifacts/file:%2f%2f%2fetc%2fpasswd/download",
        "/artifacts/artifact:..%2f..%2f..%2fetc%2fpasswd/download",
        "/export/..%2fruns.csv",
    ],
)
def test_no_path_reaches_the_file_system(client, path):
    """Names are looked up in tables: what climbs, is absolute or encoded twice is not found."""
    status, answer = client.send(path)

    leaked = b"root:" in answer or b"import " in answer or b"format_version" in answer
    assert (True, False) == (status in (400, 404), leaked)


@pytest.mark.parametrize("member", ["../../workspace.json", "/etc/passwd", "..", "a/../../b", "\\"])
def test_members_of_artifacts_are_names(client, member):
    """A member that no artifact has is an error, wherever it points."""
    ref = client.json(f"/runs/{RUN}/artifacts?kind=model")[1]["artifacts"][0]["artifact_ref"]
    answer = client.get(f"/artifacts/{quote(ref, safe='')}/download?member={quote(member)}")

    assert (True, False) == (400 <= answer.status < 500, b"root:" in answer.body)
