"""What diagnosing looks for."""

from __future__ import annotations

from dataclasses import dataclass

from contexta.contract.errors import ValidationError
from contexta.interpretation._base import Result


@dataclass(frozen=True, slots=True)
class DiagnosticsPolicy(Result):
    """Settings of ``DiagnosticsService``.

    ``expected_terminal_stage_names`` is empty by default: which stages a pipeline ends with is
    for its owner to say, a guess would flag every ordinary run.

    Raises:
        ValidationError: a name is blank (``diagnostics_invalid_expected_stage_name``).
    """

    require_metrics_for_completed_stages: bool = True
    detect_degraded_records: bool = True
    expected_terminal_stage_names: tuple[str, ...] = ()

    _sequences = ("expected_terminal_stage_names",)

    def __post_init__(self) -> None:
        """Freeze and check the names."""
        names = tuple(self.expected_terminal_stage_names)
        object.__setattr__(self, "expected_terminal_stage_names", names)
        for name in names:
            if not isinstance(name, str) or not name.strip():
                raise ValidationError(
                    f"expected stage name {name!r} is blank or no text; name a stage or leave "
                    "it out",
                    code="diagnostics_invalid_expected_stage_name",
                    details={"value": str(name)},
                )
