"""Statistics as pure functions, for groups of runs and for anything else that has numbers.

Differences are right less left. Values that are NaN or infinite are left out and counted. Too few
values, values that do not vary and values that are too large are answers (``status`` and
``reason`` of a ``Comparison``), not errors. Faulty arguments raise ``ValidationError``
(``statistics_...``). What is random takes a ``seed`` and gives the same result for the same seed.
Each function cites its source.
"""

from contexta.interpretation.statistics._adjust import adjust, benjamini_hochberg, holm
from contexta.interpretation.statistics._bootstrap import (
    BcaTerms,
    bca_terms,
    bootstrap_mean,
    bootstrap_test,
)
from contexta.interpretation.statistics._distributions import (
    normal_cdf,
    normal_quantile,
    regularized_beta,
    t_cdf,
    t_quantile,
    t_sf,
)
from contexta.interpretation.statistics._effect import (
    hedges_g,
    paired_effect,
    relative_change,
    smallest_detectable,
)
from contexta.interpretation.statistics._permutation import permutation_test
from contexta.interpretation.statistics._samples import sample
from contexta.interpretation.statistics._t_tests import (
    paired_t_test,
    prediction_test,
    welch_test,
)
from contexta.interpretation.statistics.models import Comparison, Interval, Sample

__all__ = [
    "BcaTerms",
    "Comparison",
    "Interval",
    "Sample",
    "adjust",
    "bca_terms",
    "benjamini_hochberg",
    "bootstrap_mean",
    "bootstrap_test",
    "hedges_g",
    "holm",
    "normal_cdf",
    "normal_quantile",
    "paired_effect",
    "paired_t_test",
    "permutation_test",
    "prediction_test",
    "regularized_beta",
    "relative_change",
    "sample",
    "smallest_detectable",
    "t_cdf",
    "t_quantile",
    "t_sf",
    "welch_test",
]
