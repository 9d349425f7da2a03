"""The local server under its old path; see `contexta.web`."""

from contexta.surfaces.http.serializers import (
    environment_diff_payload,
    error_envelope,
    reproducibility_payload,
    run_summary_payload,
    to_jsonable,
)
from contexta.surfaces.http.server import ContextaRequestHandler, make_server, serve

__all__ = [
    "ContextaRequestHandler",
    "environment_diff_payload",
    "error_envelope",
    "make_server",
    "reproducibility_payload",
    "run_summary_payload",
    "serve",
    "to_jsonable",
]
