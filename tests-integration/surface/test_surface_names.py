"""Every name of the notebook, the exports, the pages, the sinks and the server."""

import importlib
import inspect

import pytest

NAMES = {
    "contexta.notebook": """
        NotebookFragment NotebookSurface display_metric_trend display_run_comparison
        display_run_snapshot render_html_fragment to_pandas to_polars
        """,
    "contexta.adapters": "dataframes export html mlflow notebook otel",
    "contexta.adapters.export": """
        export_anomaly_csv export_comparison_csv export_run_list_csv export_trend_csv
        """,
    "contexta.adapters.html": """
        DashboardConfig render_html_comparison render_html_dashboard render_html_run_detail
        render_html_run_list render_html_trend render_line_chart render_status_bar
        """,
    "contexta.adapters.dataframes": "FrameAdapterProtocol PandasAdapter PolarsAdapter",
    "contexta.adapters.otel": "OTelSink",
    "contexta.adapters.mlflow": "MLflowSink",
    "contexta.surfaces.cli": "build_parser main run_cli",
}

SAME = {
    "contexta.adapters.notebook": "contexta.notebook",
    "contexta.surfaces.notebook": "contexta.notebook",
    "contexta.surfaces.export": "contexta.adapters.export",
    "contexta.surfaces.export.csv": "contexta.adapters.export",
    "contexta.surfaces.html": "contexta.adapters.html",
}

DEEP = {
    "contexta.surfaces.cli.main": "main run_cli build_parser _resolve_context",
    "contexta.surfaces.http.server": "make_server serve ContextaRequestHandler",
    "contexta.surfaces.http.serializers": """
        to_jsonable run_summary_payload reproducibility_payload environment_diff_payload
        error_envelope
        """,
    "contexta.surfaces.http": """
        to_jsonable run_summary_payload reproducibility_payload environment_diff_payload
        error_envelope
        """,
    "contexta.surfaces.html.renderer": "render_html_run_list render_html_run_detail",
    "contexta.surfaces.html.charts": "DashboardConfig render_line_chart render_status_bar",
    "contexta.surfaces.html.templates": "",
    "contexta.surfaces.notebook.rendering": "NotebookFragment render_html_fragment",
    "contexta.surfaces.notebook.surface": "NotebookSurface",
    "contexta.adapters.otel._sink": "OTelSink",
    "contexta.adapters.mlflow._sink": "MLflowSink",
    "contexta.store.metadata.adapters": "PandasAdapter PolarsAdapter DuckDBAdapter",
}

SIGNATURES = {
    "contexta.adapters.export:export_run_list_csv": "ctx *project_name *query",
    "contexta.adapters.export:export_comparison_csv": "ctx left_run_id right_run_id",
    "contexta.adapters.export:export_trend_csv": """
        ctx metric_key *project_name *stage_name *query
        """,
    "contexta.adapters.export:export_anomaly_csv": """
        ctx run_id *baseline_query *metric_keys *stage_name
        """,
    "contexta.adapters.html:render_html_run_list": "ctx *project_name *query",
    "contexta.adapters.html:render_html_run_detail": "ctx run_id",
    "contexta.adapters.html:render_html_comparison": "ctx left_run_id right_run_id",
    "contexta.adapters.html:render_html_trend": "ctx metric_key *project_name *stage_name *query",
    "contexta.adapters.html:render_html_dashboard": "ctx config",
    "contexta.adapters.html:DashboardConfig": "project_name metric_key stage_name",
    "contexta.adapters.html:render_line_chart": "trend *width *height",
    "contexta.adapters.html:render_status_bar": "distribution",
    "contexta.notebook:display_run_snapshot": "value run_id *display",
    "contexta.notebook:display_run_comparison": "value left_run_id right_run_id *display",
    "contexta.notebook:display_metric_trend": """
        value metric_key *project_name *stage_name *query *display
        """,
    "contexta.notebook:render_html_fragment": "value",
    "contexta.notebook:to_pandas": "value",
    "contexta.notebook:to_polars": "value",
    "contexta.notebook:NotebookSurface.show_run": "self run_id *display",
    "contexta.notebook:NotebookSurface.compare_runs": "self left_run_id right_run_id *display",
    "contexta.notebook:NotebookSurface.show_metric_trend": """
        self metric_key *project_name *stage_name *query *display
        """,
    "contexta.notebook:NotebookSurface.render": "self value",
    "contexta.notebook:NotebookFragment": "html text",
    "contexta.adapters.otel:OTelSink": "*service_name *tracer_provider *meter_provider *name",
    "contexta.adapters.mlflow:MLflowSink": "*run_id *name",
    "contexta.surfaces.http.server:make_server": "contexta host port",
    "contexta.surfaces.cli.main:run_cli": "argv *prog",
}


@pytest.mark.parametrize("module", NAMES)
def test_a_public_module_names_what_it_gives(module):
    """Each name of the table is exported, and is there."""
    found = importlib.import_module(module)

    assert set() == set(NAMES[module].split()) - set(found.__all__)
    assert [] == [name for name in found.__all__ if getattr(found, name, None) is None]


def test_the_notebook_lists_its_names_in_their_order():
    """The order of the names is part of the interface."""
    notebook = importlib.import_module("contexta.notebook")

    assert NAMES["contexta.notebook"].split() == list(notebook.__all__)


@pytest.mark.parametrize("module", SAME)
def test_two_paths_lead_to_the_same_objects(module):
    """Whatever path a script imports from, it gets the same thing."""
    one, other = importlib.import_module(module), importlib.import_module(SAME[module])

    assert [] == [name for name in other.__all__ if getattr(one, name) is not getattr(other, name)]


@pytest.mark.parametrize("module", DEEP)
def test_a_deep_path_of_1_0_still_leads_there(module):
    """Names that scripts reach through inner modules are there."""
    found = importlib.import_module(module)

    assert [] == [name for name in DEEP[module].split() if not hasattr(found, name)]


@pytest.mark.parametrize("path", SIGNATURES)
def test_parameters_have_their_names_and_order(path):
    """Positional parameters are those of the table; more keywords have defaults."""
    module, _, name = path.partition(":")
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    given = inspect.signature(found).parameters.values()
    expected = SIGNATURES[path].split()
    places = [one.name for one in given if one.kind is not one.KEYWORD_ONLY]
    named = {one.name: one.default for one in given if one.kind is one.KEYWORD_ONLY}
    asked = [one for one in expected if not one.startswith("*")]
    keywords = {one[1:] for one in expected if one.startswith("*")}

    assert asked == places[: len(asked)]
    assert set() == keywords - set(named) - set(places[len(asked) :])
    later = {one: default for one, default in named.items() if one not in keywords}
    assert [] == [one for one, default in later.items() if default is inspect.Parameter.empty]
