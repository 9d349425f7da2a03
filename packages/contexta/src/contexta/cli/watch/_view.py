"""A look at a run as lines for a terminal."""

from collections.abc import Iterator
from dataclasses import replace

from contexta.cli._draw import Column, Curve, Pen, Styled, severity, sparkline, status, table
from contexta.cli._text import one_line, width_of
from contexta.cli._values import duration, elapsed, number
from contexta.cli._words import counted
from contexta.cli.watch._look import Look, MetricLook
from contexta.interpretation.instants import seconds_of

_LEVELS = {"warning": "warning", "error": "error", "critical": "error"}
_LEAST_METRICS, _MOST_EVENTS = 3, 6
_BAR = 30
_WIDE = 100
# Bars of a curve: at most, and so few that it takes what is left; what the other columns take.
_BARS, _SHORT, _OTHERS = 40, 24, 84


def lines(look: Look, pen: Pen, height: int | None = None) -> list[str]:
    """Draw a look; with a height, so that it fits: fewer events, then fewer metrics."""
    top = [*_head(look, pen), *_stages(look, pen), *_progress(look, pen)]
    if height is None:
        events, metrics = _MOST_EVENTS, len(look.metrics)
    else:
        # Title, gap and "more" lines of both parts.
        room = max(height - len(top) - 6, _LEAST_METRICS)
        events = min(len(look.events), _MOST_EVENTS, max(room // 3, 1))
        metrics = max(room - events, _LEAST_METRICS)
    return [*top, *_metrics(look, pen, metrics), *_events(look, pen, events)]


def _head(look: Look, pen: Pen) -> Iterator[str]:
    run = look.run
    shown = status(run.status, pen)
    name = "" if run.run_id.endswith(f".{run.name}") else f"  {one_line(run.name, 40)}"
    text = pen.paint(str(shown.text), shown.style)
    yield f"{text}  {pen.paint(one_line(run.run_id, 80), 'bold')}{name}"
    if look.over:
        # Nobody wrote down when a run ended whose process died.
        took = f"took {elapsed(run.started_at, run.ended_at)}" if run.ended_at else ""
    else:
        since = seconds_of(run.started_at)
        took = "" if since is None else f"for {duration(max(pen.now - since, 0.0))}"
    started = f"started {pen.when(run.started_at)}"
    yield pen.paint(", ".join(part for part in (started, took) if part), "dim")


def _stages(look: Look, pen: Pen) -> Iterator[str]:
    """The stages one after the other; the oldest are left out where the line ends."""
    pieces = []
    for stage in look.stages:
        shown = status(stage.status, replace(pen, color=False))
        sign, _, word = str(shown.text).rpartition(" ")
        took = elapsed(stage.started_at, stage.ended_at) if stage.ended_at else ""
        # The sign is enough where the status of the run beside it has sign and word.
        parts = (sign or word, one_line(stage.name, 30), took)
        plain = " ".join(part for part in parts if part)
        pieces.append((plain, pen.paint(plain, shown.style)))
    if not pieces:
        return
    room = (pen.width or 10_000) - 2
    kept: list[str] = []
    for plain, painted in reversed(pieces):
        room -= width_of(plain) + 3
        if room < 0 and kept:
            kept.append("…" if pen.fancy else "...")
            break
        kept.append(painted)
    yield (" → " if pen.fancy else " > ").join(reversed(kept))


def _progress(look: Look, pen: Pen) -> Iterator[str]:
    step, planned = look.step, look.planned
    if step is None:
        return
    if planned is None:
        yield f"step {step}"
        return
    name, total = planned
    # Steps count from 0 or from 1; nobody says which, so the last one of either is the end.
    share = min(step / max(total - 1, 1), 1.0) if step < total else 1.0
    full, empty = ("█", "░") if pen.fancy else ("#", ".")
    words, source = f"step {step} of {total}", f"(param {name})"
    room = (pen.width or 200) - len(words) - len(source) - 10
    size = min(max(room, 6), _BAR)
    done = int(share * size)
    bar = f"{pen.paint(full * done, 'good')}{pen.paint(empty * (size - done), 'dim')}"
    yield f"{words}  {bar} {share:.0%}  {pen.paint(source, 'dim')}"


def _metrics(look: Look, pen: Pen, most: int) -> Iterator[str]:
    yield ""
    if not look.metrics:
        yield pen.paint("no metrics yet", "dim")
        return
    shown = look.metrics
    if len(shown) > most:
        # The ones that move, in the order in which all are listed.
        places = sorted(
            range(len(shown)), key=lambda place: shown[place].observed_at or "", reverse=True
        )
        shown = tuple(look.metrics[place] for place in sorted(places[:most]))
    heads = [
        Column("METRIC", keep=True),
        Column("LAST", right=True),
        Column("CURVE"),
        Column("MIN", right=True),
        Column("MAX", right=True),
        Column("STEP", right=True),
        Column("POINTS", right=True),
    ]
    # Where there is little room, the step above the table is enough.
    few = -2 if pen.width is not None and pen.width < _WIDE else None
    yield from table(heads[:few], [_metric(one, pen)[:few] for one in shown], pen)
    if len(shown) < len(look.metrics):
        yield pen.paint(f"({counted(len(look.metrics) - len(shown), 'more metric')})", "dim")


def _metric(one: MetricLook, pen: Pen) -> tuple[object, ...]:
    unit = "" if one.unit is None else f" {one_line(one.unit, 10)}"
    last = Styled(f"{number(one.last)}{unit}", "bold") if one.last == one.last else one.last
    curve: object = ""
    if len(one.curve) > 1:
        bars = min((pen.width or _WIDE) - _OTHERS, _BARS)
        # A short one is as wide as there is room.
        long = bars > _SHORT
        curve = Styled(sparkline(one.curve, pen, bars), "info") if long else Curve(one.curve)
    return (one.label, last, curve, one.minimum, one.maximum, one.step, one.count)


def _events(look: Look, pen: Pen, most: int) -> Iterator[str]:
    if not look.events or most < 1:
        return
    yield ""
    rows = []
    for event in look.events[-most:]:
        level = str(event.payload.get("level") or "info")
        told = severity(level) if level in _LEVELS else Styled(level, "dim")
        when = Styled(event.observed_at[11:19], "dim")
        rows.append((when, told, event.key, event.message))
    yield from table([Column("TIME UTC", right=True), "LEVEL", "EVENT", "MESSAGE"], rows, pen)
    if len(rows) < look.event_count:
        yield pen.paint(f"({counted(look.event_count - len(rows), 'earlier event')})", "dim")
