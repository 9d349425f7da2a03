"""Settings of the command line, the local server, HTML, notebooks and exports."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from contexta.config._model import ConfigModel
from contexta.config._types import Delimiter, Flag, Name, Whole


class CLIConfig(ConfigModel):
    """The command line.

    Attributes:
        default_output_format: format when ``--format`` is not given.
        verbosity: how much the commands say about what they do.
        color: color the output when it goes to a terminal.
    """

    section: ClassVar[str] = "surfaces.cli"

    default_output_format: Literal["text", "json"] = "text"
    verbosity: Literal["quiet", "normal", "debug", "forensic"] = "normal"
    color: Flag = True


class HTTPConfig(ConfigModel):
    """The local server.

    Attributes:
        enabled: no effect yet, see ``INERT``.
        host: address to bind; one that is not loopback has a token.
        port: TCP port; 0 takes a free one. `contexta serve http` takes 8080 while nobody sets this.
        open_browser: open the start page once the server runs.
    """

    section: ClassVar[str] = "surfaces.http"

    enabled: Flag = False
    host: Name = "127.0.0.1"
    port: Annotated[Whole, Field(ge=0, le=65535)] = 8765
    open_browser: Flag = False


class HTMLConfig(ConfigModel):
    """HTML pages.

    Attributes:
        enabled: offer HTML output.
        inline_charts: draw charts into the page.
    """

    section: ClassVar[str] = "surfaces.html"

    enabled: Flag = True
    inline_charts: Flag = True


class NotebookConfig(ConfigModel):
    """Notebook output.

    Attributes:
        enabled: offer rich output in notebooks.
    """

    section: ClassVar[str] = "surfaces.notebook"

    enabled: Flag = True


class ExportSurfaceConfig(ConfigModel):
    """Exported files.

    Attributes:
        csv_delimiter: the one character between CSV cells.
        html_inline_charts: draw charts into exported pages.
        include_completeness_notes: say in exports what is known to be missing.
    """

    section: ClassVar[str] = "surfaces.export"

    csv_delimiter: Delimiter = ","
    html_inline_charts: Flag = True
    include_completeness_notes: Flag = True


class SurfaceConfig(ConfigModel):
    """Command line, server, HTML, notebook and export settings."""

    section: ClassVar[str] = "surfaces"

    cli: CLIConfig = Field(default_factory=CLIConfig)
    http: HTTPConfig = Field(default_factory=HTTPConfig)
    html: HTMLConfig = Field(default_factory=HTMLConfig)
    notebook: NotebookConfig = Field(default_factory=NotebookConfig)
    export: ExportSurfaceConfig = Field(default_factory=ExportSurfaceConfig)
