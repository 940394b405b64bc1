"""The models of the comparison: each learns a data set's training rows and draws rows like them.

A model imports its package when it is made, so that no fit pays for an import and no environment
needs the packages of the others. The peers run at their own defaults and are told the kinds of
the columns where they ask for them.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pandas as pd

from benchmarks.data import Dataset


class Model(Protocol):
    """What a model has to do; `requires` names the packages whose versions matter."""

    requires: tuple[str, ...]

    def fit(self, dataset: Dataset, seed: int) -> None: ...

    def sample(self, n_rows: int) -> pd.DataFrame: ...


class SynthWGAN:
    """The synthesizer of this project."""

    requires = ("synthwgan", "torch")

    def __init__(self, **params: Any) -> None:
        from synthwgan import WGANGPSynthesizer

        self._model = WGANGPSynthesizer().set_params(**params)

    def fit(self, dataset: Dataset, seed: int) -> None:
        self._seed = seed
        self._model.set_params(random_state=seed).fit(dataset.train)

    def sample(self, n_rows: int) -> pd.DataFrame:
        return self._model.sample(n_rows, random_state=self._seed + 1)


class CTGAN:
    """Xu et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019; package ctgan."""

    requires = ("ctgan", "torch")

    def __init__(self, **params: Any) -> None:
        import ctgan

        self._model = getattr(ctgan, type(self).__name__)(**params)

    def fit(self, dataset: Dataset, seed: int) -> None:
        self._model.set_random_state(seed)
        self._model.fit(dataset.train, list(dataset.categorical))

    def sample(self, n_rows: int) -> pd.DataFrame:
        return self._model.sample(n_rows)


class TVAE(CTGAN):
    """The variational autoencoder of the same paper and package."""


class GaussianCopula:
    """The Gaussian copula of the package sdv; its fit draws no random numbers."""

    requires = ("sdv", "copulas")

    def __init__(self, **params: Any) -> None:
        from sdv.metadata import Metadata
        from sdv.single_table import GaussianCopulaSynthesizer

        self._params = params
        self._metadata, self._synthesizer = Metadata, GaussianCopulaSynthesizer

    def fit(self, dataset: Dataset, seed: int) -> None:
        tables = {"tables": {"table": dataset.sdmetrics_metadata}}
        metadata = self._metadata.load_from_dict(tables)
        self._model = self._synthesizer(metadata, **self._params)
        self._model.fit({"table": dataset.train})
        # sample() begins at one fixed seed unless it was set before, and nothing public sets it.
        self._model._set_random_state(seed)

    def sample(self, n_rows: int) -> pd.DataFrame:
        return self._model.sample(n_rows)["table"]


class TabularARGN:
    """Tiwald et al., "TabularARGN", 2025; package mostlyai-engine."""

    requires = ("mostlyai-engine", "torch")

    def __init__(self, **params: Any) -> None:
        from mostlyai.engine import TabularARGN

        self._model = TabularARGN(**params)

    def fit(self, dataset: Dataset, seed: int) -> None:
        kinds = dict.fromkeys(dataset.categorical, "TABULAR_CATEGORICAL")
        self._model.set_params(random_state=seed, tgt_encoding_types=kinds).fit(dataset.train)

    def sample(self, n_rows: int) -> pd.DataFrame:
        return self._model.sample(n_rows)


class ARF:
    """Watson et al., "Adversarial Random Forests", AISTATS 2023; package arfpy."""

    requires = ("arfpy", "scikit-learn")

    def __init__(self, **params: Any) -> None:
        from arfpy.arf import arf

        self._params = params
        self._forest = arf

    def fit(self, dataset: Dataset, seed: int) -> None:
        # The forests take a seed; the rows between them are drawn from the global generator.
        np.random.seed(seed)  # noqa: NPY002
        self._model = self._forest(dataset.train, random_state=seed, **self._params)
        self._model.forde()

    def sample(self, n_rows: int) -> pd.DataFrame:
        return self._model.forge(n_rows)


class SMOTENC:
    """Chawla et al., "SMOTE", JAIR 2002, for mixed columns; package imbalanced-learn.

    It was made to fill up rare classes. Here every class gets as many new rows as it has (in
    proportion where another number is asked for), and only the new, interpolated rows count.
    """

    requires = ("imbalanced-learn", "scikit-learn")

    def __init__(self, **params: Any) -> None:
        from imblearn.over_sampling import SMOTE, SMOTENC

        self._params = params
        self._smote, self._smotenc = SMOTE, SMOTENC

    def fit(self, dataset: Dataset, seed: int) -> None:
        if dataset.task == "regression":
            raise ValueError("SMOTENC interpolates within the classes of a target: there are none.")
        self._dataset, self._seed = dataset, seed

    def sample(self, n_rows: int) -> pd.DataFrame:
        rows, target = self._dataset.train, self._dataset.target
        wanted = {
            label: count + round(n_rows * count / len(rows))
            for label, count in rows[target].value_counts().items()
        }
        options = {"sampling_strategy": wanted, "random_state": self._seed, **self._params}
        categorical = [name for name in self._dataset.categorical if name != target]
        sampler = (
            self._smotenc(categorical_features=categorical, **options)
            if categorical
            else self._smote(**options)
        )
        features, labels = sampler.fit_resample(rows.drop(columns=target), rows[target])
        return features.assign(**{target: labels})[list(rows.columns)].iloc[len(rows) :]


class Bootstrap:
    """Training rows drawn with replacement: perfect rows, no privacy."""

    requires = ("pandas",)

    def fit(self, dataset: Dataset, seed: int) -> None:
        self._dataset, self._seed = dataset, seed

    def sample(self, n_rows: int) -> pd.DataFrame:
        return self._dataset.train.sample(n_rows, replace=True, random_state=self._seed)


class Real:
    """The real test rows: what a perfect model would reach, up to sampling noise."""

    requires = ("pandas",)

    def fit(self, dataset: Dataset, seed: int) -> None:
        self._dataset = dataset

    def sample(self, n_rows: int) -> pd.DataFrame:
        return self._dataset.test


OWN: dict[str, type[Model]] = {"synthwgan": SynthWGAN, "bootstrap": Bootstrap, "real": Real}
PEERS: dict[str, type[Model]] = {
    "argn": TabularARGN,
    "tvae": TVAE,
    "ctgan": CTGAN,
    "arf": ARF,
    "gaussian_copula": GaussianCopula,
    "smotenc": SMOTENC,
}
MODELS = OWN | PEERS
