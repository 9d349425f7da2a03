"""Make the pictures of images/ from the pages of a demo: ``python make_pictures.py``.

Wants playwright, Pillow and a Chromium (by default /usr/bin/chromium, else ``CHROMIUM``), which
nothing else of the documentation needs. The demo always ends at the same instant.
"""

import contextlib
import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.text import Text

from contexta import Contexta
from contexta.web import Limits, make_server

FOLDER = Path(__file__).resolve().parent / "images"
WIDTH = 1400
SHOWN = "&".join(
    f"show.{key}=1"
    for key in ("metrics.accuracy", "params.learning_rate", "params.resize_filter", "tags.branch")
)
# Name of the picture, address of the page, height of the part that is shown.
PAGES = (
    (
        "runs",
        f"ui/runs?project=vision&columns=1&{SHOWN}",
        760,
    ),
    ("run", "ui/runs/run%3Avision.night-09", 900),
    ("compare", "ui/compare?left=run%3Avision.night-09&right=run%3Avision.night-10", 900),
    ("trend", "ui/metrics/trend?metric=accuracy&project=vision", 860),
    ("lineage", "ui/deployments/deployment%3Avision.photo-search-2", 620),
)
COMMANDS = ("runs --project vision --desc --limit 4", "run show night-09")
LINES = 38
COLUMNS = 128
TERMINAL = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #fff }}
pre {{ margin: 0; padding: 20px 24px; color: #1d2330;
       font: 16px/1.3 "DejaVu Sans Mono", monospace }}
</style><pre>{}</pre>"""


def main() -> None:
    """Write a demo, serve it, and take each picture."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / ".contexta"
        # Half a day back, so that "8 hours ago" stands on the pages whenever they are made.
        until = (datetime.now(UTC) - timedelta(hours=8)).replace(minute=0, second=0, microsecond=0)
        demo = ["demo", "--quiet", "--workspace", str(workspace), "--until", until.isoformat()]
        shell(demo, folder)
        shown = "".join(
            f"\x1b[2m$ contexta {line}\x1b[0m\n{shell(line.split(), folder)}\n" for line in COMMANDS
        )
        with (
            Contexta(workspace=workspace, read_only=True) as ctx,
            make_server(ctx, port=0, limits=Limits(seconds=120, waiting_seconds=120)) as server,
            sync_playwright() as playwright,
        ):
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light")
            for name, address, height in PAGES:
                answer = page.goto(f"{server.url}{address}")
                assert answer is not None, address
                assert answer.ok, f"{address}: {answer.status}"
                take(page, name, height)
            # A new page, because the policy of the server allows no style of ours.
            page = browser.new_page(viewport={"width": WIDTH, "height": 900})
            page.set_content(TERMINAL.format(html(shown)))
            take(page, "terminal", 830)
            browser.close()
            server.shutdown()
            thread.join()


def shell(words: list[str], folder: str) -> str:
    """Run a command in a terminal of its own, and return what it shows, colors included."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    words = [sys.executable, "-m", "contexta", *words]
    environment = {**os.environ, "TERM": "xterm-256color"}
    process = subprocess.Popen(words, cwd=folder, env=environment, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a terminal is an error on Linux
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    assert process.wait() == 0, shown.decode()
    return shown.decode().replace("\r\n", "\n")


def html(shown: str) -> str:
    """Return what a terminal shows as HTML."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    lines = shown.splitlines()[:LINES]
    console.print(Text.from_ansi("\n".join(lines)))
    return console.export_html(code_format="{code}", inline_styles=True)


def take(page: Page, name: str, height: int) -> None:
    """Write the upper part of a page, in 128 colors."""
    page.wait_for_timeout(1500)  # charts are drawn once their points are here
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height}
    picture = Image.open(io.BytesIO(page.screenshot(clip=clip, full_page=True))).convert("RGB")
    path = FOLDER / f"{name}.png"
    picture.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
