"""A workspace whose every name, key, value and message wants to be something else."""

import math
from contextlib import suppress

from contexta import Contexta
from contexta.contract import LineageEdge
from contexta.contract.errors import ContextaError

#: What a browser, a template, a spreadsheet, a terminal or a path would act on.
TEXTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</title></style></svg><svg onload=alert(1)>",
    "]]>--><!--><iframe srcdoc='<script>alert(1)</script>'>",
    "javascript:alert(1)",
    "[click](javascript:alert(1)) ![x](http://evil.example/x.png)",
    "//evil.example/%2e%2e",
    "=cmd|'/c calc'!A0",
    "+1+cmd",
    "-1+cmd",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "\uff1dcmd",
    "\x1b[2J\x1b]0;gone\x07",
    "\x9b2Jclear",
    "\u202egnp.exe",
    "a\u2066b\u2069c\u200f\u061c",
    "z" * 10_000,
    "nul\0inside",
    "{{7*7}}{% raw %}${7*7}#{7*7}",
    "%s%n%(x)s{0}",
    "../../etc/passwd",
    "line\nbreak\u2028and\u2029more\x85",
    "a|b`c`*d*_e_<b>bold</b>",
    "lone\ud800surrogate",
    "\U000e0041\ufeff\u200bhidden",
    "Set-Cookie: a=b\r\n\r\n<html>",
)
PROJECT = "hostile"
#: Which of them are tried as the id of a run, too.
IDS = (0, 8, 16, 24)


def run_id_of(place):
    """The id of the run that is named by one of the texts."""
    return f"bad-{place:02d}"


def artifact_of(place):
    """The ref of the artifact of such a run."""
    return f"artifact:{PROJECT}.{run_id_of(place)}.model"


def build(folder):
    """Write the workspace below a folder, and return its path and what was refused of it."""
    refused = []
    settings = {"project_name": PROJECT}
    with Contexta(workspace=folder / "space", config=settings) as ctx:
        for place, text in enumerate(TEXTS):
            _run(ctx, folder, place, text, refused)
        with suppress(ValueError), ctx.run(TEXTS[0], run_id="failed") as run:
            run.event("x.lost", message=TEXTS[1], level="error")
            raise ValueError("".join(TEXTS[:20]))
        _links(ctx, refused)
    return folder / "space", refused


def _run(ctx, folder, place, text, refused):
    def attempt(call, *args, **options):
        try:
            call(*args, **options)
        except ContextaError as error:
            refused.append((text[:40], error.code))

    if place in IDS:
        attempt(_id_attempt, ctx, text)
    with ctx.run(text, run_id=run_id_of(place), params={"lr": place / 10}) as run:
        attempt(run.log_params, {text: text, "given": text})
        attempt(run.set_tags, {text: text, "team": text})
        with run.stage(text) as stage:
            for step in range(3):
                attempt(stage.metric, text, place + 1 / (step + 1), step=step, unit=text)
                stage.metric("loss", math.nan if step == 1 else place + step, step=step)
            attempt(stage.event, "x.done", message=text, level="warning", attributes={text: text})
            attempt(stage.event, text, message=text)
        run.metric("score", place / 7)
        attempt(run.metric, text, place)
        body = folder / "".join("_" if sign in "/\0\ud800" else sign for sign in text[:200])
        body.write_bytes(b"<html><script>alert(1)</script></html>")
        ref = artifact_of(place)
        attempt(run.register_artifact, text, str(body))
        attempt(run.register_artifact, "model", str(body), artifact_ref=ref)
        about = {text: text, "note": text, "content_type": text}
        attempt(run.register_artifact, "page", str(body), attributes=about)


def _id_attempt(ctx, text):
    with ctx.run("named", run_id=text):
        pass


def _links(ctx, refused):
    at = "2026-01-31T12:00:00Z"
    for place, text in enumerate(TEXTS):
        try:
            with ctx.deployment(
                text, run_ref=f"run:{PROJECT}.{run_id_of(place)}", metadata={"why": text}
            ):
                pass
            ctx.metadata_store.relations.put_relation(
                LineageEdge(
                    f"relation:{PROJECT}.r{place}",
                    "generated_from",
                    artifact_of(place),
                    artifact_of((place + 1) % len(TEXTS)),
                    at,
                    "explicit",
                    "high",
                )
            )
        except ContextaError as error:
            refused.append((text[:40], error.code))
