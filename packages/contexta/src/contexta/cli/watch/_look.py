"""One look at a run: what it is at, its last values and events."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from contexta.interpretation.jsonsafe import jsonable
from contexta.interpretation.protocols import ProblemReader
from contexta.interpretation.query.metrics import metric_summaries

OPEN = "open"
_POINTS = 240
_EVENTS = 50
_CURVES = 40
_STEPS = ("max_steps", "total_steps", "num_steps", "steps", "max_iter", "iterations")


@dataclass(frozen=True, slots=True)
class MetricLook:
    """A metric of a run or stage, and its curve, thinned; empty beyond the first 40 metrics."""

    key: str
    stage: str | None
    count: int
    last: float | None
    minimum: float | None
    maximum: float | None
    step: int | None
    unit: str | None
    observed_at: str | None
    curve: tuple[float, ...] = ()

    @property
    def label(self) -> str:
        """The key, with its stage."""
        return self.key if self.stage is None else f"{self.key}@{self.stage}"


@dataclass(frozen=True, slots=True)
class Look:
    """What a run is at one moment; ``events`` are the last ones, the newest last."""

    run: Any
    stages: tuple[Any, ...]
    metrics: tuple[MetricLook, ...]
    events: tuple[Any, ...]
    event_count: int

    @property
    def over(self) -> bool:
        """Whether the run is."""
        return bool(self.run.status != OPEN)

    @property
    def step(self) -> int | None:
        """The highest step of any metric."""
        return max((one.step for one in self.metrics if one.step is not None), default=None)

    @property
    def planned(self) -> tuple[str, int] | None:
        """The param that says how many steps there will be, and its value."""
        for name in _STEPS:
            value = self.run.params.get(name)
            if type(value) is int and value > 0:
                return name, value
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "run": self.run.to_dict(),
            "stages": [stage.to_dict() for stage in self.stages],
            "metrics": [metric_dict(one) for one in self.metrics],
            "events": [event.to_dict() for event in self.events],
            "event_count": self.event_count,
            "step": self.step,
        }


def metric_dict(one: MetricLook) -> dict[str, Any]:
    """A metric without its curve, as plain data."""
    names = [name for name in MetricLook.__slots__ if name != "curve"]
    plain: dict[str, Any] = jsonable({name: getattr(one, name) for name in names})
    return plain


class Watcher:
    """Looks at a run again and again, and reads again only what has grown.

    Attributes:
        cost: seconds that the last look took.
    """

    def __init__(self, ctx: Any, run_id: str) -> None:
        self._ctx = ctx
        self.run_id: str = ctx.query_service.require_run(run_id).run_id
        self.cost = 0.0
        self._curves: dict[tuple[str, str | None], tuple[int, tuple[float, ...]]] = {}
        self._events: tuple[int, tuple[Any, ...]] = (-1, ())

    def look(self, *, curves: bool = True) -> Look:
        """Look once.

        Raises:
            StoreError: a plane cannot be read.
        """
        began = time.perf_counter()
        # The run first: what is read after its end is whole.
        run = self._ctx.query_service.require_run(self.run_id)
        repository = self._ctx.repository
        stages = tuple(repository.list_stages(self.run_id))
        rows = metric_summaries(repository, [self.run_id])
        metrics = tuple(self._metrics(rows, curves=curves))
        count, events = self._last_events(repository)
        self.cost = time.perf_counter() - began
        return Look(run, stages, metrics, events, count)

    def _metrics(self, rows: Sequence[Any], *, curves: bool) -> Iterator[MetricLook]:
        for place, row in enumerate(rows):
            drawn = curves and place < _CURVES
            yield MetricLook(
                row.metric_key,
                row.stage_name,
                row.count,
                row.last,
                row.minimum,
                row.maximum,
                row.last_step,
                row.unit,
                row.last_observed_at,
                self._curve(row) if drawn else (),
            )

    def _curve(self, row: Any) -> tuple[float, ...]:
        place = (row.metric_key, row.stage_id)
        known = self._curves.get(place)
        if known is not None and known[0] == row.count:
            return known[1]
        series = self._ctx.trend_service.get_step_series(
            self.run_id, row.metric_key, stage_id=row.stage_id, max_points=_POINTS
        )
        values = tuple(point.value for point in series.points)
        self._curves[place] = (row.count, values)
        return values

    def _last_events(self, repository: Any) -> tuple[int, tuple[Any, ...]]:
        if isinstance(repository, ProblemReader):
            count = repository.record_counts(self.run_id).get("event", 0)
            if count == self._events[0]:
                return self._events
        found = repository.list_records(run_id=self.run_id, record_type="event")
        self._events = (len(found), tuple(found[-_EVENTS:]))
        return self._events


def newest_open(ctx: Any) -> str | None:
    """The id of the run that was opened last and is not over."""
    from contexta.interpretation import RunListQuery

    found = ctx.list_runs(query=RunListQuery(status=OPEN, sort_desc=True, limit=1))
    return found[0].run_id if found else None
