"""What a user may add from outside, by one class and one registration each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from torch import Tensor, nn

from synthwgan import MLP, RadialGANSynthesizer, Residual, WGANGPSynthesizer
from synthwgan.evaluation import Measure, Section, Tables, evaluate, sdmetrics_metadata
from synthwgan.evaluation.evaluate import QUESTIONS
from synthwgan.evaluation.measures import Question
from synthwgan.io import ReadOptions, TableFormat, TableWriter, TextOptions, read_table
from synthwgan.io.formats import FORMATS
from synthwgan.networks.critics import CRITICS, CriticChoice
from synthwgan.networks.critics.network import Critic
from synthwgan.networks.generators import GENERATORS, GeneratorChoice
from synthwgan.networks.generators.base import SIZES, RawOutput
from synthwgan.networks.objectives import OBJECTIVES
from synthwgan.networks.objectives.base import Objective
from synthwgan.parameters import Constraint, Number
from synthwgan.table import TableTransformer
from synthwgan.table.columns.evidence import Evidence
from synthwgan.table.columns.numeric import NumericTransformer
from synthwgan.table.forms import FORMS, Form
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.kinds import KINDS
from synthwgan.table.schema import COLUMN_CLASSES
from synthwgan.table.storage.dtypes import Cells, PhysicalType

RNG = np.random.default_rng(0)


def table(n_rows: int = 120) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "size": RNG.gamma(2, 3, n_rows).round(2),
            "colour": RNG.choice(["red", "green", "blue"], n_rows),
        }
    )


def quick(**parameters: Any) -> WGANGPSynthesizer:
    given = {
        "generator": Residual(latent_dim=8, width=16, layers=1),
        "critic": MLP(width=16),
        "max_steps": 5,
        "conditional": False,
        "calibrate": False,
        "rejection": None,
        "random_state": 0,
    }
    return WGANGPSynthesizer(**{**given, **parameters})


def check_fits_samples_and_is_saved(model: WGANGPSynthesizer, folder: Path) -> None:
    """Check that a model with something added draws the same rows once it was a file."""
    fitted = clone(model).fit(table())
    fitted.save(folder / "model.safetensors")
    again = WGANGPSynthesizer.load(folder / "model.safetensors")
    assert str(again.get_params(deep=False)) == str(model.get_params(deep=False))
    pd.testing.assert_frame_equal(
        again.sample(40, random_state=1), fitted.sample(40, random_state=1)
    )


# A kind of column.


class Bearing(NumericTransformer):
    """Degrees of the compass, which are 0 to 359 and always whole."""

    kind: ClassVar[str] = "bearing"
    remedy = "take the degrees modulo 360"

    @classmethod
    def infers(cls, evidence: Evidence) -> bool:
        return evidence.name == "bearing" and cls._are_degrees(evidence.cells.present)

    @classmethod
    def check_fits(cls, physical: PhysicalType, cells: Cells) -> None:
        super().check_fits(physical, cells)
        if not cls._are_degrees(cells.present):
            raise ValueError(f"{cells.present.max()} is no bearing: {cls.remedy}")

    @staticmethod
    def _are_degrees(values: np.ndarray) -> bool:
        return bool(((values >= 0) & (values < 360)).all())

    def describe_encoding(self) -> str:
        return f"degrees, {super().describe_encoding()}"


@pytest.fixture
def bearings(monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    monkeypatch.setitem(COLUMN_CLASSES, "bearing", Bearing)
    return table().assign(bearing=RNG.integers(0, 360, 120))


def test_a_kind_of_column_takes_part_in_everything(bearings: pd.DataFrame, tmp_path: Path) -> None:
    model = quick().fit(bearings)
    assert [column.kind for column in model.schema_] == ["numeric", "categorical", "bearing"]
    assert "degrees" in str(model.schema_)
    drawn = model.sample(200, random_state=1)
    assert drawn["bearing"].between(0, 359).all()
    assert drawn["bearing"].dtype == bearings["bearing"].dtype
    north = model.sample(20, conditions={"bearing": (None, 180.5)}, on_rare="error")
    assert north["bearing"].max() <= 180
    with pytest.raises(ValueError, match="column 'bearing': nothing lies within"):
        model.sample(conditions={"bearing": (400, 500)})
    model.save(tmp_path / "model.safetensors")
    again = WGANGPSynthesizer.load(tmp_path / "model.safetensors")
    pd.testing.assert_frame_equal(again.sample(200, random_state=1), drawn)


def test_a_kind_of_column_may_be_asked_for_and_refused(bearings: pd.DataFrame) -> None:
    turned = bearings.rename(columns={"bearing": "course"})
    found = TableTransformer(column_kinds={"course": "bearing"}).fit(turned)
    assert found.columns_[2].kind == "bearing"
    with pytest.raises(ValueError, match="column 'course': 719 is no bearing: take the degrees"):
        TableTransformer(column_kinds={"course": "bearing"}).fit(
            turned.assign(course=np.arange(600, 720))
        )


def test_a_kind_of_column_is_compared_in_reports(bearings: pd.DataFrame) -> None:
    tables = Tables.of(bearings, bearings.sample(frac=1, random_state=0))
    assert tables.by_name["bearing"].is_number
    assert sorted(tables.synthetic["bearing"]) == sorted(bearings["bearing"])
    assert sdmetrics_metadata(bearings)["columns"]["bearing"] == {"sdtype": "numerical"}


def test_a_kind_of_column_is_learned_across_tables(bearings: pd.DataFrame) -> None:
    other = bearings.assign(size=bearings["size"] * 2)
    model = RadialGANSynthesizer(max_steps=2, random_state=0).fit({"a": bearings, "b": other})
    translated = model.translate(bearings, "a", "b", random_state=0)
    assert translated["bearing"].tolist() == bearings["bearing"].tolist()


# An objective, a generator, a critic.


class Hinge(Objective):
    """Scores are told apart by a margin (Lim, Ye 2017, "Geometric GAN")."""

    constraints: ClassVar[dict[str, Constraint]] = {
        "margin": Number(0, open_low=True),
        "n_critic": Number(1, integer=True),
    }
    penalty = None
    penalty_at = "auto"
    gradient_penalty = 0.0
    penalty_interval = 1

    def __init__(self, *, margin: float = 1.0, n_critic: int = 1) -> None:
        self.margin = margin
        self.n_critic = n_critic

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return torch.relu(self.margin - real).mean() + torch.relu(self.margin + fake).mean()

    def generator_loss(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        return -fake.mean()


def test_an_objective(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(OBJECTIVES, "hinge", Hinge)
    check_fits_samples_and_is_saved(quick(objective="hinge"), tmp_path)
    model = quick(objective=Hinge()).set_params(objective__margin=0.5)
    check_fits_samples_and_is_saved(model, tmp_path)
    assert WGANGPSynthesizer.load(tmp_path / "model.safetensors").objective.margin == 0.5
    with pytest.raises(ValueError, match="margin"):
        quick(objective=Hinge(margin=-1)).fit(table())


class Linear(GeneratorChoice):
    """Noise times a matrix, plus the marginals."""

    constraints: ClassVar[dict[str, Constraint]] = {"latent_dim": SIZES["latent_dim"]}
    width = 1
    layers = 1

    def __init__(self, *, latent_dim: int | str = "auto") -> None:
        self.latent_dim = latent_dim

    def build(
        self, n_slots: int, output_bias: Tensor, n_context: int, rng: torch.Generator | None
    ) -> nn.Module:
        return LinearGenerator(self.latent_dim, n_slots, output_bias, n_context, rng)


class LinearGenerator(RawOutput):
    def __init__(
        self,
        latent_dim: int,
        n_slots: int,
        output_bias: Tensor,
        n_context: int,
        rng: torch.Generator | None,
    ) -> None:
        super().__init__(latent_dim)
        self.add_output(latent_dim, n_slots, output_bias, n_context, rng)

    def forward(self, latent: Tensor, context: Any = None) -> Tensor:
        return self.raw(latent, context)


def test_a_generator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(GENERATORS, "linear", Linear)
    check_fits_samples_and_is_saved(quick(generator="linear"), tmp_path)
    check_fits_samples_and_is_saved(quick(generator=Linear(latent_dim=3)), tmp_path)
    assert WGANGPSynthesizer.load(tmp_path / "model.safetensors").generator.latent_dim == 3


class Narrow(CriticChoice):
    """A critic of one small layer."""

    constraints: ClassVar[dict[str, Constraint]] = {"width": Number(1, integer=True)}
    layers = 1
    packing = 1
    instance_noise = 0.0

    def __init__(self, *, width: int = 8) -> None:
        self.width = width

    def build(
        self, n_slots: int, values: np.ndarray, n_columns: int, rng: torch.Generator | None
    ) -> nn.Module:
        return Critic(n_slots, self.width, 1, n_columns, rng=rng)


def test_a_critic(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(CRITICS, "narrow", Narrow)
    check_fits_samples_and_is_saved(quick(critic="narrow"), tmp_path)
    check_fits_samples_and_is_saved(quick(critic=Narrow(width=4)), tmp_path)
    model = WGANGPSynthesizer.load(tmp_path / "model.safetensors")
    assert sum(weights.numel() for weights in model.critic_.parameters()) < 200
    assert len(model.score_samples(table())) == 120


# A form of written numbers.


class Stars(Form):
    """``***``: as many stars as the number says."""

    name = "stars"
    meaning = "numeric"

    @classmethod
    def find(cls, cells: np.ndarray) -> Stars | None:
        return cls() if cells.dtype == object and cls().parse(cells)[1].any() else None

    def parse(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fits = np.array([0 < len(cell) == cell.count("*") for cell in cells], dtype=bool)
        lengths = np.array([len(cell) for cell in cells], dtype=np.int64)
        return np.where(fits, lengths, 0), fits

    def write(self, numbers: np.ndarray) -> np.ndarray:
        cells = np.empty(len(numbers), dtype=object)
        cells[:] = ["*" * int(number) for number in numbers]
        return cells


def test_a_form_of_written_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(FORMS, "stars", Stars)
    rated = table().assign(rating=["*" * n for n in RNG.integers(1, 6, 120)])
    model = quick().fit(rated)
    assert model.schema_[2].kind == "numeric"
    assert "written as stars" in model.schema_[2].encoding
    drawn = model.sample(60, conditions={"rating": ("***", None)}, on_rare="error")
    assert set(drawn["rating"]) <= {"***", "****", "*****"}
    model.save(tmp_path / "model.safetensors")
    again = WGANGPSynthesizer.load(tmp_path / "model.safetensors")
    pd.testing.assert_frame_equal(
        again.sample(60, random_state=1), model.sample(60, random_state=1)
    )


# A question of the report.


def rarity(tables: Any, yardsticks: Any, rng: np.random.Generator) -> Section:
    """Ask how many categories of the real table are there."""
    column = tables.by_name["colour"]
    there = len(np.unique(tables.synthetic["colour"]))
    share = there / column.n_real_levels
    measure = Measure("categories_there", "Categories there", share, floor=0.0, ceiling=1.0)
    return Section("rarity", "Are all categories there?", (measure,))


@pytest.fixture
def questions() -> Iterator[dict[str, Question]]:
    """The questions of a report, put back in their order."""
    before = dict(QUESTIONS)
    yield QUESTIONS
    QUESTIONS.clear()
    QUESTIONS.update(before)


def test_a_question_of_the_report(questions: dict[str, Question], tmp_path: Path) -> None:
    # The slowest question, and not asked here.
    del questions["joint"]
    real = table()
    before = evaluate(real, real, random_state=0)
    questions["rarity"] = Question("Are all categories there?", rarity)
    report = evaluate(real, real.assign(colour="red"), random_state=0)
    assert report["rarity"].score == pytest.approx(1 / 3)
    assert report.to_dict()["sections"][-1]["key"] == "rarity"
    again = evaluate(real, real, random_state=0)
    assert again["rarity"].score == 1
    assert again["columns"].score == before["columns"].score
    pytest.importorskip("jinja2")
    pytest.importorskip("plotly")
    report.save_html(tmp_path / "report.html")
    assert "Are all categories there?" in (tmp_path / "report.html").read_text("utf-8")


# A file format.


class NewlineJson(TableFormat):
    """One JSON object a line."""

    suffix = ".ndjson"

    def read(self, file: BinaryIO, shown: str, options: ReadOptions) -> pd.DataFrame:
        return pd.read_json(file, lines=True)

    def sink(self, file: BinaryIO, shown: str, options: TextOptions) -> NewlineJsonSink:
        return NewlineJsonSink(file)


class NewlineJsonSink:
    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def write(self, frame: pd.DataFrame) -> None:
        self.file.write(frame.to_json(orient="records", lines=True).encode())

    def close(self) -> None:
        pass


def test_a_file_format(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path, rows = tmp_path / "Rows.NDJSON", table()
    with pytest.raises(ValueError, match=r"supported are \.csv, \.tsv"):
        read_table(path)
    monkeypatch.setitem(FORMATS, ".ndjson", NewlineJson)
    with TableWriter(path) as writer:
        writer.write(rows[:50])
        writer.write(rows[50:])
    pd.testing.assert_frame_equal(read_table(path), rows)
    with pytest.raises(RuntimeError), TableWriter(path) as writer:
        writer.write(rows[:10])
        raise RuntimeError
    assert len(read_table(path)) == len(rows)


def test_a_file_format_on_the_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from synthwgan.cli import app

    monkeypatch.setitem(FORMATS, ".ndjson", NewlineJson)
    with TableWriter(tmp_path / "rows.ndjson") as writer:
        writer.write(table())
    model, drawn = tmp_path / "model.safetensors", tmp_path / "drawn.ndjson"
    quick().fit(read_table(tmp_path / "rows.ndjson")).save(model)
    ran = CliRunner().invoke(app, ["sample", str(model), "-n", "15", "-o", str(drawn)])
    assert ran.exit_code == 0, ran.output
    assert len(read_table(drawn)) == 15


# A rule between columns.


class Multiple(Rule):
    """A number is a whole multiple of another."""

    def __init__(self, number: str, of: str, *, tolerate: float = 0.0) -> None:
        self.number, self.of, self.tolerate = number, of, tolerate

    @property
    def columns(self) -> list[Hashable]:
        return [self.number, self.of]

    def _keeps(self, frame: Table) -> np.ndarray:
        number, of = frame[self.number], frame[self.of]
        return number.missing | of.missing | (number.values % of.values == 0)

    def __str__(self) -> str:
        return f"{self.number} is a multiple of {self.of}"


def test_a_kind_of_rule_is_a_class_and_a_line(monkeypatch, tmp_path):
    monkeypatch.setitem(KINDS, "Multiple", Multiple)
    of = RNG.integers(1, 5, 200)
    real = pd.DataFrame({"of": of, "number": of * RNG.integers(1, 9, 200)})
    model = quick(rules=[Multiple("number", "of")]).fit(real)
    rows = model.sample(500, random_state=0)
    assert (rows["number"] % rows["of"] == 0).all()
    assert not (quick(rules=None).fit(real).sample(500).eval("number % of") == 0).all()
    model.save(tmp_path / "model.safetensors")
    loaded = WGANGPSynthesizer.load(tmp_path / "model.safetensors", device="cpu")
    assert (
        str(loaded.rules_)
        == "number is a multiple of of (200 rows, permuted columns break it in 0 %)"
    )
    pd.testing.assert_frame_equal(loaded.sample(500, random_state=0), rows)
    with pytest.raises(ValueError, match="'number is a multiple of of' is broken in 1 of 200 rows"):
        quick(rules=[Multiple("number", "of")]).fit(
            real.assign(number=real["of"].where(real.index > 0, 0.5))
        )
