"""Real against synthetic: how close one table is to the other."""

from synthwgan.evaluation.comparison import Comparison, compare
from synthwgan.evaluation.distances import jensen_shannon, kl_divergence, wasserstein
from synthwgan.evaluation.evaluate import evaluate
from synthwgan.evaluation.inputs import Tables
from synthwgan.evaluation.measures import Measure, Section
from synthwgan.evaluation.quality import QualityScore, quality_score, sdmetrics_metadata
from synthwgan.evaluation.report import Report
from synthwgan.evaluation.scorer import make_scorer
from synthwgan.evaluation.sections.manifold import ManifoldScores, manifold_scores

__all__ = [
    "Comparison",
    "ManifoldScores",
    "Measure",
    "QualityScore",
    "Report",
    "Section",
    "Tables",
    "compare",
    "evaluate",
    "jensen_shannon",
    "kl_divergence",
    "make_scorer",
    "manifold_scores",
    "quality_score",
    "sdmetrics_metadata",
    "wasserstein",
]
