"""The services of the facade: built once, over one query service, with the configured policy."""

import pytest

SERVICES = (
    "aggregate_service",
    "aggregation_service",
    "alert_service",
    "anomaly_service",
    "change_service",
    "compare_service",
    "diagnostics_service",
    "gate_service",
    "group_service",
    "lineage_service",
    "provenance_service",
    "trend_service",
)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_built_once_over_the_query_service(ctx, name):
    """The same object each time, asking what the facade asks."""
    service = getattr(ctx, name)

    assert (service, ctx.query_service) == (getattr(ctx, name), service.query_service)


def test_the_anomaly_service_follows_the_configuration(open_ctx):
    """Threshold, smallest baseline and monitored metrics are those of the settings."""
    policy = {"z_score_threshold": 3.5, "min_baseline_runs": 7, "monitored_metrics": ["loss"]}

    config = open_ctx(config={"interpretation": {"anomaly": policy}}).anomaly_service.config

    assert (3.5, 7, ("loss",)) == (
        config.z_score_threshold,
        config.min_baseline_runs,
        config.monitored_metrics,
    )


def test_the_aggregation_service_takes_the_value_that_trends_take(open_ctx):
    """One setting decides which value of a run counts."""
    ctx = open_ctx(config={"interpretation": {"trend": {"metric_aggregation": "max"}}})

    actual = ctx.aggregation_service.metric_aggregation

    assert "max" == actual
