"""Read the JSON of `contexta run show`."""


def shown_series(snapshot):
    """Return (stage, key) -> (count, last step, last value) of the metrics of a run."""
    return {
        ((one["stage_id"] or "").rpartition(".")[2], one["metric_key"]): (
            one["count"],
            one["last_step"],
            one["last"],
        )
        for one in snapshot["metrics"]
    }


def shown_kinds(snapshot):
    """Return the kinds of the artifacts of a run."""
    return {one["kind"] for one in snapshot["artifacts"]}
