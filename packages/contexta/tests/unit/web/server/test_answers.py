"""How answers travel: validators, compression, HEAD, strict JSON."""

import gzip
import json

import pytest

from contexta.web._answers import takes_gzip
from contexta.web._payloads import to_jsonable


def test_an_unchanged_answer_is_a_304(client):
    """Who sends the ETag of an answer back gets no body while it is the same."""
    first = client.get("/runs")
    again = client.get("/runs", If_None_Match=first.headers["etag"])

    assert (304, b"", first.headers["etag"]) == (again.status, again.body, again.headers["etag"])


def test_another_answer_has_another_validator(client):
    """Two bodies have two ETags, and an ETag of one is none of the other."""
    first = client.get("/runs")
    other = client.get("/runs?limit=1", If_None_Match=f'"x", {first.headers["etag"]}')

    assert (200, True) == (other.status, first.headers["etag"] != other.headers["etag"])


def test_large_answers_are_compressed_for_those_who_take_it(client):
    """gzip only where the asker accepts it; the content is the same."""
    plain = client.get("/openapi.json")
    packed = client.get("/openapi.json", Accept_Encoding="br, gzip;q=0.5")
    refused = client.get("/openapi.json", Accept_Encoding="gzip;q=0")

    assert ("gzip", plain.body, False, plain.body) == (
        packed.headers["content-encoding"],
        gzip.decompress(packed.body),
        "content-encoding" in refused.headers,
        refused.body,
    )


@pytest.mark.parametrize(
    ("header", "takes"),
    [("gzip", True), ("GZIP;q=1", True), ("gzip; q=0", False), ("br", False), ("", False)],
)
def test_whether_an_asker_takes_gzip(header, takes):
    """Names heed no case, and a quality of zero is a refusal."""
    assert takes == takes_gzip({"accept-encoding": header})


@pytest.mark.parametrize("path", ["/runs", "/ui/runs", "/nothing", "/live/runs"])
def test_head_is_get_without_the_body(client, path):
    """HEAD has the status and the headers of GET, and no body."""
    head = client.get(path, method="HEAD")
    status = 200 if path == "/live/runs" else client.get(path).status

    assert (status, b"") == (head.status, head.body)


def test_head_tells_the_length_of_get(client):
    """The length of a HEAD is that of the body a GET gets."""
    length = client.get("/projects", method="HEAD").headers["content-length"]

    assert len(client.get("/projects").body) == int(length)


def test_json_is_sorted_and_ascii(client):
    """Keys are sorted, and every character outside of ASCII is escaped."""
    body = client.get("/runs").body
    again = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))

    assert again.encode("ascii") == body


def test_what_is_not_finite_is_null():
    """No NaN and no infinity reaches JSON, however deep it lies."""
    given = {"a": float("nan"), "b": [float("inf"), {"c": -float("inf")}], "d": 1.5}

    assert {"a": None, "b": [None, {"c": None}], "d": 1.5} == to_jsonable(given)


def test_any_value_becomes_json():
    """Sets, bytes, objects and lone surrogates have a form that JSON holds."""

    class Thing:
        def __init__(self):
            self.x = (1, 2)

    shown = to_jsonable({"s": {2, 1}, "o": Thing(), "b": b"x", 3: "\ud800"})

    assert {"s": [1, 2], "o": {"x": [1, 2]}, "b": "b'x'", "3": "\\ud800"} == shown


def test_static_files_come_with_their_type(client):
    """Files of the pages are known by name and typed."""
    answer = client.get("/static/app.css")

    assert (200, "text/css; charset=utf-8") == (answer.status, answer.headers["content-type"])
