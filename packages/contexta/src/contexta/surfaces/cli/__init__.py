"""The command line under its old path; see `contexta.cli`."""

from contexta.surfaces.cli.main import build_parser, main, run_cli

__all__ = ["build_parser", "main", "run_cli"]
