"""The payload shapes of the JSON routes under their old path."""

from contexta.web._payloads import (
    environment_diff_payload,
    error_envelope,
    reproducibility_payload,
    run_summary_payload,
    to_jsonable,
)

__all__ = [
    "environment_diff_payload",
    "error_envelope",
    "reproducibility_payload",
    "run_summary_payload",
    "to_jsonable",
]
