"""Train two models on the wine data under capture, then ask the workspace about them.

Run it with ``python docs/examples/wine.py [--workspace DIR]``. It needs contexta,
scikit-learn, DuckDB, Polars and pandas, and no network: the data ships with scikit-learn.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from contexta import Contexta

SEED = 7
MODELS = {
    "svm": (
        make_pipeline(StandardScaler(), CalibratedClassifierCV(SVC(C=2.0), ensemble=False)),
        {"model": "svm", "C": 2.0, "kernel": "rbf", "calibrated": True, "seed": SEED},
    ),
    "random-forest": (
        RandomForestClassifier(n_estimators=200, max_depth=6, random_state=SEED),
        {"model": "random-forest", "n_estimators": 200, "max_depth": 6, "seed": SEED},
    ),
}


def train(ctx: Contexta, name: str) -> str:
    """Cross-validate one model, log each fold, keep the final model; return the run's ref."""
    estimator, params = MODELS[name]
    data = load_wine()
    folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=SEED)
    with ctx.run(name, params=params, tags={"data": "wine"}, dataset_ref="sklearn:wine") as run:
        with run.stage("cross-validate") as stage:
            scores = []
            for fold, (seen, held_out) in enumerate(folds.split(data.data, data.target)):
                started = time.perf_counter()
                model = clone(estimator).fit(data.data[seen], data.target[seen])
                guess = model.predict(data.data[held_out])
                chances = model.predict_proba(data.data[held_out])
                scores.append(accuracy_score(data.target[held_out], guess))
                stage.log(
                    {
                        "accuracy": scores[-1],
                        "f1_macro": f1_score(data.target[held_out], guess, average="macro"),
                        "log_loss": log_loss(data.target[held_out], chances),
                        "fit_seconds": time.perf_counter() - started,
                    },
                    step=fold,
                )
        run.metric("cv_accuracy", sum(scores) / len(scores), aggregation_scope="run")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.pkl"
            path.write_bytes(pickle.dumps(clone(estimator).fit(data.data, data.target)))
            run.register_artifact("model_bundle", path)
    return run.ref


def compare(ctx: Contexta, left: str, right: str) -> None:
    """Print the comparison of two runs and name the better one."""
    comparison = ctx.compare_runs(left, right)
    print(f"\n{comparison.summary}\n")
    print(f"{'stage':<16}{'metric':<14}{'svm':>10}{'forest':>10}{'change':>10}")
    for stage in comparison.stage_comparisons:
        for row in stage.metric_deltas:
            where = stage.stage_name or "(run)"
            print(
                f"{where:<16}{row.metric_key:<14}{row.left_value:>10.4f}"
                f"{row.right_value:>10.4f}{row.delta:>+10.4f}"
            )
    best = ctx.select_best_run([left, right], "cv_accuracy")
    print(f"\nBest by cv_accuracy: {best}")
    for point in ctx.get_step_series(best, "accuracy", stage_name="cross-validate").points:
        bar = "#" * round(40 * point.value)
        print(f"  fold {point.step:.0f}  accuracy {point.value:.4f}  {bar}")


def read_with_other_tools(workspace: Path) -> None:
    """Read the same records with DuckDB, Polars and pandas, straight from the Parquet files."""
    glob = f"{workspace}/records/metric/*/*.parquet"
    print("\nDuckDB, mean over the folds:")
    duckdb.sql(
        f"""
        SELECT run_ref, metric_key, count(*) AS folds, round(avg(value), 4) AS mean
        FROM read_parquet('{glob}', hive_partitioning = true)
        WHERE step IS NOT NULL GROUP BY ALL ORDER BY ALL
        """
    ).show()
    frame = pl.scan_parquet(glob, hive_partitioning=True)
    worst = frame.filter(pl.col("metric_key") == "accuracy").group_by("run_ref")
    print("Polars, worst fold:")
    print(worst.agg(pl.col("value").min()).sort("run_ref").collect())
    table = pd.read_parquet(f"{workspace}/records/metric")
    print("\npandas, last values:")
    print(table.groupby(["run_ref", "metric_key"])["value"].last().unstack().round(4))


def main() -> None:
    """Train, compare, report, and read the records back with three other tools."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workspace", default="wine-demo/.contexta", type=Path)
    workspace = parser.parse_args().workspace.resolve()
    with Contexta(workspace=workspace, config={"project_name": "wine"}) as ctx:
        svm, forest = train(ctx, "svm"), train(ctx, "random-forest")
        for listed in ctx.list_runs("wine"):
            print(f"{listed.run_id:<28}{listed.status:<12}{listed.started_at}")
        compare(ctx, svm, forest)
        report = ctx.build_run_report(svm, forest)
        snapshot = ctx.build_snapshot_report(forest)
        folder = workspace / "reports"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "forest.html").write_text(snapshot.to_html(full=True), encoding="utf-8")
        (folder / "comparison.html").write_text(report.to_html(full=True), encoding="utf-8")
    read_with_other_tools(workspace)
    print(f"\nWorkspace:   {workspace}")
    print(f"Run report:  {folder / 'forest.html'}")
    print(f"Comparison:  {folder / 'comparison.html'}")


if __name__ == "__main__":
    main()
