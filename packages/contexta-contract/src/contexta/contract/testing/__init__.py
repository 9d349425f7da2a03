"""Help for tests of programs that use the schema.

``contexta.contract.testing.builders`` makes valid objects with one call each;
``contexta.contract.testing.strategies`` are Hypothesis strategies for every model, and the only
place that imports Hypothesis.
"""
