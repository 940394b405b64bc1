"""Uses the installed package: ``python -I smoke.py EXTRA``, where EXTRA may be ``none``."""

import importlib
import importlib.metadata
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pandas as pd

import synthwgan
from synthwgan import WGANGPSynthesizer
from synthwgan.datasets import make_placements
from synthwgan.evaluation import evaluate
from synthwgan.io import TableWriter, read_table


def fit_sample_save_load() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Go the main road, and return the real rows and the drawn ones."""
    real = make_placements(120)
    model = WGANGPSynthesizer(max_steps=20, random_state=0).fit(real)
    rows = model.sample(50, random_state=1)
    assert list(rows.columns) == list(real.columns)
    assert len(model.rules_.broken_rows(rows)) == 0
    model.save("model.safetensors")
    again = WGANGPSynthesizer.load("model.safetensors").sample(50, random_state=1)
    pd.testing.assert_frame_equal(again, rows)
    return real, rows


def command_line() -> None:
    """Ask the command that was installed for rows of the saved model."""
    command = Path(sysconfig.get_path("scripts")) / "synthwgan"
    version = subprocess.check_output([command, "--version"], text=True)
    assert version == f"synthwgan {importlib.metadata.version('synthwgan')}\n", version
    subprocess.run(
        [command, "sample", "model.safetensors", "-n", "10", "-o", "rows.parquet"], check=True
    )
    assert len(pd.read_parquet("rows.parquet")) == 10


def modules_of(extra: str) -> list[str]:
    """Return the modules that an extra's own requirements bring."""
    asked = importlib.metadata.requires("synthwgan") or []
    of_extra = [line for line in asked if re.search(rf"extra == ['\"]{extra}['\"]", line)]
    names = {re.match(r"[\w.-]+", line)[0].lower() for line in of_extra}
    modules = importlib.metadata.packages_distributions().items()
    return sorted(
        module
        for module, owners in modules
        if not module.startswith("_") and names & {owner.lower() for owner in owners}
    )


def none(real: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Without extras, figures are there, and plots say what they need."""
    report = evaluate(real, rows, random_state=0)
    assert 0 <= report["columns"].score <= 1
    try:
        report.plot("correlation")
    except ImportError as error:
        assert "synthwgan[report]" in str(error), error
    else:
        raise AssertionError("a plot was drawn without the extra")


def report(real: pd.DataFrame, rows: pd.DataFrame) -> None:
    """The page and its plots, and sdmetrics' score."""
    from synthwgan.evaluation import quality_score

    evaluate(real, rows, random_state=0).save_html("report.html")
    assert "</html>" in Path("report.html").read_text("utf-8")
    assert 0 <= quality_score(real, rows).overall <= 1


def excel(real: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Rows go into a workbook and come back."""
    with TableWriter("rows.xlsx") as writer:
        writer.write(rows)
    assert len(read_table("rows.xlsx")) == len(rows)


def sql(real: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Rows go into a database and come back."""
    with TableWriter("sqlite:///rows.db", table="rows") as writer:
        writer.write(rows)
    assert len(read_table("sqlite:///rows.db", table="rows")) == len(rows)


def text(real: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Names are made anew as names are."""
    named = real.assign(name=["Ada Lovelace", "Alan Turing"] * (len(real) // 2))
    model = WGANGPSynthesizer(column_kinds={"name": "name"}, max_steps=1, random_state=0)
    made = model.fit(named).sample(10, random_state=0)["name"]
    assert all(" " in name for name in made) and not set(made) & set(named["name"])


def cluster(real: pd.DataFrame, rows: pd.DataFrame) -> None:
    """A frame of Dask is learned, and workers of Dask draw rows."""
    import dask.dataframe as dd
    from distributed import Client

    with Client(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as client:
        model = WGANGPSynthesizer(max_steps=5, random_state=0).fit(
            dd.from_pandas(real, npartitions=2)
        )
        model.sample_to("parts", 40, rows_per_part=20, client=client)
    assert len(list(Path("parts").glob("*.parquet"))) == 2


# What uses an extra. Of an extra that is not here the packages are imported, and no more.
FEATURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], None]] = {
    function.__name__: function for function in (none, report, excel, sql, text, cluster)
}


def main(extra: str) -> None:
    """Use the package, and what an extra adds."""
    assert Path(synthwgan.__file__).is_relative_to(sys.prefix), synthwgan.__file__
    real, rows = fit_sample_save_load()
    command_line()
    modules = [] if extra == "none" else modules_of(extra)
    assert modules or extra == "none", f"the extra {extra!r} brings nothing"
    for module in modules:
        importlib.import_module(module)
    if extra in FEATURES:
        FEATURES[extra](real, rows)
    sys.stdout.write(f"{synthwgan.__version__} with {extra}: works {' '.join(modules)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
