"""Ask the records of a workspace with Spark in local mode; the page how-to/spark shows this code.

Run it in a folder that has a `.contexta/`, with pyspark and a Java runtime installed.
"""

from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.session.timeZone", "UTC")
    .getOrCreate()
)
records = Path(".contexta/records")


def read(record_type):
    """List until Spark has seen what is there: it drops what a compaction replaces meanwhile."""
    while True:
        there = {part.name for part in (records / record_type).glob("*/*.parquet")}
        frame = spark.read.parquet(f"{records / record_type}")  # project=… becomes a column
        if there <= {url.rpartition("/")[2] for url in frame.inputFiles()}:
            return frame


metrics = read("metric")
metrics.createOrReplaceTempView("metrics")

# The last value of each metric of each run.
last = spark.sql("""
    SELECT run_ref, metric_key, max_by(value, sequence) AS last, count(*) AS points
    FROM metrics WHERE project = 'demo' GROUP BY ALL ORDER BY ALL
""")
last.show(truncate=False)

# Two runs side by side.
wide = last.groupBy("metric_key").pivot("run_ref").agg(f.first("last"))
wide.withColumn("change", f.col("`run:demo.train-2`") - f.col("`run:demo.train`")).show()

# A metric over time.
minutes = f.window("observed_at", "1 minute")
metrics.where("metric_key = 'loss'").groupBy("run_ref", minutes).agg(f.avg("value")).show()

# Events by level, and what is missing.
read("event").groupBy("level", "event_key").count().show()
degraded = read("degraded")
degraded.select("run_ref", "severity", "issue_key", "summary").show(truncate=False)

# Join with the parameters of the runs.
from contexta.store.metadata import MetadataStore, MetadataStoreConfig  # noqa: E402

config = MetadataStoreConfig(database_path=f"{records}/../metadata/ledger.sqlite", read_only=True)
with MetadataStore(config) as ledger:
    rows = ledger.duckdb.query_all("SELECT run_ref, number FROM run_params WHERE key = 'rate'")
rates = spark.createDataFrame(list(rows), "run_ref string, rate double")
last.join(rates, "run_ref").where("metric_key = 'loss'").show(truncate=False)

spark.stop()
