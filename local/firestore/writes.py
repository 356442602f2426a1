"""What one write makes of one document. Pure: nothing is stored here."""

from __future__ import annotations

from typing import Any

import grpc

from local.firestore import fields
from local.firestore.messages import Document, WriteResult
from local.firestore.paths import field_path
from local.firestore.refusal import Refusal, invalid, unimplemented
from local.firestore.transforms import apply_transform
from local.firestore.values import check_document_content


def target(write: Any) -> str:
    """The name of the document that a write is about."""
    operation = write.WhichOneof("operation")
    if operation is None:
        invalid("empty write operation")
    if operation not in ("update", "delete"):
        unimplemented(f"Write operation {operation!r}; use update_transforms.")
    name: str = write.update.name if operation == "update" else write.delete
    return name


def apply_write(write: Any, current: Any | None, at_us: int) -> tuple[Any | None, Any]:
    """The document after the write (None: it is gone) and the write's result.

    `current` is not changed. A write that changes nothing keeps the document's update_time, as Google's does.
    Refuses as NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION or INVALID_ARGUMENT.
    """
    name = target(write)
    _check_precondition(write, current, name)
    if write.WhichOneof("operation") == "delete":
        return None, WriteResult()
    document = _written(write, current, name, at_us)
    result = WriteResult()
    for transform in write.update_transforms:
        result.transform_results.append(apply_transform(document, transform, at_us))
    if current is None or document != current:
        check_document_content(document)
        set_time(document.update_time, at_us)
    result.update_time.CopyFrom(document.update_time)
    return document, result


def set_time(timestamp: Any, microseconds: int) -> None:
    """Set a protobuf Timestamp to so many microseconds after 1970."""
    timestamp.seconds, rest_us = divmod(microseconds, 1_000_000)
    timestamp.nanos = rest_us * 1000


def _written(write: Any, current: Any | None, name: str, at_us: int) -> Any:
    """The document with the write's fields, before transforms, still with the update_time of `current`."""
    masked = write.HasField("update_mask")
    document = Document()
    if not masked:
        document.CopyFrom(write.update)
    elif current is not None:
        document.CopyFrom(current)
    document.name = name
    if current is not None:
        document.create_time.CopyFrom(current.create_time)
        document.update_time.CopyFrom(current.update_time)
    else:
        set_time(document.create_time, at_us)
        document.ClearField("update_time")
    for text in write.update_mask.field_paths if masked else ():
        path = field_path(text)
        value = fields.get(write.update.fields, path)
        if value is None:
            fields.remove(document.fields, path)
        else:
            fields.put(document.fields, path, value)
    return document


def _check_precondition(write: Any, current: Any | None, name: str) -> None:
    condition = write.current_document
    kind = condition.WhichOneof("condition_type")
    if kind == "exists" and condition.exists and current is None:
        raise Refusal(grpc.StatusCode.NOT_FOUND, f"No document to update: {name}")
    if kind == "exists" and not condition.exists and current is not None:
        raise Refusal(grpc.StatusCode.ALREADY_EXISTS, f"Document already exists: {name}")
    if kind == "update_time" and (current is None or current.update_time != condition.update_time):
        stored = current.update_time.ToJsonString() if current is not None else "no document"
        raise Refusal(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"the stored version ({stored}) does not match the required base version "
            f"({condition.update_time.ToJsonString()}): {name}",
        )
