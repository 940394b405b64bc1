"""Croissant metadata beside a written table: what it holds, and that it is synthetic.

Croissant (mlcommons.org/croissant) is JSON-LD on schema.org's vocabulary, which catalogues of data
sets and loaders of machine learning read.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from pandas.api import types

from synthwgan.io.base import PROVENANCE
from synthwgan.io.formats import table_suffix
from synthwgan.io.rows import frame_of_rows
from synthwgan.io.tables import write_text

SUFFIX = ".croissant.json"
_CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
# The names that are not schema.org's own, as the specification's first appendix writes them.
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "description": {"@container": "@language"},
    "name": {"@container": "@language"},
    **{
        name: f"cr:{name}"
        for name in (
            *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract"),
            *("field", "fileObject", "fileProperty", "fileSet", "format", "includes", "isArray"),
            *("isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet"),
            *("references", "regex", "repeated", "replace", "samplingRate", "separator"),
            *("source", "subField", "transform"),
        )
    },
}
# What the International Press Telecommunications Council calls media of a trained model, and
# media in which some of it was put.
_SOURCES = {
    "drawn": "https://schema.org/TrainedAlgorithmicMediaDigitalSource",
    "completed": "https://schema.org/CompositeWithTrainedAlgorithmicMediaDigitalSource",
}
_SAID = {
    "drawn": "Synthetic: every row was drawn from a model, and describes nobody.",
    "completed": "Partly synthetic: some cells were given, and a model drew the others.",
}
_LIMITS = (
    "What is rare or wrong in the real table is so in the synthetic one, or is missing from it.",
    "Conclusions that matter are to be confirmed on real rows.",
)
_MEDIA = {
    ".csv": ["text/csv"],
    ".tsv": ["text/tab-separated-values"],
    ".jsonl": ["application/jsonlines"],
    ".parquet": ["application/x-parquet"],
    ".feather": ["application/vnd.apache.arrow.file"],
    ".xlsx": ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
}
_PACKED = {".gz": "application/gzip", ".zst": "application/zstd"}
# By what pandas calls cells.
_DATA_TYPES = {
    "boolean": "sc:Boolean",
    "integer": "sc:Integer",
    "floating": "sc:Float",
    "mixed-integer-float": "sc:Float",
    "decimal": "sc:Float",
    "datetime64": "sc:DateTime",
    "datetime": "sc:DateTime",
    "date": "sc:Date",
    "time": "sc:Time",
}
_LOOK = 1000
_ROWS = "rows"
_PIECE = 1 << 20


def write_croissant(
    path: str | os.PathLike[str],
    rows: Any,
    *,
    name: str | None = None,
    description: str | None = None,
    license: str | None = None,
    creator: str | None = None,
    url: str | None = None,
) -> Path:
    """Describe a written table of synthetic rows in Croissant 1.1, beside it.

    Parameters
    ----------
    path : path
        The file of the table, as `TableWriter` has written it.
    rows : DataFrame or pyarrow Table
        Its rows, or the first of them: they have the columns, their dtypes, and in ``attrs``, or
        in the metadata of Arrow, the model that drew them. Frames of polars have no place for it.
    name : str, optional
        What the data set is called; by default as its file.
    description : str, optional
        What it is about, put before the statement that it is synthetic.
    license, url : str, optional
        Addresses of the licence and of the data set's page. Croissant asks for both, and
        for the creator, in what is published.
    creator : str, optional
        Person or organisation.

    Returns
    -------
    Path
        The file that was written: that of the table, with ``.croissant.json`` behind its name.

    Raises
    ------
    ValueError
        If the rows do not say that they are synthetic.
    OSError
        If the table cannot be read, or the file not be written.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> import pandas as pd
    >>> from synthwgan import WGANGPSynthesizer
    >>> from synthwgan.io import TableWriter, write_croissant
    >>> df = pd.DataFrame({"age": [23, 41, 35, 62] * 25, "paid": ["yes", "no"] * 50})
    >>> rows = WGANGPSynthesizer(max_steps=20, random_state=0).fit(df).sample(10)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "rows.parquet"
    >>> with TableWriter(path) as writer:
    ...     writer.write(rows)
    >>> written = write_croissant(path, rows, license="https://spdx.org/licenses/CC0-1.0.html")
    >>> written.name
    'rows.parquet.croissant.json'
    >>> json.loads(written.read_text())["recordSet"][0]["field"][0]["dataType"]
    'sc:Integer'
    """
    path, rows = Path(path), frame_of_rows(rows)
    told = rows.attrs.get(PROVENANCE)
    if not isinstance(told, Mapping) or told.get("rows") not in _SOURCES:
        raise ValueError(
            f"{path}: the rows do not say that they are synthetic. Give rows as `sample` or "
            "`impute` returned them; where pandas has dropped their attrs, put them back: "
            "rows.attrs = drawn.attrs. Frames of polars and arrays have no place for it: draw with "
            "model.set_output(transform='pandas')."
        )
    said = f"{_SAID[told['rows']]} {_origin(told)}"
    asked = {
        "license": license,
        "url": url,
        "creator": None if creator is None else {"@type": "Organization", "name": creator},
    }
    content = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": path.name.removesuffix(table_suffix(path)) if name is None else name,
        "description": said if description is None else f"{description.strip()} {said}",
        "conformsTo": list(_CONFORMS_TO),
        **{key: value for key, value in asked.items() if value is not None},
        "dateCreated": told["date"],
        "datePublished": told["date"],
        "keywords": ["synthetic data"],
        "digitalSourceType": _SOURCES[told["rows"]],
        **_provenance(told),
        "rai:dataCollection": said,
        "rai:dataCollectionType": "Others",
        "rai:dataLimitations": list(_LIMITS),
        "distribution": [_file(path)],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": _ROWS,
                "name": _ROWS,
                "field": [_field(path, rows[column]) for column in rows.columns],
            }
        ],
    }
    written = path.with_name(path.name + SUFFIX)
    write_text(written, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return written


def _origin(told: Mapping[str, Any]) -> str:
    seed = f", seed {told['seed']}" if told.get("seed") is not None else ""
    privacy = f" Privacy: {told['privacy']}." if "privacy" in told else ""
    return (
        f"Drawn by {told['package']} {told['version']} on {told['date']}{seed}, from the model of "
        f"digest {told['model']}.{privacy}"
    )


def _provenance(told: Mapping[str, Any]) -> dict[str, Any]:
    """Which activity and which program made the data set, in the terms of PROV-O."""
    return {
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:label": "Sampling from a generative model",
            "prov:endedAtTime": told["date"],
            "prov:used": {"@id": f"urn:sha256:{told['model']}"},
        },
        "prov:wasAttributedTo": {
            "@type": "prov:SoftwareAgent",
            "prov:label": f"{told['package']} {told['version']}",
        },
    }


def _file(path: Path) -> dict[str, Any]:
    found, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
            size += len(piece)
    media = _media(table_suffix(path))
    return {
        "@type": "cr:FileObject",
        "@id": quote(path.name),
        "name": path.name,
        # Relative to this description, which lies beside the table.
        "contentUrl": path.name,
        "contentSize": f"{size} B",
        "encodingFormat": media if len(media) > 1 else media[0],
        "sha256": found.hexdigest(),
    }


def _media(suffix: str) -> list[str]:
    """Return what a file is called among media types."""
    for packing, packed in _PACKED.items():
        if suffix.endswith(packing):
            # Readers take the first that they know, and see by its bytes that the file is packed.
            return [*_MEDIA[suffix.removesuffix(packing)], packed]
    return _MEDIA[suffix]


def _field(path: Path, column: pd.Series) -> dict[str, Any]:
    name = str(column.name)
    return {
        "@type": "cr:Field",
        # An identifier is an address, which cannot hold every sign that a name can.
        "@id": f"{_ROWS}/{quote(name, safe='')}",
        "name": name,
        "dataType": _data_type(column),
        "source": {"fileObject": {"@id": quote(path.name)}, "extract": {"column": name}},
    }


def _data_type(column: pd.Series) -> str:
    """Return what the cells are, by the dtype, or by themselves where it does not say."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = pd.Series(column.dtype.categories)
    if types.is_float_dtype(column.dtype):
        # Also where every cell is missing.
        return "sc:Float"
    cells = column.dropna().head(_LOOK).astype(object)
    return _DATA_TYPES.get(types.infer_dtype(cells), "sc:Text")
