"""What is shipped of the vendors' documents: facts, all that are needed, and as the documents have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract import reduce, sap
from tests.contract.layout import dumps
from tests.contract.reduce import REDUCTIONS, Reduction
from tests.contract.schemas import Shapes, facts_of, mapped, resolved, shared
from tests.reference import DATA, maintainx_document, original, sap_metadata

EACH = pytest.mark.parametrize("reduction", REDUCTIONS.values(), ids=lambda reduction: reduction.shipped)
FIELDS = {f"field{number}": {"type": "string"} for number in range(9)}
SHAPE = {"type": "object", "properties": FIELDS}


@EACH
def test_shipped_facts_equal_those_of_the_vendors_document(reduction: Reduction) -> None:
    text = reduction.text(original(reduction.original).read_bytes())
    assert text == shipped(reduction), "write it anew: python -m tests.contract.reduce DOCUMENT"


@EACH
def test_shipped_facts_have_all_that_is_used_and_give_themselves_again(reduction: Reduction) -> None:
    made = {"maintainx-contract.json": json.dumps(maintainx_document()).encode()}
    assert reduction.text(made.get(reduction.shipped, sap_metadata())) == shipped(reduction)


def shipped(reduction: Reduction) -> str:
    return (DATA / reduction.shipped).read_text(encoding="utf-8")


def test_prose_is_left_out_but_a_field_of_that_name_stays() -> None:
    schema = {
        "type": "object",
        "description": "A pump",
        "title": "Pump",
        "properties": {"description": {"type": "string", "example": "Leaks", "maxLength": 9, "nullable": False}},
        "items": {"oneOf": [{"title": "One", "enum": ["A"]}]},
        "additionalProperties": {"default": 1, "minimum": 0},
    }
    assert facts_of(schema, "pump") == {
        "type": "object",
        "properties": {"description": {"type": "string", "maxLength": 9}},
        "items": {"oneOf": [{"enum": ["A"]}]},
        "additionalProperties": {"minimum": 0},
    }


def test_a_keyword_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="the schema of weight has maxWeight"):
        facts_of({"properties": {"weight": {"maxWeight": 9}}}, "pump")


def test_a_shape_that_occurs_twice_is_said_once_and_comes_back_at_each_place() -> None:
    other = {"type": "object", "properties": {**FIELDS, "more": {"type": "number"}}}
    whole = {
        "properties": {
            "asset": {**SHAPE, "nullable": True},
            "parts": {"type": "array", "items": SHAPE},
            **{name: {"properties": {"asset": other}, "required": [name]} for name in ("first", "second")},
        }
    }
    shapes = Shapes()
    shapes.count(whole, "root")
    names = shapes.names()
    assert list(names.values()) == ["asset", "asset 2"]
    short = shared(names)(whole, "root")
    assert short["properties"]["asset"] == {"$ref": "asset", "nullable": True}
    assert short["properties"]["parts"]["items"] == {"$ref": "asset"}
    said = {name: mapped(json.loads(text), name, shared(names)) for text, name in names.items()}
    back = resolved(said)(short, "root")
    assert back == whole
    back["properties"]["parts"]["items"]["properties"].clear()
    assert back["properties"]["asset"] == {**SHAPE, "nullable": True}


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.json", "{", "Expecting property name"),
        ("a.json", '{"openapi": "3.0.0", "info": {"version": "1"}, "paths": {}, "x-webhooks": {}}', "has no DELETE"),
        ("a.json", "{}", "it has no 'openapi'"),
        ("a.edmx", "<Edmx", "unclosed token"),
        ("a.edmx", "<Edmx/>", "0 times EntitySet MaintenanceOrder"),
        ("a.yaml", "", "neither in .json"),
    ],
)
def test_a_document_that_is_none_is_refused_and_nothing_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: str,
    fault: str,
) -> None:
    monkeypatch.setattr(reduce, "DATA", tmp_path / "data")
    (tmp_path / name).write_text(content)
    assert reduce.main([]) == 2
    assert "no document is named" in capsys.readouterr().err
    assert reduce.main([str(tmp_path / name)]) == 2
    assert fault in capsys.readouterr().err


def test_labels_of_metadata_are_left_out() -> None:
    labelled = sap_metadata().replace(
        b'<Property Name="Equipment" ', b'<Property Name="Equipment" sap:label="Equipment" '
    )
    assert labelled != sap_metadata()
    assert sap.reduced(labelled) == sap.reduced(sap_metadata())


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"b": [1, None], "a": {}}, '{"a": {}, "b": [1, null]}\n'),
        ({"b": ["x" * 90, "y" * 90], "a": 1}, f'{{\n "a": 1,\n "b": [\n  "{"x" * 90}",\n  "{"y" * 90}"\n ]\n}}\n'),
    ],
)
def test_what_fits_into_a_line_is_one(facts: Any, text: str) -> None:
    assert dumps(facts) == text
    assert json.loads(text) == facts
