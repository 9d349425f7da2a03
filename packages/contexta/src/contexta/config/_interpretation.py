"""Policies of the interpretation services."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from contexta.config._model import ConfigModel
from contexta.config._types import Flag, Names, Number, Whole

Selection = Literal["latest", "max", "min", "mean"]
Severity = Literal["info", "warning", "error"]
Positive = Annotated[Whole, Field(ge=1)]


class ComparisonPolicy(ConfigModel):
    """How two runs are compared.

    Attributes:
        metric_selection: which value of a series stands for the run.
        include_unchanged_metrics: list metrics that are equal on both sides.
        missing_stage_severity: severity of the note on a stage that one side lacks.
    """

    section: ClassVar[str] = "interpretation.comparison"

    metric_selection: Selection = "latest"
    include_unchanged_metrics: Flag = False
    missing_stage_severity: Severity = "warning"


class DiagnosticsPolicy(ConfigModel):
    """Which findings the diagnosis of a run reports.

    Attributes:
        require_metrics_for_completed_stages: report completed stages without metrics.
        detect_degraded_records: report records marked as degraded.
        expected_terminal_stage_names: report a completed run that has none of these.
    """

    section: ClassVar[str] = "interpretation.diagnostics"

    require_metrics_for_completed_stages: Flag = True
    detect_degraded_records: Flag = True
    expected_terminal_stage_names: Names = ()


class ReportPolicy(ConfigModel):
    """Which sections reports contain.

    Attributes:
        include_completeness_notes: say what is known to be missing.
        include_lineage_summary: summarize what the subject was made from.
        include_evidence_summary: list the records behind the numbers.
    """

    section: ClassVar[str] = "interpretation.reports"

    include_completeness_notes: Flag = True
    include_lineage_summary: Flag = True
    include_evidence_summary: Flag = True


class SearchPolicy(ConfigModel):
    """How text search behaves.

    Attributes:
        default_limit: number of hits when a call names none.
        text_match_fields: fields of a run that are searched.
        case_sensitive: compare with case.
    """

    section: ClassVar[str] = "interpretation.search"

    default_limit: Positive = 50
    text_match_fields: Names = ("name", "tags", "status")
    case_sensitive: Flag = False


class TrendPolicy(ConfigModel):
    """How a metric is followed over runs.

    Attributes:
        default_window_runs: number of latest runs when a call names none.
        metric_aggregation: which value of a series stands for the run; also used by
            alerts and aggregation.
    """

    section: ClassVar[str] = "interpretation.trend"

    default_window_runs: Positive = 20
    metric_aggregation: Selection = "latest"


class AnomalyPolicy(ConfigModel):
    """When a metric of a run counts as anomalous.

    Attributes:
        z_score_threshold: distance from the baseline mean in standard deviations, > 0.
        min_baseline_runs: fewer earlier runs than this give no verdict.
        monitored_metrics: metric keys to check; empty means all.
    """

    section: ClassVar[str] = "interpretation.anomaly"

    z_score_threshold: Annotated[Number, Field(gt=0)] = 2.5
    min_baseline_runs: Positive = 3
    monitored_metrics: Names = ()


class AlertPolicy(ConfigModel):
    """How alert rules are evaluated.

    Attributes:
        stop_on_first_trigger: skip the remaining rules once one has triggered.
        default_severity: severity of a rule that names none.
    """

    section: ClassVar[str] = "interpretation.alert"

    stop_on_first_trigger: Flag = False
    default_severity: Severity = "warning"


class InterpretationConfig(ConfigModel):
    """Policies of comparison, diagnostics, reports, search, trends, anomalies and alerts."""

    section: ClassVar[str] = "interpretation"

    comparison: ComparisonPolicy = Field(default_factory=ComparisonPolicy)
    diagnostics: DiagnosticsPolicy = Field(default_factory=DiagnosticsPolicy)
    reports: ReportPolicy = Field(default_factory=ReportPolicy)
    search: SearchPolicy = Field(default_factory=SearchPolicy)
    trend: TrendPolicy = Field(default_factory=TrendPolicy)
    anomaly: AnomalyPolicy = Field(default_factory=AnomalyPolicy)
    alert: AlertPolicy = Field(default_factory=AlertPolicy)
