"""Aggregate questions to very many runs: on this machine, or on a Spark cluster.

``AggregateService`` asks for last values, trends, baselines, what comparisons of groups need,
curves over runs, and counts of records. Each question is one SQL text; ``DuckDbEngine`` runs it
over an open record store, ``SparkEngine`` over the Parquet files of a workspace through Spark
Connect. Both give the same answer: counts are equal, floats agree to 1e-12.

Use the other services for one run or a screenful: they answer from the index. Use this one for
questions that touch every point of many runs, and Spark when those outgrow one machine.

Errors: ``AggregateError`` when an engine cannot answer, ``DependencyError`` when pyspark is not
installed, ``ValidationError`` for a bad argument, ``ResolutionError`` for an unknown run.
"""

from contexta.interpretation.aggregates._duckdb import DuckDbEngine
from contexta.interpretation.aggregates._engine import AggregateEngine
from contexta.interpretation.aggregates._spark import SparkEngine
from contexta.interpretation.aggregates.errors import AggregateError
from contexta.interpretation.aggregates.models import (
    AggregateAnswer,
    CurvePoint,
    GroupStatistics,
    RecordCounts,
    RunValue,
    SeriesSummary,
)
from contexta.interpretation.aggregates.service import AggregateService

__all__ = [
    "AggregateAnswer",
    "AggregateEngine",
    "AggregateError",
    "AggregateService",
    "CurvePoint",
    "DuckDbEngine",
    "GroupStatistics",
    "RecordCounts",
    "RunValue",
    "SeriesSummary",
    "SparkEngine",
]
