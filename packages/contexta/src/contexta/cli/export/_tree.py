"""``contexta export``: the group, with one group of tables for each form of file."""

import click

from contexta.cli._group import LazyGroup, global_options
from contexta.cli.export._html import html
from contexta.cli.export._kinds import KINDS
from contexta.cli.export._table import table_command

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_FORMS = {
    "csv": "Tables as CSV, with nothing in it that a spreadsheet would run.",
    "jsonl": "Tables as JSON lines, one object a row.",
    "parquet": "Tables as Parquet files.",
}


@click.group("export", cls=LazyGroup, context_settings=_CONTEXT)
@global_options
def export() -> None:
    """Write answers as files: CSV, JSON lines, Parquet, HTML."""


def _group(form: str, text: str) -> click.Group:
    group: click.Group = click.group(form, cls=LazyGroup, context_settings=_CONTEXT, help=text)(
        global_options(lambda: None)
    )
    for kind in KINDS:
        group.add_command(table_command(kind, form))
    return group


export.add_command(html)
for _form, _text in _FORMS.items():
    export.add_command(_group(_form, _text))
