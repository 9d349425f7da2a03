"""How pages become HTML, under its old path; see `contexta.web.pages`."""

from contexta.web.pages._render import render

__all__ = ["render"]
