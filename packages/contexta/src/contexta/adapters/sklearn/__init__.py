"""Write fits of scikit-learn into runs: `with autolog(ctx): estimator.fit(x, y)`."""

from contexta.adapters.sklearn._autolog import Autolog, autolog

__all__ = ["Autolog", "autolog"]
