"""Results as notebooks show them: a card of HTML, or a few words.

``view_of`` says what there is to show of a result, or of several of one kind such as the runs of
a list; ``to_html`` writes it as an ``<article>`` with its own style, charts and nothing that is
loaded from elsewhere; ``to_text`` says it in plain words. All are ``None`` for what is no result,
and for results that have no better form than their ``repr``.

This is what ``_repr_html_`` and the plain text of IPython are made of.
"""

from contexta.interpretation.fragments._render import to_html, to_text, view_of
from contexta.interpretation.reports._fragment import FragmentView

__all__ = ["FragmentView", "to_html", "to_text", "view_of"]
