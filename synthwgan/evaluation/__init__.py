"""Real against synthetic: how close one table is to the other."""

from synthwgan.evaluation.quality import QualityScore, quality_score, sdmetrics_metadata

__all__ = ["QualityScore", "quality_score", "sdmetrics_metadata"]
