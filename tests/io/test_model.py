"""A model file can do nothing but be a model: nothing that it says is called or built at will."""

from __future__ import annotations

import ast
import decimal
import json
import os
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner

import synthwgan
from synthwgan import WGANGPSynthesizer
from synthwgan.cli import app
from synthwgan.io.model import digest
from synthwgan.rules import Sum
from synthwgan.table import TableTransformer
from synthwgan.table.checks import ListOf, Matching, check_state, optional
from synthwgan.table.storage.jsonable import from_jsonable
from synthwgan.table.storage.named import (
    arrow_dtype,
    frequency,
    named_dtype,
    numpy_dtype,
    time_zone,
)

PACKAGE = Path(synthwgan.__file__).parent
# Who reads files, and what makes a string of theirs into something that is called.
READERS = ("from_", "load", "read_", "_set_state", "unpack", "_unpack", "_type_from", "index_of")
CALLERS = {"eval", "exec", "compile", "__import__", "import_module", "setattr", "vars", "globals"}
# Their parsers know far more than a file may say; `named` closes them.
PARSERS = {"pandas_dtype", "type_for_alias", "to_offset", "gettz", "ZoneInfo"}


# The package's code


@cache
def functions() -> list[tuple[str, ast.FunctionDef]]:
    return [
        (f"{path.relative_to(PACKAGE)}:{node.name}:{node.lineno}", node)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]


def suspects(function: ast.FunctionDef) -> list[str]:
    """Calls by which a string could choose what is called, or what is set."""
    found = []
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        # A method of that name, as a network's eval(), is another thing, but not of a parser.
        name = getattr(node.func, "id", "")
        if getattr(node.func, "attr", "") in PARSERS | {"import_module"}:
            name = node.func.attr
        if name == "getattr" and not isinstance(node.args[1], ast.Constant):
            found.append("getattr")
        found += [name] * (name in CALLERS | PARSERS)
    return found


def test_no_reader_calls_what_a_file_names() -> None:
    readers = [(name, f) for name, f in functions() if f.name.startswith(READERS)]
    assert len(readers) > 25
    found = {_without_line(name): suspects(f) for name, f in readers if suspects(f)}
    # The names that are set here are those of a class's own table.
    assert found == {"table/storage/objects.py:from_dict": ["setattr"]}


def _without_line(name: str) -> str:
    return name.rpartition(":")[0]


def test_the_rest_of_the_package_does_so_only_where_no_file_is_read() -> None:
    found = {name: calls for name, function in functions() if (calls := suspects(function))}
    places = {name for name, calls in found.items() if {"getattr", *PARSERS} & set(calls)}
    assert {_without_line(name) for name in places if not name.startswith("evaluation/")} == {
        # Names that a literal, a signature or a dataclass gives.
        "lazy.py:lazily",
        "lazy.py:imported",
        "base.py:_keep",
        "base.py:save",
        "inner.py:inner_synthesizer",
        "imputation.py:fit",
        "private/synthesizer.py:_keep",
        "private/synthesizer.py:save",
        "components.py:set_params",
        "table/rules/base.py:__repr__",
        "table/rules/base.py:_parameters",
        "table/rules/base.py:to_dict",
        "table/storage/objects.py:_check_microseconds",
        "table/transformer.py:_options",
        # Parts of subjects, and locales of a fixed list, which a file may only choose from.
        "table/columns/inventor.py:some",
        "table/columns/locales.py:_names_of",
        # Four methods of the classes of torch.optim.
        "training/optimizers.py:_without_compiler",
        # The time zones of the system, by a name that has been checked.
        "table/storage/named.py:time_zone",
    }
    assert not any({"eval", "exec", "__import__"} & set(calls) for calls in found.values())


def test_the_walk_can_fail() -> None:
    source = "def from_dict(state):\n    return getattr(pa, state['a'])(*state['b']), eval('1')"
    assert sorted(suspects(ast.parse(source).body[0])) == ["eval", "getattr"]


# Names of types


@pytest.mark.parametrize(
    "name",
    [
        *("<U400000000", "S8", "V8", "i8,i8", "(1000,)i8", "category", "Sparse[int]", "", None, 7),
        *("datetime64[ns, dateutil//dev/zero]", "datetime64[ns, /etc/passwd]", "period[../x]"),
        *("os.system[pyarrow]", "datetime64[fortnight]", "complex128", "float128"),
    ],
)
def test_no_other_dtype_has_a_name(name: Any) -> None:
    with pytest.raises(ValueError, match="is no "):
        named_dtype(name)


@pytest.mark.parametrize(
    "zone", ["dateutil//dev/zero", "../x", "/dev/zero", "tzlocal()", "Mars", 1]
)
def test_no_other_time_zone_has_a_name(zone: Any) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        time_zone(zone)


def test_names_of_types_are_read() -> None:
    assert numpy_dtype("<f4") == np.float32
    assert named_dtype("interval[datetime64[ns, UTC], left]").subtype.tz is not None
    assert arrow_dtype("timestamp[us, tz=Europe/Berlin]") == pa.timestamp("us", "Europe/Berlin")
    assert frequency("W-SUN") == pd.Period("2020-01-01", "W-SUN").freq
    assert time_zone("UTC+01:00") == "UTC+01:00"


@pytest.mark.parametrize(
    "packed",
    [
        {"type": "os.system", "value": "true"},
        {"type": "numpy", "value": ["<U9", "text"]},
        {"type": "Decimal", "value": "one"},
        {"type": "float", "value": "1.5"},
        {"type": "Timestamp", "value": [1, "ns", "dateutil//dev/zero"]},
        {"type": "Period", "value": [1, "../x"]},
        {"type": "NaT", "value": 1},
        {"type": ["tuple"]},
        {"value": 1},
        [1],
    ],
)
def test_no_other_value_is_unpacked(packed: Any) -> None:
    with pytest.raises(ValueError, match="is no saved value"):
        from_jsonable(packed)


def test_a_state_has_its_keys_and_no_others() -> None:
    fields = {"text": optional(Matching("a+")), "list": ListOf(Matching("b"), min_length=1)}
    assert check_state("it", {"text": None, "list": ["b"]}, fields)
    for state, message in {
        "[]": "no mapping for it",
        '{"text": "a"}': "missing from it",
        '{"text": "a", "list": ["b"], "more": 1}': "not known in it",
        '{"text": "b", "list": ["b"]}': "text of it must be None or a text like a",
        '{"text": "a", "list": []}': "list of it must be a list",
    }.items():
        with pytest.raises(ValueError, match=message):
            check_state("it", json.loads(state), fields)


# Files of ill will, their digest made anew


@pytest.fixture(scope="module")
def model(quick: dict[str, Any]) -> WGANGPSynthesizer:
    rng = np.random.default_rng(1)
    prices = pd.Series([decimal.Decimal(number) for number in range(80)])
    table = pd.DataFrame(
        {
            "price": prices.astype(pd.ArrowDtype(pa.decimal128(9, 2))),
            "number": rng.normal(size=80),
            "label": rng.choice(["a", "b"], 80),
            "day": pd.Timestamp("2024-01-01", tz="Europe/Rome")
            + pd.to_timedelta(rng.integers(0, 99, 80), "D"),
        }
    )
    return WGANGPSynthesizer(**(quick | {"calibrate": True})).fit(table)


@pytest.fixture
def path(model: WGANGPSynthesizer, tmp_path: Path) -> Path:
    model.save(tmp_path / "model")
    return tmp_path / "model"


Change = Callable[[dict[str, Any], dict[str, np.ndarray]], Any]


def forge(path: Path, change: Change) -> None:
    with safe_open(path, framework="numpy") as file:
        header = dict(file.metadata())
    arrays, content = load_file(path), json.loads(header["content"])
    change(content, arrays)
    header["content"] = json.dumps(content)
    header["digest"] = digest(header["content"], arrays)
    save_file(arrays, path, header)


def column(content: dict[str, Any], place: int) -> dict[str, Any]:
    return content["table"]["columns"][place]


def test_a_type_is_no_function(path: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")

    def change(content: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        column(content, 0)["physical"] |= {"decimal": "OSFile", "at": [os.fspath(victim), "w"]}

    forge(path, change)
    with pytest.raises(ValueError, match=r"model' is truncated or not .*decimal of a type"):
        WGANGPSynthesizer.load(path)
    assert victim.read_text() == "precious"


@pytest.mark.parametrize(
    ("component", "name", "value"),
    [
        ("generator", "width", 20_000),
        ("generator", "width", 2**62),
        ("generator", "latent_dim", 10**8),
        ("generator", "latent_dim", 10**30),
        ("generator", "layers", 10**6),
        ("critic", "width", 10**7),
        ("critic", "layers", 10**6),
        ("critic", "packing", 10**9),
        ("critic", "minibatch_features", 10**7),
    ],
)
def test_a_small_file_makes_no_large_network(
    path: Path, component: str, name: str, value: int
) -> None:
    def enlarge(content: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        content["config"][component]["parameters"][name] = value

    forge(path, enlarge)
    refused = "model' is truncated or not a model file"
    # What is imported for it is not looked at: that takes long while memory is traced.
    with pytest.raises(ValueError, match=refused):
        WGANGPSynthesizer.load(path)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=refused):
            WGANGPSynthesizer.load(path)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()


def _nan(content: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    arrays["generator.output.weight"][0, 0] = np.nan


def _huge(content: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    arrays["generator.output.weight"][:] = 1e8


def _unsorted(content: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    arrays["columns.1.ranks.knots"] = arrays["columns.1.ranks.knots"][::-1].copy()


def _negative(content: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    arrays["generator.norm.running_var"][0] = -1


def _padding(content: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    arrays["head.logit_bias"][:] = 1e9


def _forbidden(change: Callable[[np.ndarray], np.ndarray | None]) -> Change:
    """Change the forbidden pairs, which are all False."""

    def forge(content: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        name = "head.coupling.forbidden"
        changed = change(arrays[name])
        arrays[name] = arrays[name] if changed is None else changed

    return forge


FORGERIES: dict[str, tuple[Change, str]] = {
    "NaN weights": (_nan, "not finite"),
    "huge weights": (_huge, "out of range"),
    "knots unsorted": (_unsorted, "column 'number': knots"),
    "negative variance": (_negative, "no weights"),
    "padding drawn": (_padding, "weights of the head|draw padding"),
    "forbidden pairs as floats": (_forbidden(lambda pairs: pairs - 30.0 * pairs), "not bool"),
    "forbidden pairs of 2": (
        _forbidden(lambda pairs: pairs.view("u1").__iadd__(2).view(bool)),
        "not bool",
    ),
    "forbidden pairs of another shape": (_forbidden(lambda pairs: pairs[1:]), "do not fit"),
    "a pair in one order": (_forbidden(lambda pairs: np.eye(len(pairs), k=1) > 0), "one order"),
    "a pair of one block": (_forbidden(lambda pairs: np.eye(len(pairs)) > 0), "of one block"),
    "text dtype": (lambda c, a: column(c, 2).update(dtype="<U400000000"), "column 'label': dtype"),
    "zone": (lambda c, a: column(c, 3)["physical"].update(dtype="datetime64[ns, X]"), "time zone"),
    "kind": (lambda c, a: column(c, 2).update(kind="numeric"), "column 'label'"),
    "class": (lambda c, a: column(c, 2)["physical"].update({"class": "np"}), "no way to store"),
    "category twice": (lambda c, a: column(c, 2).update(levels=["a", "a"]), "a category twice"),
    "missing rate": (lambda c, a: column(c, 2).update(missing_rate=2), "missing_rate"),
    "grid": (
        lambda c, a: column(c, 0)["grid"].update(high=-1),
        "column 'price': a grid's ends and step",
    ),
    "parameter": (lambda c, a: c["parameters"].update(max_steps="os.system"), "max_steps must be"),
    "component": (lambda c, a: c["config"]["objective"].update(component="os"), "there is no 'os'"),
    "optimizer": (
        lambda c, a: c["config"]["optimizer"]["parameters"].update(algorithm="os.system"),
        "algorithm must be",
    ),
    "key too many": (lambda c, a: c.update(more=1), "not known in its description"),
    "key too few": (lambda c, a: c.pop("history"), "missing from its description"),
    "conditional": (lambda c, a: c.update(conditional={"gibbs_steps": 10**9}), "conditional of"),
    "column names": (lambda c, a: c["table"]["index"].update(names=["a"] * 4), "two columns"),
    "array dtype": (lambda c, a: c["table"].update(array_dtype="<U99"), "no dtype of a column"),
}


@pytest.mark.parametrize(("change", "message"), FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_file_is_refused(path: Path, change: Change, message: str) -> None:
    forge(path, change)
    with pytest.raises(ValueError, match=message) as error:
        WGANGPSynthesizer.load(path)
    assert str(error.value).startswith(f"{str(path)!r} is truncated or not a model file (")
    assert "\n" not in str(error.value)
    result = CliRunner().invoke(app, ["info", str(path)])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {str(path)!r} is truncated or not a model file (")


RULE_FORGERIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a date twice": lambda rule: rule.update(parts=rule["parts"], weights=[20_000, 1]),
    "support of a list": lambda rule: rule["support"].update(broken=[]),
    "support of a dict": lambda rule: rule["support"].update(permuted={}),
    "negative support": lambda rule: rule["support"].update(rows=-1),
    "a form of text": lambda rule: rule["learned"].update(form_="x"),
}


@pytest.fixture(scope="module")
def ruled(quick: dict[str, Any]) -> WGANGPSynthesizer:
    """A model of a table with a rule that is only checked, as a target is never computed."""
    days = np.arange(60) % 17
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(60) * 7 % 50, "D")
    rows = pd.DataFrame({"start": start, "days": days, "end": start + pd.to_timedelta(days, "D")})
    model = WGANGPSynthesizer(**quick, conditional=False, rules=[Sum("end", ["start", "days"])])
    return model.fit(rows[["start", "days"]], rows["end"])


@pytest.mark.parametrize("change", RULE_FORGERIES.values(), ids=RULE_FORGERIES.keys())
def test_a_forged_rule_is_refused(
    ruled: WGANGPSynthesizer, tmp_path: Path, change: Callable[[dict], Any]
) -> None:
    path = tmp_path / "model"
    ruled.save(path)
    WGANGPSynthesizer.load(path)

    def forged(content: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        [rule] = _rules_in(content["table"])
        change(rule)

    forge(path, forged)
    with pytest.raises(ValueError, match="is truncated or not a model file") as error:
        WGANGPSynthesizer.load(path)
    assert str(error.value).startswith(repr(str(path)))


def _rules_in(state: Any) -> list[dict[str, Any]]:
    """Fitted rules anywhere in the description of a table."""
    parts = state.values() if isinstance(state, dict) else state if isinstance(state, list) else []
    own = [state] if isinstance(state, dict) and "support" in state else []
    return own + [rule for part in parts for rule in _rules_in(part)]


def test_a_letter_that_changed_is_noticed(path: Path) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"label", b"lapel", 1))
    with pytest.raises(ValueError, match="it is damaged"):
        WGANGPSynthesizer.load(path)


@pytest.mark.parametrize("text", ["[" * 10**5, '{"a": NaN}', '{"a": 1e999}', "9" * 5000, "\ud800"])
def test_json_that_no_model_has(path: Path, text: str) -> None:
    with safe_open(path, framework="numpy") as file:
        header = dict(file.metadata())
    arrays = load_file(path)
    text = text.replace("\ud800", "")
    header |= {"content": text, "digest": digest(text, arrays)}
    save_file(arrays, path, header)
    with pytest.raises(ValueError, match="is truncated or not a model file"):
        WGANGPSynthesizer.load(path)


def test_parameters_that_could_not_be_loaded_are_not_written(model, tmp_path) -> None:
    spoilt = WGANGPSynthesizer.load(_saved(model, tmp_path), device="cpu").set_params(
        objective__n_critic=0
    )
    with pytest.raises(ValueError, match="n_critic must be"):
        spoilt.save(tmp_path / "other")
    assert not (tmp_path / "other").exists()


def _saved(model: WGANGPSynthesizer, folder: Path) -> Path:
    model.save(folder / "saved")
    return folder / "saved"


def test_a_column_must_hold_its_cells() -> None:
    state, arrays = (
        TableTransformer().fit(pd.DataFrame({"a": np.arange(9, dtype="int8")})).to_state()
    )
    state["columns"][0]["grid"]["high"] = 10_000
    arrays["columns.0.levels"][-1] = 9_999
    with pytest.raises(ValueError, match="column 'a': it has cells that dtype int8 cannot hold"):
        TableTransformer.from_state(state, arrays)
