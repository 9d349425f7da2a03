"""Gates: rules that let runs go on, stop them, or say that nobody can tell yet.

``GateService.evaluate`` gives one outcome per rule with its numbers and evidence, an overall
verdict and an exit code (0 pass, 1 fail, 2 cannot tell). Faulty rules raise ``ValidationError``
with all their faults (``gate_...``); values that are missing, or too few, are outcomes, not errors.
"""

from contexta.interpretation.gate._parse import parse_rules
from contexta.interpretation.gate.errors import GateError
from contexta.interpretation.gate.models import GateResult, RuleOutcome
from contexta.interpretation.gate.rules import (
    CompletenessRule,
    GateRule,
    NoErrorsRule,
    NoRegressionRule,
    RequiredArtifactsRule,
    RequiredMetricsRule,
    RequiredStagesRule,
    ThresholdRule,
)
from contexta.interpretation.gate.service import GateService

__all__ = [
    "CompletenessRule",
    "GateError",
    "GateResult",
    "GateRule",
    "GateService",
    "NoErrorsRule",
    "NoRegressionRule",
    "RequiredArtifactsRule",
    "RequiredMetricsRule",
    "RequiredStagesRule",
    "RuleOutcome",
    "ThresholdRule",
    "parse_rules",
]
