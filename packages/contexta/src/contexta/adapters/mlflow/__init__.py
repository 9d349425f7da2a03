"""Send captured records to MLflow.

`MLflowSink` writes into the MLflow run that you name, that is active, or that it opens for
each run of Contexta in an experiment. With the library itself it batches in the background,
with step, time and stage; with a stand-in that only has MLflow's plain functions it calls
those, one by one.
"""

from contexta.adapters.mlflow._sink import MLflowSink

__all__ = ["MLflowSink"]
