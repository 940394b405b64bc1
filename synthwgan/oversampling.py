"""`GANOverSampler`: fill up rare classes with synthetic rows."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import OneToOneFeatureMixin

from synthwgan.checkpoint import Checkpoint
from synthwgan.inner import WithSynthesizer, inner_synthesizer
from synthwgan.parameters import RANDOM_STATE, check_parameters
from synthwgan.randomness import RandomState, draw_seeds
from synthwgan.synthesizer import WGANGPSynthesizer
from synthwgan.table.door import SHOWN, enter, naming_column
from synthwgan.table.frames import MixedTableMixin, TableForm, as_frame, take, take_column
from synthwgan.table.storage.physical import refuse_nul
from synthwgan.table.target import target_name
from synthwgan.training.config import Conditional

Strategy = float | str | Mapping[Any, int] | Callable[[Any], Mapping[Any, int]]


class GANOverSampler(MixedTableMixin, OneToOneFeatureMixin, WithSynthesizer):
    """Adds synthetic rows of rare classes, drawn by a synthesizer given the class.

    One synthesizer learns the whole table with the target as one more column, so that a rare
    class borrows from the others what they have in common (the idea of Douzas and Bacao 2018);
    then it draws rows of the classes that lack them. It is used like the samplers of
    imbalanced-learn, and in its pipelines, but does not need that package.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default "auto"
        How many rows a class gets, as in imbalanced-learn. A float, for two classes, is the ratio
        of the rarer to the commoner one afterwards. A str names the classes that become as
        frequent as the commonest: ``"minority"`` (the rarest), ``"not minority"``,
        ``"not majority"``, ``"all"`` or ``"auto"``, which is ``"not majority"``. A dict has the
        number of rows afterwards by class. A callable gets `y` and returns such a dict.
    synthesizer : WGANGPSynthesizer or None, default None
        What learns the table; it is cloned, and must be `conditional`. Where it has
        ``conditional=True``, rare classes come more often in its training
        (``Conditional(training_by_sampling=True)``), without which they are hardly learnt; and
        ``rejection="auto"`` is none, since given a class no row is rejected. What it says beyond
        these defaults is left as it is. None is one with its default parameters.
    column_kinds, max_steps, max_seconds, device, verbose : optional, default None
        Parameters of the synthesizer, see `WGANGPSynthesizer`; None leaves it its own. All others
        are given with ``synthesizer=WGANGPSynthesizer(...)``.
    random_state : int, Generator, RandomState or None, default None
        Seed of training and of the rows. None leaves the synthesizer its own.

    Attributes
    ----------
    sampling_strategy_ : dict
        Number of new rows by class.
    synthesizer_ : WGANGPSynthesizer or None
        The fitted synthesizer; its last column is the target. None if no row was lacking. Only
        `fit_resample` sets it.
    n_features_in_ : int
        Number of columns of ``X``.
    feature_names_in_ : ndarray of str
        Their names, if all are strings.

    References
    ----------
    Douzas, Bacao (2018), "Effective data generation for imbalanced learning using conditional
    generative adversarial networks", Expert Systems with Applications 91, section 3.
    Engelmann, Lessmann (2021), "Conditional Wasserstein GAN-based oversampling of tabular data
    for imbalanced learning", Expert Systems with Applications 174, section 4.
    Lemaitre, Nogueira, Aridas (2017), "Imbalanced-learn", JMLR 18(17), for the interface.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan import GANOverSampler
    >>> X = pd.DataFrame({"age": [23, 41, 35, 62] * 25, "city": ["Bonn", "Ulm"] * 50})
    >>> y = pd.Series(["no"] * 90 + ["yes"] * 10, name="paid")
    >>> sampler = GANOverSampler(max_steps=20, random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> y_resampled.value_counts().to_dict()
    {'no': 90, 'yes': 90}
    >>> sampler.sampling_strategy_
    {'yes': 80}
    >>> sampler.set_params(sampling_strategy={"maybe": 50}).fit_resample(X, y)
    Traceback (most recent call last):
        ...
    ValueError: sampling_strategy has the class 'maybe', which y has not; its classes are
    ['no', 'yes']
    """

    # imbalanced-learn's is_sampler() asks for it.
    _estimator_type = "sampler"

    def __init__(
        self,
        *,
        sampling_strategy: Strategy = "auto",
        synthesizer: WGANGPSynthesizer | None = None,
        column_kinds: dict[Any, str] | None = None,
        max_steps: int | Literal["auto"] | None = None,
        max_seconds: float | None = None,
        device: str | None = None,
        verbose: int | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.sampling_strategy = sampling_strategy
        self.synthesizer = synthesizer
        self.column_kinds = column_kinds
        self.max_steps = max_steps
        self.max_seconds = max_seconds
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        """Say that a target is needed."""
        tags = super().__sklearn_tags__()
        tags.estimator_type = "sampler"
        tags.target_tags.required = True
        return tags

    def fit(self, X: Any, y: Any) -> Self:
        """Check the table and count the rows that classes lack; nothing is learnt yet.

        Parameters
        ----------
        X : frame of any library, or array, of shape (n_rows, n_columns)
            The table.
        y : Series, array or list of shape (n_rows,)
            The classes.

        Returns
        -------
        GANOverSampler
            Itself.

        Raises
        ------
        ValueError, TypeError
            As `fit_resample`, but for a class with too few rows to learn it.
        """
        self._check(take(X)[0], *take_column(y))
        return self

    def fit_resample(
        self, X: Any, y: Any, *, checkpoint: str | os.PathLike | Checkpoint | None = None
    ) -> tuple[Any, Any]:
        """Learn the table and add rows of the classes that lack them.

        Parameters
        ----------
        X : frame of any library, or array, of shape (n_rows, n_columns)
            The table: numbers, texts, categories, dates, missing cells. It is not written to.
        y : Series of any library, array or list, of shape (n_rows,)
            The classes, of any dtype.
        checkpoint : path or Checkpoint, optional
            A file that gets all that training needs, see `WGANGPSynthesizer.fit`. If it exists, and
            is of this table and these parameters, training goes on from it.

        Returns
        -------
        X_resampled : DataFrame, Table or array of shape (n_rows + n_new, n_columns)
            The rows of `X`, unchanged and in their order, then the new rows, class by class, in
            the form of `X`: library, names and dtypes; an index counts the rows.
        y_resampled : Series, array or list of shape (n_rows + n_new,)
            Their classes, in the form of `y`.

        Raises
        ------
        ValueError, TypeError
            If a parameter, the table or the target cannot be used; before any training; so is a
            checkpoint of something else.
        OSError
            If the checkpoint could not be written.
        """
        X, form = take(X)
        y, form_of_y = take_column(y)
        frame, target, model = self._check(X, y, form_of_y)
        places = target.places_of(self.sampling_strategy_)
        self.synthesizer_ = None
        classes = form_of_y.dress_column(_extended(y, places))
        if not len(places):
            return form.dress(_joined(X, frame.iloc[:0])), classes
        seeds = draw_seeds(self.random_state, 2)
        if self.random_state is not None:
            model.set_params(random_state=seeds[0])
        name = _free_name(X, target.classes, frame)
        kinds = {} if model.column_kinds is None else model.column_kinds
        model.set_params(column_kinds={**kinds, name: "categorical"})
        classes_of_rows = target.classes.rename(name)
        self.synthesizer_ = model.fit(form.dress(frame), classes_of_rows, checkpoint=checkpoint)
        # One draw for all classes, so that identifiers differ between them too.
        wanted = target.classes.iloc[places].reset_index(drop=True).to_frame(name)
        rows = as_frame(model.sample(conditions=wanted, random_state=seeds[1]))
        return form.dress(_joined(X, rows.iloc[:, :-1])), classes

    def _check(
        self, X: Any, y: Any, form: TableForm
    ) -> tuple[pd.DataFrame, _Target, WGANGPSynthesizer]:
        """Return the table, the target and an unfitted synthesizer, all found usable."""
        check_parameters({"random_state": self.random_state}, {"random_state": RANDOM_STATE})
        model = inner_synthesizer(self, "draw rows of a class")
        if model.conditional is True:
            model.conditional = Conditional(training_by_sampling=True)
        # A list of rows may mix numbers and texts, which numpy would all turn into texts.
        frame = enter(self, np.array(X, dtype=object) if isinstance(X, list) else X, reset=True)
        target = _Target.read(y, len(frame))
        limit = model.max_categories
        if len(target.counts) > limit:
            raise ValueError(
                f"y has {len(target.counts)} classes, but the synthesizer keeps only {limit} "
                f"apart: pass synthesizer=WGANGPSynthesizer(max_categories={len(target.counts)})"
            )
        rarest = min(target.counts, key=target.counts.__getitem__)
        if target.counts[rarest] < model.min_category_rows:
            raise ValueError(
                f"class {rarest!r} of y has {target.counts[rarest]} rows, fewer than the "
                f"synthesizer's min_category_rows={model.min_category_rows}, and would not be "
                "kept apart: pass a synthesizer with less"
            )
        given = form.dress_column(y)
        self.sampling_strategy_ = _rows_to_draw(self.sampling_strategy, target.counts, given)
        return frame, target, model


@dataclass(frozen=True)
class _Target:
    """The classes of the rows.

    Parameters
    ----------
    classes : Series of shape (n_rows,)
        Class of each row.
    counts : dict
        Number of rows by class, in the natural order of the classes.
    first : dict
        Place of the first row of each class.
    """

    classes: pd.Series
    counts: dict[Any, int]
    first: dict[Any, int]

    @classmethod
    def read(cls, y: Any, n_rows: int) -> _Target:
        """Read a target, or say why it is none."""
        if y is None:
            raise ValueError(
                "GANOverSampler requires y to be passed, but the target y is None: pass the "
                "class of each row"
            )
        classes = _one_column(y)
        if len(classes) != n_rows:
            raise ValueError(
                f"X has {n_rows} rows, but y has {len(classes)}; they must be the same"
            )
        _check_classes(classes)
        codes, labels = pd.factorize(classes, sort=True)
        labels = labels.tolist()
        if len(labels) == 1:
            raise ValueError(
                f"y needs more than one class to compare them, but every row is {labels[0]!r}"
            )
        _, first = np.unique(codes, return_index=True)
        counts = np.bincount(codes).tolist()
        return cls(
            classes,
            dict(zip(labels, counts, strict=True)),
            dict(zip(labels, first.tolist(), strict=True)),
        )

    def places_of(self, n_new: Mapping[Any, int]) -> np.ndarray:
        """Return, for each new row, the place of a row of its class.

        Raises
        ------
        ValueError
            If a class has too few rows to learn it.
        """
        for label, n_rows in n_new.items():
            if n_rows and self.counts[label] == 1:
                raise ValueError(
                    f"class {label!r} has 1 row, and {n_rows} like it are wanted: at least 2 are "
                    "needed to learn from; leave it out of sampling_strategy (a dict), or join it "
                    "with another class"
                )
        places = [self.first[label] for label in n_new]
        return np.repeat(np.array(places, dtype=np.int64), list(n_new.values()))


def _one_column(y: Any) -> pd.Series:
    """Return a target as a Series, which is no copy of one."""
    shape = np.shape(y)
    if len(shape) == 2 and shape[1] == 1:
        y = y.iloc[:, 0] if isinstance(y, pd.DataFrame) else np.asarray(y)[:, 0]
    elif len(shape) != 1:
        raise ValueError(
            f"y must be one column of classes, got shape {shape}: multilabel and multioutput "
            "targets are not supported"
        )
    return y if isinstance(y, pd.Series) else pd.Series(y)


def _check_classes(classes: pd.Series) -> None:
    """Raise if a class is missing, or the target is a number and no class."""
    with naming_column(target_name(classes)):
        refuse_nul(classes)
    n_missing = int(classes.isna().sum())
    if n_missing:
        raise ValueError(f"y is missing in {n_missing} rows: leave them out, or give them a class")
    numbers = classes.infer_objects()
    if not pd.api.types.is_float_dtype(numbers):
        return
    numbers = numbers.to_numpy(dtype=np.float64)
    broken = numbers[~(np.mod(numbers, 1) == 0)]
    if len(broken):
        raise ValueError(
            f"y holds {float(broken[0])!r}: a continuous target has no classes to fill up; make "
            "some, for instance with pd.cut(y, 3, labels=False), or with y.astype(str)"
        )


def _rows_to_draw(strategy: Any, counts: dict[Any, int], y: Any) -> dict[Any, int]:
    """Return the number of new rows by class, in the order of the classes."""
    if callable(strategy):
        strategy = strategy(y)
        if not isinstance(strategy, Mapping):
            raise TypeError(f"sampling_strategy must return a dict of rows by class: {strategy!r}")
    if isinstance(strategy, Mapping):
        return _by_dict(strategy, counts)
    if isinstance(strategy, str):
        return _by_name(strategy, counts)
    if isinstance(strategy, Real) and not isinstance(strategy, bool):
        return _by_ratio(float(strategy), counts)
    raise TypeError(
        f"sampling_strategy must be a float, a str, a dict or a callable, got {strategy!r}"
    )


def _by_name(strategy: str, counts: dict[Any, int]) -> dict[Any, int]:
    rarest, commonest = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    chosen = {
        "minority": {rarest},
        "not minority": counts.keys() - {rarest},
        "not majority": counts.keys() - {commonest},
        "all": counts.keys(),
    }
    chosen["auto"] = chosen["not majority"]
    if strategy not in chosen:
        raise ValueError(
            f"sampling_strategy must be one of {sorted(chosen)} if it is a str, got {strategy!r}"
        )
    most = counts[commonest]
    return {label: most - count for label, count in counts.items() if label in chosen[strategy]}


def _by_ratio(ratio: float, counts: dict[Any, int]) -> dict[Any, int]:
    if len(counts) != 2:
        raise ValueError(
            f"sampling_strategy={ratio!r} is a ratio of two classes, but y has {len(counts)}: pass "
            "a dict of rows by class"
        )
    if not 0 < ratio <= 1:
        raise ValueError(f"sampling_strategy must be > 0 and <= 1 if it is a float, got {ratio!r}")
    commonest = max(counts, key=counts.__getitem__)
    rarest = next(label for label in counts if label != commonest)
    n_new = int(counts[commonest] * ratio - counts[rarest])
    if n_new <= 0:
        raise ValueError(
            f"sampling_strategy={ratio!r} adds no row: class {rarest!r} has {counts[rarest]} rows "
            f"to the {counts[commonest]} of {commonest!r}; pass a larger ratio"
        )
    return {rarest: n_new}


def _by_dict(strategy: Mapping[Any, Any], counts: dict[Any, int]) -> dict[Any, int]:
    for label, n_wanted in strategy.items():
        if label not in counts:
            more = f" and {len(counts) - SHOWN} more" if len(counts) > SHOWN else ""
            raise ValueError(
                f"sampling_strategy has the class {label!r}, which y has not; its classes are "
                f"{list(counts)[:SHOWN]}{more}"
            )
        if not isinstance(n_wanted, Integral) or isinstance(n_wanted, bool):
            raise TypeError(
                f"sampling_strategy must have a whole number of rows for class {label!r}, got "
                f"{n_wanted!r}"
            )
        if n_wanted < counts[label]:
            raise ValueError(
                f"sampling_strategy wants {n_wanted} rows of class {label!r}, which has "
                f"{counts[label]}; rows are only added, so want at least these"
            )
    return {
        label: int(strategy[label]) - count for label, count in counts.items() if label in strategy
    }


def _free_name(X: Any, classes: pd.Series, frame: pd.DataFrame) -> Any:
    """Return a name for the target's column that no other column has."""
    if not isinstance(X, pd.DataFrame):
        return frame.shape[1]
    name = target_name(classes)
    while name in frame.columns:
        name = f"{name}_"
    return name


def _joined(X: Any, rows: pd.DataFrame) -> Any:
    """Return the table with some rows more, in its own form; a frame is one of pandas."""
    if isinstance(X, pd.DataFrame):
        rows = rows.set_axis(X.columns, axis=1).astype(X.dtypes)
        return pd.concat([X, rows], ignore_index=True)
    if isinstance(X, list):
        return X + rows.to_numpy(dtype=object).tolist()
    X = np.asarray(X)
    return np.concatenate([X, rows.to_numpy(dtype=X.dtype)])


def _extended(y: Any, places: np.ndarray) -> Any:
    """Return the target with the classes of some rows once more, in its own form."""
    if isinstance(y, pd.Series | pd.DataFrame):
        return pd.concat([y, y.iloc[places]], ignore_index=True)
    if isinstance(y, list):
        return y + [y[place] for place in places]
    if isinstance(y, pd.api.extensions.ExtensionArray):
        return y.take(np.concatenate([np.arange(len(y)), places]))
    y = np.asarray(y)
    return np.concatenate([y, y[places]])
