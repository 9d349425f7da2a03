"""What any page, any program and any machine can send to the server, and what came of it."""

import concurrent.futures
import re
import socket
import threading

import pytest
from _attacks_html import Page
from _attacks_pages import addresses
from _attacks_raw import answers_in, ask, raw, unsealed
from _attacks_requests import (
    hosts,
    methods,
    oversized,
    paths,
    questions,
    reflections,
    request,
    senders,
    smuggled,
)
from _attacks_workspace import TEXTS, artifact_of, build

from contexta import Contexta
from contexta.web._limits import Limits
from contexta.web.serve import make_server

TOKEN = "k3y-with-some-length"


def serving(ctx, **options):
    """A server that answers in another thread."""
    server = make_server(ctx, port=0, **options)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The hostile workspace, opened to be read."""
    space, _ = build(tmp_path_factory.mktemp("attacks"))
    with Contexta(workspace=space, read_only=True) as ctx:
        yield ctx


@pytest.fixture(scope="module")
def address(opened):
    """Where the server answers; it does not wait long for those who say nothing."""
    server = serving(opened, limits=Limits(idle_seconds=1.0, seconds=60.0))
    yield server.server_address
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def guarded(opened):
    """A server that asks for a token."""
    server = serving(opened, host="127.0.0.2", token=TOKEN, limits=Limits(idle_seconds=1.0))
    yield server.server_address
    server.shutdown()
    server.server_close()


def came_through(address, requests):
    """Send each request; return how many there were, and those that got what they must not."""
    won, sent = [], 0
    for name, data, allowed in requests:
        sent += 1
        answers = ask(address, data)
        statuses = [answer.status for answer in answers]
        wrong = [one for answer in answers for one in unsealed(answer)]
        if wrong or (allowed is not None and (len(answers) != 1 or statuses[0] not in allowed)):
            won.append((name[:80], statuses, wrong))
    return sent, won


@pytest.mark.parametrize(
    ("requests", "least"),
    [
        (hosts, 40),
        (senders, 20),
        (methods, 20),
        (paths, 300),
        (questions, 100),
        (reflections, 90),
        (oversized, 10),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_no_request_gets_what_it_must_not(address, requests, least):
    """Each is refused, or answered as what it plainly asks; no answer tells of the inside."""
    sent, won = came_through(address, requests())
    print(f"attacks={sent} succeeded={len(won)}")

    assert [] == won
    assert sent >= least


def test_no_request_hides_behind_another(address):
    """What two readers would cut in two places is never read as two requests."""
    won, sent = [], 0
    for name, data, _ in smuggled():
        sent += 1
        answers = ask(address, data)
        bad = [one for answer in answers for one in unsealed(answer)]
        if bad or any(b"second-one" in answer.body for answer in answers):
            won.append((name, [answer.status for answer in answers], bad))
    print(f"attacks={sent} succeeded={len(won)}")

    assert [] == won


def test_no_header_of_an_answer_comes_out_of_a_request(address):
    """Neither Location nor any other header says what an address or a name said."""
    won = []
    for name, data, _ in reflections():
        for answer in ask(address, data):
            location = answer.header("location")
            planted = answer.header("set-cookie")
            if planted or location not in (None, "/ui/runs"):
                won.append((name[:60], location, planted))

    assert [] == won


def test_no_element_attribute_or_address_of_a_page_is_made_of_data(address):
    """Each page over hostile names has elements of ours only, and sends nobody elsewhere."""
    targets = list(addresses())
    won = []
    for target in targets:
        (answer,) = ask(address, request(target))
        kind = answer.header("content-type") or ""
        text = answer.body.decode()
        wrong = [*unsealed(answer), *sorted(set(Page(text).wrong))]
        # Curly braces of data are shown as they are, so nothing was made of them.
        wrong += re.findall(r"49\{% raw|\$\{49\}", text)
        if wrong or not kind.startswith("text/html"):
            won.append((target[:80], answer.status, kind, wrong[:5]))
    print(f"attacks={len(targets)} succeeded={len(won)}")

    assert [] == won
    assert len(targets) > 120


def test_downloads_are_files_and_never_pages(address):
    """Whatever its name and content say, an artifact is saved, and runs nowhere."""
    won = []
    for place in range(len(TEXTS)):
        for tail in ("", "?member=x", "?inline=1", "?content_type=text/html"):
            target = f"/artifacts/{artifact_of(place)}/download{tail}"
            (answer,) = ask(address, request(target, "Accept: text/html"))
            wrong = unsealed(answer)
            if answer.status == 200:
                names = answer.header("content-disposition") or ""
                policy = answer.header("content-security-policy") or ""
                fine = re.fullmatch(
                    r"attachment; filename=\"[\w.-]{1,120}\"; filename\*=UTF-8''[\w.~%-]+",
                    names,
                    re.ASCII,
                )
                same = answer.header("content-type") == "application/octet-stream"
                if not (fine and same and policy.startswith("sandbox") and "%2F" not in names):
                    wrong.append(names)
            if wrong:
                won.append((target[:80], answer.status, wrong))
    print(f"attacks={len(TEXTS) * 4} succeeded={len(won)}")

    assert [] == won


def test_every_kind_of_answer_is_sealed(address):
    """The policy stands on pages, data, files, streams, and on answers without a body."""
    (found,) = ask(address, request("/ui/runs"))
    again = f"If-None-Match: {found.header('etag')}"
    kinds = {
        "page": request("/ui/runs"),
        "unchanged": request("/ui/runs", again),
        "data": request("/runs"),
        "head": request("/runs", method="HEAD"),
        "start": request("/"),
        "style": request("/static/style.css"),
        "description": request("/openapi.json"),
        "gone": request("/nothing", "Accept: text/html"),
        "method": request("/runs", method="POST"),
        "host": request("/runs", host="evil.example"),
        "no http": b"\x00\x01\r\n\r\n",
        "stream": request("/live/runs/hostile.bad-00"),
    }
    answers = {name: ask(address, data) for name, data in kinds.items()}
    wrong = {name: [unsealed(one) for one in found] for name, found in answers.items()}
    (unchanged,) = answers["unchanged"]

    assert {name: [[]] for name in kinds} == wrong
    assert (304, b"") == (unchanged.status, unchanged.body)


def test_a_token_is_asked_for_in_every_way_but_the_right_one(guarded):
    """Wrong, empty, partial, doubled and guessed tokens open nothing, and none is shown."""
    host = f"127.0.0.2:{guarded[1]}"
    basic = "Authorization: Basic azN5Og=="
    tries = [
        request("/runs", host=host),
        request("/runs", basic, host=host),
        request("/runs", f"Authorization: {TOKEN}", host=host),
        request("/runs", "Authorization: Bearer", host=host),
        request("/runs", f"Authorization: Bearer {TOKEN}x", host=host),
        request("/runs", f"Authorization: Bearer {TOKEN[:-1]}", host=host),
        request("/runs", f"Authorization: Bearer {TOKEN.upper()}", host=host),
        request("/runs", f"Cookie: contexta_{guarded[1]}={TOKEN}", host=host),
        request("/runs", f"Cookie: contexta_{guarded[1]}=", host=host),
        request("/runs", f"Cookie: token={TOKEN}", host=host),
        *(request(f"/ui/runs?{given}", host=host) for given in (
            "token=", "token=wrong", "token", f"Token={TOKEN}", f"token={TOKEN}%00",
            f"token={TOKEN[:-1]}", "token[]=x", "token=%ff", "token=" + "x" * 9000,
        )),
        request("//evil.example/static/../runs", host=host),
        request("/STATIC/../runs", host=host),
        request("/openapi.json", host=host),
        request("/live/runs", host=host),
    ]  # fmt: skip
    tries += [request("/runs", host=other) for other in ("evil\t", "a b", "a@b", "", "\xff")]
    answers = [answer for data in tries for answer in ask(guarded, data)]
    print(f"attacks={len(tries)} succeeded={sum(a.status < 400 for a in answers)}")

    assert len(tries) == len(answers)
    assert set() == {answer.status for answer in answers} - {400, 401, 421}
    assert [] == [one for answer in answers for one in unsealed(answer)]
    assert [] == [answer for answer in answers if TOKEN.encode() in answer.body]


def test_the_token_leaves_the_address_at_once(guarded, caplog):
    """The cookie is for this server only, holds no token, and the way on stays on it."""
    host = f"127.0.0.2:{guarded[1]}"
    with caplog.at_level("DEBUG"):
        (entered,) = ask(guarded, request(f"//evil.example/x?token={TOKEN}&a=%0d%0aB:c", host=host))
    cookie = entered.header("set-cookie") or ""
    name, _, rest = cookie.partition("=")
    (inside,) = ask(guarded, request("/runs", f"Cookie: {name}={rest.split(';')[0]}", host=host))

    assert (303, "/evil.example/x?a=%0D%0AB%3Ac") == (entered.status, entered.header("location"))
    assert TOKEN not in f"{entered.headers} {caplog.text}"
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert (200, "no-store") == (inside.status, entered.header("cache-control"))


def test_slow_and_silent_clients_keep_nobody_waiting(address):
    """Sockets that send a byte now and then, or nothing, are closed; others are answered."""
    slow = [socket.create_connection(address[:2], timeout=20) for _ in range(40)]
    try:
        for sock in slow[:30]:
            sock.sendall(b"GET /runs HTTP/1.1\r\nHost: x")
        statuses = [ask(address, request("/runs?limit=1"))[0].status for _ in range(5)]
        # Whatever they do, they are closed: by a reset, or by an end.
        ends = [_end_of(sock) for sock in slow]
    finally:
        for sock in slow:
            sock.close()

    assert ([200] * 5, [b""] * 40) == (statuses, ends)


def _end_of(sock):
    try:
        return sock.recv(100)
    except ConnectionResetError:
        return b""


def test_a_crowd_is_answered_whole(address):
    """A hundred connections at once each get their answer, or are told to come back."""
    data = request("/runs?limit=5")
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: answers_in(raw(address, data)), range(100)))

    statuses = {answer.status for (answer,) in answers}
    assert {200} == statuses
