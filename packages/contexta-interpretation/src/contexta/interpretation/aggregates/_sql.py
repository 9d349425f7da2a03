"""The aggregate questions: one SQL text each, for DuckDB and for Spark.

What keeps a text common to both:

* Relations have fixed names. ``contexta_<record type>`` hold records, ``contexta_selected`` the
  runs asked about, with their position and group. Values are bound as ``:name``.
* A value is finite when its magnitude is at most the largest double: that is false for NaN and
  the infinities in both engines. Aggregates look at finite values only, so that neither engine's
  rule for NaN matters.
* Numbers with a fraction are written with an exponent: ``0.25`` is a decimal in both engines,
  ``2.5e-1`` a double.
* Percentiles are built from row numbers with the arithmetic of ``_statistics.percentile``. The
  engines' own percentile functions differ in name and in the last digit.
* ``count(CASE ...)`` instead of a sum of ones, which DuckDB widens to 128 bits.
* "The last" is by time observed, then by sequence, as row numbers: ``max_by`` leaves ties open.
* Nothing is sorted by a column that can be null, for the engines put nulls at different ends.
"""

# ruff: noqa: S608 - only constants are pasted; what callers give is bound

from __future__ import annotations

from contexta.interpretation._sealed_duckdb import LARGEST

# The points asked for, of the selected runs. Stage '' means the run itself.
_POINTS = f"""
points AS (
    SELECT s.position, s.group_name, p.run_ref,
           coalesce(p.stage_execution_ref, '') AS stage_ref, p.metric_key,
           p.sequence, p.observed_at, p.step, p.value,
           abs(p.value) <= {LARGEST} AS is_finite
    FROM contexta_metric p
    JOIN contexta_selected s ON s.run_ref = p.run_ref
    WHERE CAST(:metric_key AS STRING) IS NULL OR p.metric_key = CAST(:metric_key AS STRING)
)"""

# One row per run, stage and metric.
_SERIES = """
ranked AS (
    SELECT points.*,
           row_number() OVER (PARTITION BY run_ref, stage_ref, metric_key
                              ORDER BY observed_at, sequence) AS from_first,
           row_number() OVER (PARTITION BY run_ref, stage_ref, metric_key
                              ORDER BY observed_at DESC, sequence DESC) AS from_last
    FROM points
),
series AS (
    SELECT position, group_name, run_ref, stage_ref, metric_key,
           count(*) AS points,
           count(CASE WHEN is_finite THEN 1 END) AS finite,
           max(CASE WHEN from_first = 1 THEN value END) AS first_value,
           max(CASE WHEN from_last = 1 THEN value END) AS last_value,
           min(CASE WHEN is_finite THEN value END) AS minimum,
           max(CASE WHEN is_finite THEN value END) AS maximum,
           avg(CASE WHEN is_finite THEN value END) AS mean,
           max(CASE WHEN from_last = 1 THEN step END) AS last_step,
           max(CASE WHEN from_last = 1 THEN sequence END) AS last_sequence,
           min(observed_at) AS first_observed_at,
           max(observed_at) AS last_observed_at
    FROM ranked
    GROUP BY position, group_name, run_ref, stage_ref, metric_key
)"""

# The rule of query/metrics.py: the stage asked for; else the run itself; else the stage that was
# observed last (ties: the first by name). `places` counts the stages that have the metric.
_RUN_VALUES = """
named AS (
    SELECT series.*,
           CASE WHEN stage_ref = '' THEN '' ELSE split_part(stage_ref, '.', -1) END AS stage_name
    FROM series
),
placed AS (
    SELECT named.*,
           count(*) OVER (PARTITION BY run_ref, metric_key) AS places,
           row_number() OVER (
               PARTITION BY run_ref, metric_key
               ORDER BY CASE WHEN CAST(:stage AS STRING) IS NULL AND stage_ref = '' THEN 0
                             ELSE 1 END,
                        last_observed_at DESC, stage_ref) AS place
    FROM named
    WHERE CAST(:stage AS STRING) IS NULL
       OR (stage_ref <> ''
           AND stage_name IN (CAST(:stage AS STRING), CAST(:stage_slug AS STRING)))
),
run_values AS (
    SELECT placed.*,
           CASE CAST(:aggregation AS STRING)
               WHEN 'max' THEN maximum
               WHEN 'min' THEN minimum
               WHEN 'mean' THEN mean
               ELSE last_value
           END AS value
    FROM placed
    WHERE place = 1
)"""


def _percentile(share: str) -> str:
    """Interpolate linearly at (n - 1) * share over the rows ``value``, ``place`` (from 0), ``n``.

    Of ``low + (high - low) * fraction``, as ``_statistics.percentile`` computes it.
    """
    low = f"max(CASE WHEN place = floor((n - 1) * {share}) THEN value END)"
    high = f"max(CASE WHEN place = least(floor((n - 1) * {share}) + 1, n - 1) THEN value END)"
    fraction = f"((max(n) - 1) * {share} - floor((max(n) - 1) * {share}))"
    return f"{low} + ({high} - {low}) * {fraction}"


def _spread(*names: str) -> str:
    """Statistics over rows of ``value``, ``place``, ``n`` and ``center``, a mean of the values.

    Deviations are taken from ``center`` and corrected by their own mean: one pass over squares
    would lose all digits when the mean is large. Equal values have variance 0, not a rounding
    error.
    """
    shares = {
        "p5": "5e-2",
        "p25": "2.5e-1",
        "p50": "5e-1",
        "p75": "7.5e-1",
        "p90": "9e-1",
        "p95": "9.5e-1",
        "p99": "9.9e-1",
    }
    deviation = "(value - center)"
    squares = (
        f"greatest(0e0, sum({deviation} * {deviation})"
        f" - sum({deviation}) * sum({deviation}) / count(*))"
    )
    same = "min(value) = max(value)"
    columns = {
        "mean": f"CASE WHEN {same} THEN min(value) ELSE max(center) + avg({deviation}) END",
        "variance": f"CASE WHEN count(*) < 2 THEN NULL WHEN {same} THEN 0e0"
        f" ELSE {squares} / (count(*) - 1) END",
        "std": f"CASE WHEN {same} THEN 0e0 ELSE sqrt({squares} / count(*)) END",
        "minimum": "min(value)",
        "maximum": "max(value)",
        **{name: _percentile(share) for name, share in shares.items()},
    }
    return ",\n           ".join(f"{columns[name]} AS {name}" for name in names)


_PERCENTILES = ("p5", "p25", "p50", "p75", "p90", "p95", "p99")

SUMMARIES = f"""
WITH {_POINTS}, {_SERIES}
SELECT run_ref, stage_ref, metric_key, points, finite, first_value, last_value, minimum, maximum,
       mean, last_step, last_sequence, first_observed_at, last_observed_at
FROM series
ORDER BY position, stage_ref, metric_key
"""

RUN_VALUES = f"""
WITH {_POINTS}, {_SERIES}, {_RUN_VALUES}
SELECT run_ref, stage_ref, value, points, finite, places, last_step, last_sequence,
       last_observed_at
FROM run_values
WHERE value IS NOT NULL
ORDER BY position
"""

# `change` is against the run before it that has the metric; null for the first.
TREND = f"""
WITH {_POINTS}, {_SERIES}, {_RUN_VALUES}
SELECT run_ref, stage_ref, value, value - lag(value) OVER (ORDER BY position) AS change,
       points, finite, places, last_step, last_sequence, last_observed_at
FROM run_values
WHERE value IS NOT NULL
ORDER BY position
"""

STATISTICS = f"""
WITH {_POINTS}, {_SERIES}, {_RUN_VALUES},
counted AS (
    SELECT s.group_name, count(*) AS runs, min(s.position) AS position,
           count(v.run_ref) AS with_metric, count(v.value) AS with_value,
           coalesce(sum(v.points), 0) AS points, coalesce(sum(v.finite), 0) AS finite
    FROM contexta_selected s
    LEFT JOIN run_values v ON v.run_ref = s.run_ref
    GROUP BY s.group_name
),
finite_values AS (
    SELECT group_name, value,
           row_number() OVER (PARTITION BY group_name ORDER BY value) - 1 AS place,
           count(*) OVER (PARTITION BY group_name) AS n,
           avg(value) OVER (PARTITION BY group_name) AS center
    FROM run_values
    WHERE abs(value) <= {LARGEST}
),
spread AS (
    SELECT group_name, count(*) AS n,
           {_spread("mean", "variance", "std", "minimum", "maximum", *_PERCENTILES)}
    FROM finite_values
    GROUP BY group_name
)
SELECT c.group_name, c.runs, c.with_metric, c.with_value, CAST(c.points AS BIGINT) AS points,
       CAST(c.finite AS BIGINT) AS finite, coalesce(spread.n, 0) AS n, spread.mean,
       spread.variance, spread.std, spread.minimum, spread.maximum,
       {", ".join(f"spread.{name}" for name in _PERCENTILES)}
FROM counted c
LEFT JOIN spread ON spread.group_name = c.group_name
ORDER BY c.position
"""

# Of several points of one run and step the one observed last counts. Points without a step
# cannot be placed; each row says how many there are, and without any step one row says it alone.
CURVE = f"""
WITH {_POINTS}, {_SERIES}, {_RUN_VALUES},
curve_points AS (
    SELECT p.group_name, p.step, p.value, p.is_finite,
           row_number() OVER (PARTITION BY p.run_ref, p.step
                              ORDER BY p.observed_at DESC, p.sequence DESC) AS from_last
    FROM points p
    JOIN run_values v ON v.run_ref = p.run_ref AND v.stage_ref = p.stage_ref
                     AND v.metric_key = p.metric_key
),
stepless AS (
    SELECT count(*) AS without_step FROM curve_points WHERE step IS NULL
),
steps AS (
    SELECT group_name, step, count(*) AS runs
    FROM curve_points
    WHERE step IS NOT NULL AND from_last = 1
    GROUP BY group_name, step
),
finite_values AS (
    SELECT group_name, step, value,
           row_number() OVER (PARTITION BY group_name, step ORDER BY value) - 1 AS place,
           count(*) OVER (PARTITION BY group_name, step) AS n,
           avg(value) OVER (PARTITION BY group_name, step) AS center
    FROM curve_points
    WHERE step IS NOT NULL AND from_last = 1 AND is_finite
),
spread AS (
    SELECT group_name, step, count(*) AS n,
           {_spread("mean", "variance", "std", "minimum", "maximum", "p25", "p50", "p75")}
    FROM finite_values
    GROUP BY group_name, step
)
SELECT stepless.without_step, coalesce(steps.group_name, '') AS group_name, steps.step,
       coalesce(steps.runs, 0) AS runs, coalesce(spread.n, 0) AS n, spread.mean, spread.variance,
       spread.std, spread.minimum, spread.maximum, spread.p25, spread.p50, spread.p75
FROM stepless
LEFT JOIN steps ON 1 = 1
LEFT JOIN spread ON spread.group_name = steps.group_name AND spread.step = steps.step
ORDER BY coalesce(steps.group_name, ''), coalesce(steps.step, 0)
"""

_MARKED = """count(CASE WHEN r.degradation_marker <> 'none' THEN 1 END) AS degraded,
           count(CASE WHEN r.completeness_marker <> 'complete' THEN 1 END) AS incomplete"""


def _count_of(record_type: str, nonfinite: str) -> str:
    return f"""
    SELECT '{record_type}' AS record_type, s.position, s.run_ref, count(*) AS records,
           {nonfinite} AS nonfinite,
           {_MARKED}
    FROM contexta_{record_type} r
    JOIN contexta_selected s ON s.run_ref = r.run_ref
    GROUP BY s.position, s.run_ref"""


_NONFINITE = f"count(CASE WHEN abs(r.value) <= {LARGEST} THEN NULL ELSE 1 END)"

COUNTS = f"""
WITH counted AS ({_count_of("metric", _NONFINITE)}
    UNION ALL {_count_of("event", "CAST(0 AS BIGINT)")}
    UNION ALL {_count_of("span", "CAST(0 AS BIGINT)")}
    UNION ALL {_count_of("degraded", "CAST(0 AS BIGINT)")}
)
SELECT run_ref, record_type, records, nonfinite, degraded, incomplete
FROM counted
ORDER BY position, record_type
"""


def _first_of(record_type: str) -> str:
    return f"""
    SELECT run_ref, min(observed_at) AS first_at
    FROM contexta_{record_type}
    WHERE CAST(:project AS STRING) IS NULL
       OR split_part(substr(run_ref, 5), '.', 1) = CAST(:project AS STRING)
    GROUP BY run_ref"""


# The runs that have records, by their first one: what is known of runs without the ledger.
RUNS = f"""
WITH firsts AS ({_first_of("metric")}
    UNION ALL {_first_of("event")}
    UNION ALL {_first_of("span")}
    UNION ALL {_first_of("degraded")}
)
SELECT run_ref, min(first_at) AS first_observed_at
FROM firsts
GROUP BY run_ref
ORDER BY first_observed_at, run_ref
"""
