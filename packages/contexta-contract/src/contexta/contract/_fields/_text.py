"""Text fields: free text, tokens of a grammar, and closed sets."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic_core import core_schema as cs

from contexta.contract._fields._rule import ruled

DOT = r"^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*$"
SNAKE = r"^[a-z][a-z0-9_]*$"
DOTTED = r"^[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)*$"
KEBAB = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"
# No C0 or C1 control characters and no Unicode line separators: one line on every surface.
PRINTABLE = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]+$"


class TextRule:
    """Trimmed, non-blank text, optionally of a grammar."""

    def __init__(
        self,
        code: str = "context_invalid_string",
        *,
        pattern: str | None = None,
        rule: str = "text with at least one visible character",
        hint: str = "pass a non-blank str",
        max_length: int | None = None,
    ) -> None:
        self.code = code
        self.pattern = pattern
        self.rule = rule
        self.hint = hint
        self.max_length = max_length

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Build the native schema."""
        schema = cs.str_schema(
            strict=True,
            strip_whitespace=True,
            min_length=1,
            max_length=self.max_length,
            pattern=self.pattern,
        )
        return ruled(schema, self.code, self.rule, self.hint)


class ChoiceRule:
    """One of a closed set of texts, case-sensitive."""

    def __init__(self, code: str = "record_invalid_marker") -> None:
        self.code = code

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Build the native schema from the ``Literal`` that this rule annotates."""
        allowed = get_args(source)
        shown = ", ".join(allowed)
        schema = cs.literal_schema(list(allowed))
        return ruled(schema, self.code, f"one of {shown}", "use one of them", allowed)


def dotted_key(code: str) -> TextRule:
    """Return the rule of issue keys and slice refs."""
    return TextRule(
        code,
        pattern=DOTTED,
        rule="lower-case words of letters, digits, '-' and '_', separated by dots",
        hint="write it like data-quality.missing_values",
        max_length=255,
    )


def free_key(code: str) -> TextRule:
    """Return the rule of metric and event keys."""
    return TextRule(
        code,
        pattern=PRINTABLE,
        rule="1 to 255 printable characters on one line",
        hint="write it like val_loss or train/loss",
        max_length=255,
    )


def producer(code: str) -> TextRule:
    """Return the rule of producers and policies."""
    return TextRule(
        code,
        pattern=DOT,
        rule="lower-case words of letters, digits and '-', separated by dots",
        hint="write it like sdk.python.local",
        max_length=255,
    )


def snake(code: str) -> TextRule:
    """Return the rule of one-word tokens."""
    return TextRule(
        code,
        pattern=SNAKE,
        rule="a lower-case word of letters, digits and '_'",
        hint="write it like model_bundle",
        max_length=255,
    )


Text = Annotated[str, TextRule()]
Kebab = Annotated[
    str,
    TextRule(
        "context_invalid_component",
        pattern=KEBAB,
        rule="lower-case letters and digits joined by single hyphens, at most 63 characters",
        hint="use contexta.contract.refs.slugify(name) and keep the name as display_name",
        max_length=63,
    ),
]
EventKey = Annotated[str, free_key("record_invalid_event_key")]
MetricKey = Annotated[str, free_key("record_invalid_metric_key")]
IssueKey = Annotated[str, dotted_key("record_invalid_issue_key")]
SliceRef = Annotated[str, dotted_key("record_invalid_slice_ref")]
ProducerRef = Annotated[str, producer("record_invalid_producer_ref")]
ValueType = Annotated[str, snake("record_invalid_value_type")]
SummaryBasis = Annotated[str, snake("record_invalid_summary_basis")]
ArtifactKind = Annotated[str, snake("artifact_invalid_artifact_kind")]
ArtifactProducerRef = Annotated[str, producer("artifact_invalid_producer_ref")]
PolicyRef = Annotated[str, producer("lineage_invalid_policy_ref")]
