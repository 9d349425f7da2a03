"""`NotebookSurface` under its old path; see `contexta.notebook`."""

from contexta.notebook import NotebookSurface

__all__ = ["NotebookSurface"]
