"""One module per page: a function that asks the facade and returns what a template shows.

Templates lie in ``web/templates``; ``_render.render`` draws them, ``_macros.html.jinja`` holds
their building blocks, ``_view`` and ``_charts`` what several pages need. Pages hold no arithmetic
of their own: numbers come from the services, with the completeness that stands beside them.
"""

__all__: list[str] = []
