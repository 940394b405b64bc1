"""The card of a fitted model: what it learned, what it hides, and what it is not for."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import json
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
HOLDS = "The model holds category names, and quantiles and extremes of numbers, but no rows."


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
            sections = {section.title: _score(section.score) for section in report.sections}
            figures = {"score": _score(report.score), "sections": sections}
        return cls(
            {
                "model": {
                    "kind": type(model).__name__,
                    "package": "synthwgan",
                    "version": version("synthwgan"),
                    "digest": model.digest_,
                    "steps": model.n_iter_,
                    "parameters": model.cost_.n_parameters,
                    "settings": changed_parameters(model),
                },
                "data": {
                    "n_columns": len(model.schema_),
                    "target": None if model.target_name_ is None else str(model.target_name_),
                    "columns": [_column(column) for column in model.schema_],
                },
                "rules": [str(rule) for rule in model.rules_],
                "privacy": _privacy(model),
                "figures": figures,
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
            f"A table of {data['n_columns']} columns; the model does not tell how many rows.",
            _table(data["columns"]),
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


def _column(column: Any) -> dict[str, Any]:
    return {
        "name": str(column.name),
        "kind": column.kind,
        "dtype": column.dtype,
        "missing": round(float(column.missing_rate), 4),
        "encoding": column.encoding,
    }


def _privacy(model: Any) -> dict[str, Any]:
    parameters = model.get_params(deep=False)
    names = ("rare", "min_category_rows", "protect_extremes")
    made_anew = [str(column.name) for column in model.schema_ if column.is_made_anew]
    masked = [f"Column {str(one.name)!r}: {one.masked}." for one in model.schema_ if one.masked]
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
