"""Errors of aggregate questions."""

from contexta.contract.errors import InterpretationError


class AggregateError(InterpretationError):
    """An engine cannot answer, or the records are not where it was told.

    Codes: ``aggregates_engine_failed`` (the engine's own error is the cause),
    ``aggregates_files_replaced`` (retryable: files were replaced again and again while they were
    read), ``aggregates_records_not_found``, ``aggregates_connection_failed``,
    ``aggregates_needs_query_service``.
    """


__all__ = ["AggregateError"]
