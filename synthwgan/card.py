"""The card of a fitted model: what it learned, what it hides, and what it is not for."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from synthwgan.parameters import changed_parameters

if TYPE_CHECKING:
    from synthwgan.evaluation import Report

INTENDED_USE = (
    "Rows for developing, testing and teaching, where the real ones cannot be given away.",
    "Rows of a kind, and cells that are missing, for models that are then judged on real rows.",
)
LIMITS = (
    "A drawn row describes nobody: nothing can be looked up in it about a person.",
    "What is rare or wrong in the real table is so in the synthetic one, or is missing from it.",
    "Conclusions that matter are to be confirmed on real rows.",
)
NOT_PRIVATE = (
    "No differential privacy: nothing proves how little a row of the table can be told from it."
)
HOLDS = (
    "The model holds category names, quantiles and extremes of numbers, and ranks of numbers in "
    "small groups of rows, but no rows."
)


class ModelCard:
    """What a fitted model is, as Markdown and JSON.

    Parameters
    ----------
    content : dict
        JSON-able: ``model``, ``data``, ``rules``, ``privacy``, ``figures``, ``intended_use``,
        ``limits``.
    """

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    @classmethod
    def of(cls, model: Any, report: Report | None = None) -> ModelCard:
        """Describe a fitted model, with the scores of a report if there is one."""
        figures = None
        if report is not None:
            if not hasattr(report, "sections"):
                raise TypeError(f"report must be what `report` returned, got {report!r}")
            sections = {section.title: _score(section.score) for section in report.sections}
            figures = {"score": _score(report.score), "sections": sections}
        return cls(
            {
                "model": _model(model, model.cost_.n_parameters),
                "data": _table_of(model.schema_, model.n_rows_, model.target_name_),
                "rules": [str(rule) for rule in model.rules_],
                "privacy": _privacy(model, model.schema_),
                "figures": figures,
                "intended_use": list(INTENDED_USE),
                "limits": list(LIMITS),
            }
        )

    @classmethod
    def of_domains(cls, model: Any, n_parameters: int) -> ModelCard:
        """Describe a fitted model of several tables."""
        domains = model.union_.domains
        schemas = {name: one.transformer.schema_ for name, one in domains.items()}
        return cls(
            {
                "model": _model(model, n_parameters),
                "data": {
                    "domains": {
                        name: _table_of(schemas[name], one.n_rows, model.target_)
                        for name, one in domains.items()
                    }
                },
                "rules": [f"{name}: {rule}" for name, own in model.rules_.items() for rule in own],
                "privacy": _privacy(model, [one for own in schemas.values() for one in own]),
                "figures": None,
                "intended_use": list(INTENDED_USE),
                "limits": list(LIMITS),
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the content, JSON-able."""
        return self.content

    def to_json(self) -> str:
        """Return the content as JSON."""
        return json.dumps(self.content, indent=2, ensure_ascii=False)

    def to_markdown(self) -> str:
        """Return the card as a page of Markdown."""
        model, data = self.content["model"], self.content["data"]
        parts = [
            "# Model card",
            f"{model['kind']} of synthwgan {model['version']}, {model['parameters']:,} parameters, "
            f"trained for {model['steps']:,} steps.",
            f"Digest of the model: `{model['digest']}`",
            "## Data",
            *_data(data),
            "## Rules that every drawn row keeps",
            _list([f"`{rule}`" for rule in self.content["rules"]]),
            "## Privacy",
            _list(self.content["privacy"]["notes"]),
            "## Figures",
            _figures(self.content["figures"]),
            "## Intended use",
            _list(self.content["intended_use"]),
            "## Limits",
            _list(self.content["limits"]),
            "## Settings",
            _list([f"`{name}={value}`" for name, value in model["settings"].items()]),
        ]
        return "\n\n".join(parts) + "\n"

    def __str__(self) -> str:
        return self.to_markdown()


def _model(model: Any, n_parameters: int) -> dict[str, Any]:
    return {
        "kind": type(model).__name__,
        "package": "synthwgan",
        "version": version("synthwgan"),
        "digest": model.digest_,
        "steps": model.n_iter_,
        "parameters": n_parameters,
        "settings": changed_parameters(model),
    }


def _table_of(schema: Iterable[Any], n_rows: int, target: Any) -> dict[str, Any]:
    columns = [_column(column) for column in schema]
    return {
        "n_rows": n_rows,
        "n_columns": len(columns),
        "target": None if target is None else str(target),
        "columns": columns,
    }


def _column(column: Any) -> dict[str, Any]:
    return {
        "name": str(column.name),
        "kind": column.kind,
        "dtype": column.dtype,
        "missing": round(float(column.missing_rate), 4),
        "encoding": column.encoding,
    }


def _privacy(model: Any, schema: Iterable[Any]) -> dict[str, Any]:
    # What a model of several tables cannot be asked is as it is by default.
    parameters = {"rare": "resample", "min_category_rows": 1, "protect_extremes": 0}
    names = tuple(parameters)
    parameters |= model.get_params(deep=False)
    schema = list(schema)
    made = (str(column.name) for column in schema if column.is_made_anew)
    made_anew = list(dict.fromkeys(made))
    masked = [f"Column {str(one.name)!r}: {one.masked}." for one in schema if one.masked]
    notes = [NOT_PRIVATE, HOLDS, *masked]
    if made_anew:
        notes.append(f"Made anew and not learned: {', '.join(made_anew)}.")
    if parameters["rare"] != "mask":
        notes.append("Rare categories are not masked: they come back as they are.")
    if not parameters["protect_extremes"]:
        notes.append("The smallest and largest numbers are not protected: they come back.")
    return {**{name: parameters[name] for name in names}, "made_anew": made_anew, "notes": notes}


def _score(score: float) -> float | None:
    # JSON has no NaN.
    return None if score != score else round(float(score), 4)


def _data(data: dict[str, Any]) -> list[str]:
    if "domains" not in data:
        return [_size(data), _table(data["columns"])]
    parts = []
    for name, own in data["domains"].items():
        parts += [f"### {_cell(name)}", _size(own), _table(own["columns"])]
    return parts


def _size(data: dict[str, Any]) -> str:
    return f"Learned from {data['n_rows']:,} rows of {data['n_columns']} columns."


def _table(columns: list[dict[str, Any]]) -> str:
    lines = ["| Column | Kind | Type | Missing | Learned as |", "|---|---|---|---|---|"]
    for column in columns:
        cells = (column["name"], column["kind"], column["dtype"])
        cells += (f"{column['missing']:.0%}", column["encoding"])
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text that does not end the cell, the row or the page's markup."""
    text = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
    return text.replace("<", "&lt;").replace("`", "\\`")


def _list(items: list[str]) -> str:
    return "\n".join(f"- {item}" for item in items) if items else "None."


def _figures(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return "No report was made."
    scores = {"All": figures["score"], **figures["sections"]}
    return _list(
        [
            f"{title}: {'no score' if score is None else f'{score:.0%}'}"
            for title, score in scores.items()
        ]
    )
