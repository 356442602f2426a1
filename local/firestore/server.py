"""The gRPC side: calls of google.firestore.v1.Firestore to the service, Refusal to a status."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc

from local.firestore import messages
from local.firestore.refusal import Refusal
from local.firestore.service import FirestoreService
from local.firestore.store import DocumentStore

STOP_GRACE_S = 0.5
_MAX_REQUEST_BYTES = 12 * 1024 * 1024  # Google takes 10 MiB; leave room so that the refusal is the document's
# so_reuseport off: a second server on the same port must fail, not share it.
_OPTIONS = (("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", _MAX_REQUEST_BYTES))
_SERVICE = "google.firestore.v1.Firestore"

Calls = Counter[str]


class FirestoreServer:
    """One listening server on one SQLite file; start and stop it on the same event loop.

    calls: how often each method was called, by its name in the contract.
    """

    def __init__(self, file: Path, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.calls: Calls = Counter()
        self._file = file
        self._requested = f"{host}:{port}"
        self._host = host
        self._server: Any = None
        self._store: DocumentStore | None = None

    async def start(self) -> str:
        """Open the file and listen; the address as "host:port". RuntimeError if the port is taken."""
        self._store = DocumentStore(self._file)
        self._server = grpc.aio.server(options=_OPTIONS)
        service = FirestoreService(self._store)
        self._server.add_generic_rpc_handlers((_handlers(service, self.calls),))
        port = self._server.add_insecure_port(self._requested)
        await self._server.start()
        return f"{self._host}:{port}"

    async def stop(self) -> None:
        """Let calls under way end, for STOP_GRACE_S at most, and close the file."""
        await self._server.stop(STOP_GRACE_S)
        if self._store is not None:
            self._store.close()


async def serve(file: Path, host: str, port: int) -> None:
    """Run until SIGTERM or SIGINT; says `ready host:port` on standard output once it accepts calls."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = FirestoreServer(file, host=host, port=port)
    print(f"ready {await server.start()}", flush=True)
    await stopping.wait()
    await server.stop()


def _handlers(service: FirestoreService, calls: Calls) -> Any:
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            _unary(name, getattr(service, method), calls),
            request_deserializer=request.FromString,
            response_serializer=response.SerializeToString,
        )
        for name, method, request, response in _UNARY
    }
    handlers |= {
        name: grpc.unary_stream_rpc_method_handler(
            _streaming(name, getattr(service, method), calls),
            request_deserializer=request.FromString,
            response_serializer=response.SerializeToString,
        )
        for name, method, request, response in _STREAMING
    }
    handlers |= {name: make_handler(_unimplemented(name)) for name, make_handler in _NOT_IMPLEMENTED}
    return grpc.method_handlers_generic_handler(_SERVICE, handlers)


def _unary(name: str, method: Callable[[Any], Any], calls: Calls) -> Any:
    async def handle(request: Any, context: Any) -> Any:
        calls[name] += 1
        try:
            return method(request)
        except Refusal as refusal:
            await context.abort(refusal.code, refusal.details)

    return handle


def _streaming(name: str, method: Callable[[Any], Any], calls: Calls) -> Any:
    async def handle(request: Any, context: Any) -> AsyncIterator[Any]:
        calls[name] += 1
        try:
            for response in method(request):
                yield response
        except Refusal as refusal:
            await context.abort(refusal.code, refusal.details)

    return handle


def _unimplemented(name: str) -> Any:
    async def handle(_request: Any, context: Any) -> None:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{name} is not part of the local Firestore.")

    return handle


_UNARY = (
    ("BatchWrite", "batch_write", messages.BatchWriteRequest, messages.BatchWriteResponse),
    ("BeginTransaction", "begin_transaction", messages.BeginTransactionRequest, messages.BeginTransactionResponse),
    ("Commit", "commit", messages.CommitRequest, messages.CommitResponse),
    ("CreateDocument", "create_document", messages.CreateDocumentRequest, messages.Document),
    ("DeleteDocument", "delete_document", messages.DeleteDocumentRequest, messages.Empty),
    ("GetDocument", "get_document", messages.GetDocumentRequest, messages.Document),
    ("ListCollectionIds", "list_collection_ids", messages.ListCollectionIdsRequest, messages.ListCollectionIdsResponse),
    ("ListDocuments", "list_documents", messages.ListDocumentsRequest, messages.ListDocumentsResponse),
    ("Rollback", "rollback", messages.RollbackRequest, messages.Empty),
    ("UpdateDocument", "update_document", messages.UpdateDocumentRequest, messages.Document),
)
_STREAMING = (
    ("BatchGetDocuments", "batch_get_documents", messages.BatchGetDocumentsRequest, messages.BatchGetDocumentsResponse),
    (
        "RunAggregationQuery",
        "run_aggregation_query",
        messages.RunAggregationQueryRequest,
        messages.RunAggregationQueryResponse,
    ),
    ("RunQuery", "run_query", messages.RunQueryRequest, messages.RunQueryResponse),
)
_NOT_IMPLEMENTED: tuple[tuple[str, Any], ...] = (
    ("ExecutePipeline", grpc.unary_unary_rpc_method_handler),
    ("Listen", grpc.stream_stream_rpc_method_handler),
    ("PartitionQuery", grpc.unary_unary_rpc_method_handler),
    ("Write", grpc.stream_stream_rpc_method_handler),
)
