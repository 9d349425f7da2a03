"""What the imports share: options, the map of runs, and the account of what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from contexta.contract.errors import RecordError
from contexta.store.records._receipts import ImportRejection, ImportReport
from contexta.store.records._refs import project_of

MAX_REJECTED = 100_000
_LISTED_REJECTIONS = 1_000


class ImportOptions(NamedTuple):
    """How to import; `runs` maps run values (`project.run`), not references."""

    runs: Mapping[str, str]
    skip_existing: bool
    mark_imported: bool

    @classmethod
    def of(cls, run_ref_map: Mapping[str, str] | None, *, skip: bool, mark: bool) -> ImportOptions:
        """Check and take the arguments of an import.

        Raises:
            ValidationError: `record_store_invalid_run_ref` for a bad reference in the map.
        """
        runs = {}
        for old, new in (run_ref_map or {}).items():
            project_of(str(old))
            project_of(str(new))
            runs[str(old)[4:]] = str(new)[4:]
        return cls(runs, skip, mark)

    def ref(self, text: str) -> str:
        """Return a reference with its run exchanged, when it is or lies inside a mapped run."""
        if not self.runs:
            return text
        kind, _, value = text.partition(":")
        pieces = value.split(".", 2)
        new = self.runs.get(".".join(pieces[:2]))
        if new is None or (kind != "run" and len(pieces) < 3):
            return text
        return ":".join((kind, ".".join((new, *pieces[2:]))))


class Account:
    """Counts of one import."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.read = 0
        self.imported: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.renamed: Counter[str] = Counter()
        self._rejected: list[ImportRejection] = []
        self._rejected_count = 0

    def reject(
        self, source: str, line_number: int, code: str, message: str, ref: str | None = None
    ) -> None:
        """Note a record that is not taken.

        Raises:
            RecordError: `record_import_too_many_rejected`.
        """
        self._rejected_count += 1
        if len(self._rejected) < _LISTED_REJECTIONS:
            self._rejected.append(ImportRejection(source, line_number, code, message[:500], ref))
        if self._rejected_count >= MAX_REJECTED:
            raise RecordError(
                f"The import of {self._source!r} stopped after {MAX_REJECTED} records that could "
                f"not be taken; the first: {self._rejected[0].message}. What was imported before "
                "stays.",
                code="record_import_too_many_rejected",
                details={"path": self._source, "imported": sum(self.imported.values())},
            )

    def report(self) -> ImportReport:
        """Return the public report."""
        return ImportReport(
            self._source,
            self.read,
            self.imported,
            self.skipped,
            tuple(self._rejected),
            self._rejected_count,
            self.lost,
            self.renamed,
        )


def source_invalid(path: object, reason: str, cause: BaseException | None = None) -> RecordError:
    """Build the error of a source that cannot be read at all."""
    return RecordError(
        f"{str(path)!r} cannot be imported: {reason}",
        code="record_import_source_invalid",
        details={"path": str(path)},
        cause=cause,
    )
