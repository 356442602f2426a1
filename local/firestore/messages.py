"""The protobuf classes of google-cloud-firestore without their Python wrappers, which cost too much on each call."""

from __future__ import annotations

from typing import Any

from google.cloud.firestore_v1 import types
from google.protobuf import empty_pb2, timestamp_pb2


def _raw(wrapper: Any) -> Any:
    return wrapper.pb()


Empty: Any = empty_pb2.Empty  # type: ignore[attr-defined]  # protobuf makes its classes at run time
Timestamp: Any = timestamp_pb2.Timestamp  # type: ignore[attr-defined]  # the same
Document = _raw(types.Document)
Value = _raw(types.Value)
MapValue = _raw(types.MapValue)
Write = _raw(types.Write)
WriteResult = _raw(types.WriteResult)
FieldTransform = _raw(types.DocumentTransform.FieldTransform)
StructuredQuery = _raw(types.StructuredQuery)
FieldFilter = _raw(types.StructuredQuery.FieldFilter)
UnaryFilter = _raw(types.StructuredQuery.UnaryFilter)
CompositeFilter = _raw(types.StructuredQuery.CompositeFilter)
Cursor = _raw(types.Cursor)
AggregationResult = _raw(types.AggregationResult)

BatchGetDocumentsRequest = _raw(types.BatchGetDocumentsRequest)
BatchGetDocumentsResponse = _raw(types.BatchGetDocumentsResponse)
BatchWriteRequest = _raw(types.BatchWriteRequest)
BatchWriteResponse = _raw(types.BatchWriteResponse)
BeginTransactionRequest = _raw(types.BeginTransactionRequest)
BeginTransactionResponse = _raw(types.BeginTransactionResponse)
CommitRequest = _raw(types.CommitRequest)
CommitResponse = _raw(types.CommitResponse)
CreateDocumentRequest = _raw(types.CreateDocumentRequest)
DeleteDocumentRequest = _raw(types.DeleteDocumentRequest)
GetDocumentRequest = _raw(types.GetDocumentRequest)
ListCollectionIdsRequest = _raw(types.ListCollectionIdsRequest)
ListCollectionIdsResponse = _raw(types.ListCollectionIdsResponse)
ListDocumentsRequest = _raw(types.ListDocumentsRequest)
ListDocumentsResponse = _raw(types.ListDocumentsResponse)
RollbackRequest = _raw(types.RollbackRequest)
RunAggregationQueryRequest = _raw(types.RunAggregationQueryRequest)
RunAggregationQueryResponse = _raw(types.RunAggregationQueryResponse)
RunQueryRequest = _raw(types.RunQueryRequest)
RunQueryResponse = _raw(types.RunQueryResponse)
UpdateDocumentRequest = _raw(types.UpdateDocumentRequest)
