"""The calls of google.firestore.v1.Firestore, each a request in and messages out. No gRPC here but its status codes.

All handlers run on one event loop and none awaits while it holds a SQLite transaction, so commits are one after
another by construction.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator
from typing import Any

import grpc

from local.firestore import fields, messages, paths
from local.firestore.aggregation import aggregate
from local.firestore.query import matching, run_query
from local.firestore.refusal import Refusal, invalid, unimplemented
from local.firestore.store import DocumentStore
from local.firestore.transactions import Transactions
from local.firestore.writes import apply_write, set_time, target

_ID_CHARACTERS = string.ascii_letters + string.digits
_LIST_PAGE = 300


class FirestoreService:
    """Answers the calls from a DocumentStore. Methods are named as in the contract and may raise Refusal."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store
        self._transactions = Transactions()

    # Writes

    def commit(self, request: Any) -> Any:
        """All writes or none, in the order given."""
        database = paths.check_database(request.database)
        if request.transaction:
            self._transactions.verify(request.transaction, writes=bool(request.writes))
        response = messages.CommitResponse()
        if request.writes:
            with self._store.commit() as at_us:
                for write in request.writes:
                    response.write_results.append(self._write(database, write, at_us))
        else:
            at_us = self._store.now_us()
        if request.transaction:
            self._transactions.end(request.transaction)
        set_time(response.commit_time, at_us)
        return response

    def batch_write(self, request: Any) -> Any:
        """Each write for itself: one may fail and the next succeed. All that succeed are durable together."""
        database = paths.check_database(request.database)
        names = [target(write) for write in request.writes]
        if len(set(names)) < len(names):
            invalid("the same document cannot be written more than once in a single request")
        response = messages.BatchWriteResponse()
        with self._store.commit() as at_us:
            for write in request.writes:
                result, status = response.write_results.add(), response.status.add()
                try:
                    result.CopyFrom(self._write(database, write, at_us))
                except Refusal as refusal:
                    status.code, status.message = refusal.code.value[0], refusal.details
        return response

    def create_document(self, request: Any) -> Any:
        """A new document, under an id of its own if none is given."""
        document_id = request.document_id or "".join(secrets.choice(_ID_CHARACTERS) for _ in range(20))
        write = messages.Write(update=request.document)
        write.update.name = f"{request.parent}/{request.collection_id}/{document_id}"
        write.current_document.exists = False
        return self._write_one(write, request)

    def update_document(self, request: Any) -> Any:
        """The document after the update."""
        write = messages.Write(update=request.document)
        if request.HasField("update_mask"):
            write.update_mask.CopyFrom(request.update_mask)
        if request.HasField("current_document"):
            write.current_document.CopyFrom(request.current_document)
        return self._write_one(write, request)

    def delete_document(self, request: Any) -> Any:
        """Nothing, whether or not the document was there (unless a precondition says otherwise)."""
        write = messages.Write(delete=request.name)
        if request.HasField("current_document"):
            write.current_document.CopyFrom(request.current_document)
        paths.check_document(request.name)
        with self._store.commit() as at_us:
            self._write(_database_of(request.name), write, at_us)
        return messages.Empty()

    # Reads

    def get_document(self, request: Any) -> Any:
        """One document, NOT_FOUND if there is none."""
        transaction = self._reading(request)
        document = self._read(request.name, transaction)
        if document is None:
            raise Refusal(grpc.StatusCode.NOT_FOUND, f"Document {request.name!r} not found.")
        return _masked(document, request)

    def batch_get_documents(self, request: Any) -> Iterator[Any]:
        """Each document asked for, found or missing."""
        database = paths.check_database(request.database)
        transaction = self._reading(request)
        if request.HasField("new_transaction"):
            yield messages.BatchGetDocumentsResponse(transaction=transaction)
        for name in dict.fromkeys(request.documents):
            document = self._read(paths.within(database, name), transaction)
            response = messages.BatchGetDocumentsResponse(read_time=self._now())
            if document is None:
                response.missing = name
            else:
                response.found.CopyFrom(_masked(document, request))
            yield response

    def list_documents(self, request: Any) -> Any:
        """A page of a collection's documents in the order of their names; with show_missing also the ids that only
        have collections below them."""
        if request.order_by:
            unimplemented("ListDocuments with order_by; use a query.")
        self._reading(request)
        prefix = f"{paths.check_parent(request.parent)}/{request.collection_id}"
        size = request.page_size or _LIST_PAGE
        names = self._listed_names(prefix, show_missing=request.show_missing)
        following = [name for name in names if name > request.page_token][: size + 1]
        response = messages.ListDocumentsResponse()
        for name in following[:size]:
            document = self._store.get(name) or messages.Document(name=name)
            response.documents.append(_masked(document, request))
        if len(following) > size:
            response.next_page_token = following[size - 1]
        return response

    def list_collection_ids(self, request: Any) -> Any:
        """The ids of the collections directly below a document or the root."""
        skip = len(paths.check_parent(request.parent)) + 1
        names = self._store.names_below(request.parent)
        found = sorted({name[skip:].partition("/")[0] for name in names} - {""})
        following = [name for name in found if name > request.page_token]
        size = request.page_size or len(following)
        response = messages.ListCollectionIdsResponse(collection_ids=following[:size])
        if len(following) > size:
            response.next_page_token = following[size - 1]
        return response

    def run_query(self, request: Any) -> Iterator[Any]:
        """Each document found; one answer without a document if there is none."""
        if request.HasField("explain_options"):
            unimplemented("Query explain.")
        transaction = self._reading(request)
        query = request.structured_query
        if transaction:
            self._note_query(transaction, request.parent, query)
        if request.HasField("new_transaction"):
            yield messages.RunQueryResponse(transaction=transaction)
        found = False
        for document in run_query(self._store, request.parent, query):
            found = True
            yield messages.RunQueryResponse(document=document, read_time=self._now())
        if not found:
            yield messages.RunQueryResponse(read_time=self._now())

    def run_aggregation_query(self, request: Any) -> Iterator[Any]:
        """One answer with all the aggregations."""
        if request.HasField("explain_options"):
            unimplemented("Query explain.")
        transaction = self._reading(request)
        query = request.structured_aggregation_query
        if transaction:
            self._note_query(transaction, request.parent, query.structured_query)
        documents = list(matching(self._store, request.parent, query.structured_query))
        response = messages.RunAggregationQueryResponse(
            result=aggregate(documents, query.aggregations), read_time=self._now()
        )
        if request.HasField("new_transaction"):
            response.transaction = transaction
        yield response

    # Transactions

    def begin_transaction(self, request: Any) -> Any:
        """A new transaction."""
        paths.check_database(request.database)
        return messages.BeginTransactionResponse(transaction=self._transactions.begin(request.options))

    def rollback(self, request: Any) -> Any:
        """Nothing; the transaction is gone."""
        self._transactions.end(request.transaction)
        return messages.Empty()

    def _write(self, database: str, write: Any, at_us: int) -> Any:
        """Apply one write within a commit; the WriteResult."""
        name = paths.within(database, target(write))
        current = self._store.get(name)
        document, result = apply_write(write, current, at_us)
        if document is not None:
            self._store.put(document, current)
        elif current is not None:
            self._store.delete(current)
        return result

    def _write_one(self, write: Any, request: Any) -> Any:
        name = paths.check_document(write.update.name)
        with self._store.commit() as at_us:
            self._write(_database_of(name), write, at_us)
        return _masked(self._store.get(name), request)

    def _reading(self, request: Any) -> bytes:
        """The transaction that a read is in, b"" if none."""
        selector = request.WhichOneof("consistency_selector")
        if selector == "read_time":
            unimplemented("Reading the past (read_time).")
        if selector == "new_transaction":
            return self._transactions.begin(request.new_transaction)
        if selector is None:
            return b""
        transaction: bytes = request.transaction
        self._transactions.check(transaction)
        return transaction

    def _read(self, name: str, transaction: bytes) -> Any | None:
        paths.check_document(name)
        if transaction:
            self._transactions.note(transaction, lambda: _version(self._store.get(name)))
        return self._store.get(name)

    def _note_query(self, transaction: bytes, parent: str, query: Any) -> None:
        self._transactions.note(
            transaction, lambda: [_version(found) for found in matching(self._store, parent, query)]
        )

    def _listed_names(self, prefix: str, *, show_missing: bool) -> list[str]:
        """Names in one collection in the order of the names; prefix: the collection with its root."""
        skip = len(prefix) + 1
        below = self._store.names_below(prefix)
        if not show_missing:
            return [name for name in below if "/" not in name[skip:]]
        return sorted({prefix + "/" + name[skip:].partition("/")[0] for name in below})

    def _now(self) -> Any:
        now = messages.Timestamp()
        set_time(now, self._store.now_us())
        return now


def _database_of(name: str) -> str:
    return name.partition("/documents/")[0]


def _version(document: Any | None) -> tuple[str, int, int] | None:
    """What changes when a document does."""
    if document is None:
        return None
    return document.name, document.update_time.seconds, document.update_time.nanos


def _masked(document: Any, request: Any) -> Any:
    if not request.HasField("mask"):
        return document
    return fields.projected(document, map(paths.field_path, request.mask.field_paths))
