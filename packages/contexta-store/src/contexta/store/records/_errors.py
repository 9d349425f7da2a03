"""Errors of the record plane that carry more than their message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contexta.contract.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contexta.store.records._models import AppendResult
    from contexta.store.records._receipts import BulkReceipt


class AppendError(RecordError):
    """An append stopped half-way.

    `partial_result` lists exactly what was accepted and what was rejected before the failure,
    so that a caller can retry the rest and nothing else. `retryable` is True when the same
    handle can work again, for example once the disk has space. Of a bulk append,
    `partial_receipt` says the same in ranges of numbers.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "record_append_error",
        partial_result: AppendResult | None = None,
        details: Mapping[str, Any] | None = None,
        retryable: bool = False,
        cause: BaseException | None = None,
    ) -> None:
        super().__init__(message, code=code, details=details, retryable=retryable, cause=cause)
        self.partial_result = partial_result
        self.partial_receipt: BulkReceipt | None = None


class ReplayError(RecordError):
    """A strict replay met damage that its filter touches."""
