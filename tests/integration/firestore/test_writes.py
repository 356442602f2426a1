"""Documents: create, set, update, delete, and the preconditions that leases are built on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.api_core import exceptions as api
from google.cloud import firestore


def test_created_document_is_read_back_with_its_times(items: Any) -> None:
    written = items.document("a").create({"n": 1})
    found = items.document("a").get()
    assert found.to_dict() == {"n": 1}
    assert found.create_time == found.update_time == written.update_time
    assert abs(found.update_time - datetime.now(UTC)) < timedelta(minutes=1)


def test_missing_document_is_read_as_not_existing(items: Any) -> None:
    found = items.document("none").get()
    assert not found.exists
    assert found.to_dict() is None


def test_create_of_existing_document_is_a_conflict(items: Any) -> None:
    items.document("a").create({"n": 1})
    with pytest.raises(api.AlreadyExists):
        items.document("a").create({"n": 2})
    assert items.document("a").get().to_dict() == {"n": 1}


def test_of_many_creates_at_once_one_wins(items: Any) -> None:
    def create(number: int) -> bool:
        try:
            items.document("one").create({"winner": number})
        except api.AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(32))) == 1


def test_set_replaces_the_whole_document(items: Any) -> None:
    items.document("a").set({"n": 1, "m": {"x": 1}})
    items.document("a").set({"m": {"y": 2}})
    assert items.document("a").get().to_dict() == {"m": {"y": 2}}


def test_set_with_merge_keeps_other_fields_down_the_tree(items: Any) -> None:
    items.document("a").set({"n": 1, "m": {"x": 1}})
    items.document("a").set({"m": {"y": 2}}, merge=True)
    assert items.document("a").get().to_dict() == {"n": 1, "m": {"x": 1, "y": 2}}


def test_update_changes_and_removes_single_fields(items: Any) -> None:
    items.document("a").set({"n": 1, "gone": 1, "m": {"x": 1, "gone": 1}})
    items.document("a").update({"n": 2, "gone": firestore.DELETE_FIELD, "m.gone": firestore.DELETE_FIELD})
    assert items.document("a").get().to_dict() == {"n": 2, "m": {"x": 1}}


def test_update_under_a_field_that_is_no_map_makes_it_one(items: Any) -> None:
    items.document("a").set({"m": 1})
    items.document("a").update({"m.x.y": 2})
    assert items.document("a").get().to_dict() == {"m": {"x": {"y": 2}}}


def test_field_names_that_need_quoting_are_kept(items: Any) -> None:
    items.document("a").set({"with.dot": 1, "with`tick": 2, "mit Ümlaut": 3})
    items.document("a").set({"with.dot": 4, "back\\slash": 5}, merge=True)
    expected = {"with.dot": 4, "with`tick": 2, "mit Ümlaut": 3, "back\\slash": 5}
    assert items.document("a").get().to_dict() == expected


def test_update_of_missing_document_is_not_found(items: Any) -> None:
    with pytest.raises(api.NotFound):
        items.document("none").update({"n": 1})


def test_update_with_current_update_time_passes(client: firestore.Client, items: Any) -> None:
    first = items.document("a").set({"n": 1})
    option = client.write_option(last_update_time=first.update_time)
    second = items.document("a").update({"n": 2}, option=option)
    assert second.update_time > first.update_time


def test_update_with_stale_update_time_is_refused(client: firestore.Client, items: Any) -> None:
    first = items.document("a").set({"n": 1})
    items.document("a").set({"n": 2})
    option = client.write_option(last_update_time=first.update_time)
    with pytest.raises(api.FailedPrecondition):
        items.document("a").update({"n": 3}, option=option)
    with pytest.raises(api.FailedPrecondition):
        items.document("a").delete(option=option)
    assert items.document("a").get().to_dict() == {"n": 2}


def test_update_time_precondition_on_missing_document_is_refused(client: firestore.Client, items: Any) -> None:
    option = client.write_option(last_update_time=datetime.now(UTC))
    with pytest.raises(api.FailedPrecondition):
        items.document("none").update({"n": 3}, option=option)


def test_update_time_grows_with_every_change(items: Any) -> None:
    times = [items.document("a").set({"n": n}).update_time for n in range(20)]
    assert times == sorted(set(times))
    assert all(time.nanosecond % 1000 == 0 for time in times)


def test_write_that_changes_nothing_keeps_the_update_time(items: Any) -> None:
    first = items.document("a").set({"n": 1})
    assert items.document("a").set({"n": 1}).update_time == first.update_time


def test_recreated_document_is_newer_than_the_deleted_one(items: Any) -> None:
    first = items.document("a").create({"n": 1})
    items.document("a").delete()
    assert items.document("a").create({"n": 1}).update_time > first.update_time


def test_delete_is_quiet_about_a_missing_document_unless_it_must_exist(client: firestore.Client, items: Any) -> None:
    items.document("none").delete()
    with pytest.raises(api.NotFound):
        items.document("none").delete(option=client.write_option(exists=True))


def test_deleted_document_leaves_those_below_it(items: Any) -> None:
    items.document("a").set({"n": 1})
    items.document("a").collection("sub").document("b").set({"n": 2})
    items.document("a").delete()
    assert not items.document("a").get().exists
    assert items.document("a").collection("sub").document("b").get().exists


def test_batch_is_all_or_nothing(client: firestore.Client, items: Any) -> None:
    items.document("taken").set({"n": 0})
    batch = client.batch()
    batch.set(items.document("a"), {"n": 1})
    batch.create(items.document("taken"), {"n": 1})
    with pytest.raises(api.AlreadyExists):
        batch.commit()
    assert not items.document("a").get().exists
    assert items.document("taken").get().to_dict() == {"n": 0}


def test_batch_applies_writes_in_order(client: firestore.Client, items: Any) -> None:
    batch = client.batch()
    batch.set(items.document("a"), {"n": 1})
    batch.update(items.document("a"), {"m": 2})
    batch.delete(items.document("b"))
    batch.commit()
    assert items.document("a").get().to_dict() == {"n": 1, "m": 2}


def test_bulk_writer_writes_all(client: firestore.Client, items: Any) -> None:
    writer = client.bulk_writer()
    for n in range(60):
        writer.create(items.document(f"d{n:03}"), {"n": n})
    writer.close()
    assert [found.get("n") for found in items.order_by("n").stream()] == list(range(60))


def test_bulk_writer_reports_the_one_that_failed(client: firestore.Client, items: Any) -> None:
    items.document("d1").set({"n": "before"})
    failed: list[str] = []
    writer = client.bulk_writer()

    def on_error(failure: Any, _writer: Any) -> bool:
        failed.append(failure.operation.reference.id)
        return False

    writer.on_write_error(on_error)
    for n in range(3):
        writer.create(items.document(f"d{n}"), {"n": n})
    writer.close()
    assert failed == ["d1"]
    assert {found.id: found.get("n") for found in items.stream()} == {"d0": 0, "d1": "before", "d2": 2}


def test_add_makes_an_id(items: Any) -> None:
    _, reference = items.add({"n": 1})
    assert reference.get().to_dict() == {"n": 1}


def test_create_document_call_makes_an_id_and_refuses_a_taken_one(client: firestore.Client) -> None:
    api_client = client._firestore_api
    parent = f"{client._database_string}/documents"
    made = api_client.create_document(request={"parent": parent, "collection_id": "items", "document": {}})
    assert made.name.startswith(f"{parent}/items/")
    assert api_client.get_document(request={"name": made.name}).create_time == made.create_time
    with pytest.raises(api.AlreadyExists):
        api_client.create_document(
            request={"parent": parent, "collection_id": "items", "document_id": made.name.split("/")[-1]}
        )


def test_update_and_delete_document_calls(client: firestore.Client) -> None:
    api_client = client._firestore_api
    name = f"{client._database_string}/documents/items/a"
    document = {"name": name, "fields": {"n": {"integer_value": 1}, "m": {"integer_value": 2}}}
    api_client.update_document(request={"document": document})
    changed = {"name": name, "fields": {"n": {"integer_value": 5}}}
    answer = api_client.update_document(
        request={"document": changed, "update_mask": {"field_paths": ["n"]}, "mask": {"field_paths": ["m"]}}
    )
    assert set(answer.fields) == {"m"}
    api_client.delete_document(request={"name": name})
    with pytest.raises(api.NotFound):
        api_client.get_document(request={"name": name})


def test_get_all_with_field_paths_projects(client: firestore.Client, items: Any) -> None:
    items.document("a").set({"n": 1, "m": {"x": 1, "y": 2}})
    found = {
        one.id: one.to_dict()
        for one in client.get_all([items.document("a"), items.document("none")], field_paths=["m.x"])
    }
    assert found == {"a": {"m": {"x": 1}}, "none": None}


def test_listed_documents_include_those_that_only_have_others_below(items: Any) -> None:
    items.document("b").set({"n": 1})
    items.document("a").collection("sub").document("x").set({"n": 1})
    assert [reference.id for reference in items.list_documents(page_size=1)] == ["a", "b"]


def test_collections_are_listed_below_root_and_document(client: firestore.Client, items: Any) -> None:
    items.document("a").collection("sub2").document("x").set({"n": 1})
    items.document("a").collection("sub1").document("x").collection("deep").document("y").set({"n": 1})
    client.document("other/a").set({"n": 1})
    assert [collection.id for collection in client.collections()] == ["items", "other"]
    assert [collection.id for collection in items.document("a").collections()] == ["sub1", "sub2"]


def test_recursive_delete_removes_everything_below(client: firestore.Client, items: Any) -> None:
    items.document("a").set({"n": 1})
    items.document("a").collection("sub").document("x").set({"n": 1})
    client.document("itemsother/a").set({"n": 1})
    client.recursive_delete(items)
    assert [collection.id for collection in client.collections()] == ["itemsother"]
