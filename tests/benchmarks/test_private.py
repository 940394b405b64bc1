"""The page of the benchmark of differential privacy, and the attack of its audit."""

from __future__ import annotations

import numpy as np

from benchmarks.private import table
from benchmarks.private_audit import proven_epsilon, sentence


def test_table_has_a_row_an_epsilon_public_domains_first() -> None:
    figures = {"shape_err": 1.0, "trend_err": 2.0, "mle": 0.9, "mle_real": 0.93, "c2st_xgb": 0.5}
    result = {
        "date": "2026-01-01T00:00:00+00:00",
        "data_set": "adult",
        "domains": "public",
        "epsilon": 1.0,
        "seed": 0,
        "seconds": 40.0,
        "figures": figures,
        "machine": {"cpu": "a CPU", "cores": 2},
    }
    results = [
        {**result, "domains": "bought"},
        {**result, "epsilon": 0.5},
        result,
        {**result, "seed": 1, "figures": {**figures, "trend_err": 3.0}},
        {**result, "method": "mst"},
    ]
    lines = table(results).splitlines()
    assert (
        lines[2]
        == "| adult | **synthwgan** | public | 0.5 | 1 | 1.00 | 2.00 | 0.900 | 0.930 | 0.500 | 40 |"
    )
    assert (
        lines[3]
        == "| adult | **synthwgan** | public | 1 | 2 | 1.00 | 2.50 | 0.900 | 0.930 | 0.500 | 40 |"
    )
    assert lines[4].startswith("| adult | **synthwgan** | bought | 1 |")
    assert lines[5].startswith("| adult | MST (dpmm) | public | 1 | 1 |")


def test_an_attack_proves_what_scores_give_away() -> None:
    rng = np.random.default_rng(0)
    same, other = rng.normal(size=(2, 1000))
    assert proven_epsilon(same, other) < 0.2
    assert proven_epsilon(same + 3, other) > 2
    found = {"fits": 1000, "epsilon": 1.0, "delta": 0.01, "proven": 0.4}
    told = sentence({**found, "proven_with_a_third_of_the_noise": 2.5})
    assert "1,000 fits" in told
    assert "at least 0.40. With a third of the noise it proves at least 2.50" in told
    assert "finds the fault" in told
    weak = sentence({**found, "proven_with_a_third_of_the_noise": -0.1})
    assert "at least 0.00, so the attack is too weak" in weak
