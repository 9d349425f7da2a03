from contexta.export import ready_document
from contexta.interpretation.reports import ReportDocument, ReportSection, ReportTable

SECRET = "ghp_" + "a" * 36


def test_reports_hide_secrets_by_name_and_by_shape(ctx_with):
    """Numbers under such a name are counts, and stay."""
    table = ReportTable(
        ("Param", "Value"), (("api_key", "hunter2"), ("max_tokens", "7"), ("x", SECRET))
    )
    document = ReportDocument("R", (ReportSection("S", f"body {SECRET}", tables=(table,)),))

    hidden = ready_document(document, ctx_with().config)
    shown = ready_document(document, ctx_with(security={"redaction_mode": "off"}).config)

    assert (("api_key", "[redacted]"), ("max_tokens", "7"), ("x", "[redacted]")) == (
        hidden.sections[0].tables[0].rows
    )
    assert "body [redacted]" == hidden.sections[0].body
    assert document == shown


def test_charts_can_be_left_out(ctx, ctx_with):
    """``surfaces.export.html_inline_charts``."""
    document = ctx.build_snapshot_report("night-0")
    bare = ctx_with(surfaces={"export": {"html_inline_charts": False}})

    assert "<svg" in ready_document(document, ctx.config).to_html(full=True)
    assert "<svg" not in ready_document(document, bare.config).to_html(full=True)
