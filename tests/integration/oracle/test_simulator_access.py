"""Who gets in to the simulated Oracle, and in which words it refuses."""

from __future__ import annotations

import httpx
import pytest

from local import loopback
from tests.integration.oracle.conftest import (
    CLIENT_ID,
    CLIENT_SECRET,
    ORDER,
    ORDERS,
    PASSWORD,
    RESOURCES,
    SCOPE,
    USER,
    Plant,
    refusal,
)

GRANT = {"grant_type": "client_credentials", "scope": SCOPE}


def token_response(plant: Plant, form: dict[str, str], auth: tuple[str, str] | None = None) -> httpx.Response:
    url = plant.simulator.token_url(plant.name)
    return plant.simulator.http.post(url, data=form, auth=auth or (CLIENT_ID, CLIENT_SECRET))


def with_token(plant: Plant, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return plant.simulator.http.get(f"{plant.base_url}{RESOURCES}{ORDERS}", headers=headers)


@pytest.mark.parametrize("auth", [None, (USER, "wrong"), ("nobody", PASSWORD), (CLIENT_ID, CLIENT_SECRET)])
def test_other_credentials_are_refused(plant: Plant, auth: tuple[str, str] | None) -> None:
    response = plant.simulator.http.get(f"{plant.base_url}{RESOURCES}{ORDERS}", auth=auth)
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Basic")


def test_a_token_lets_in_until_it_expires(plant: Plant) -> None:
    answer = token_response(plant, GRANT).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    assert with_token(plant, answer["access_token"]).status_code == 200
    plant.simulator.expire_tokens(plant.name)
    refused = with_token(plant, answer["access_token"])
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')
    assert with_token(plant, token_response(plant, GRANT).json()["access_token"]).status_code == 200
    assert plant.counters()["tokens"] == 2


@pytest.mark.parametrize(
    ("form", "auth", "expected"),
    [
        (GRANT, (CLIENT_ID, "wrong"), (401, "invalid_client")),
        (GRANT, (USER, PASSWORD), (401, "invalid_client")),
        ({"grant_type": "password", "scope": SCOPE}, None, (400, "unsupported_grant_type")),
        ({"scope": SCOPE}, None, (400, "invalid_request")),
        ({"grant_type": "client_credentials"}, None, (400, "invalid_scope")),
        ({**GRANT, "scope": "other"}, None, (400, "invalid_scope")),
    ],
)
def test_a_bad_token_request_is_refused(
    plant: Plant, form: dict[str, str], auth: tuple[str, str] | None, expected: tuple[int, str]
) -> None:
    response = token_response(plant, form, auth)
    assert (response.status_code, response.json()["error"]) == expected


def test_tenants_see_nothing_of_each_other(plant: Plant) -> None:
    order_id = plant.create().json()["WorkOrderId"]
    other = f"{plant.name}-other"
    plant.simulator.add_tenant(other, "u2", "p2")
    url = f"{plant.simulator.base_url}/{other}{RESOURCES}{ORDERS}"
    assert loopback.get(url, auth=(USER, PASSWORD)).status_code == 401
    assert loopback.get(url, auth=("u2", "p2")).json()["items"] == []
    assert loopback.get(f"{url}/{order_id}", auth=("u2", "p2")).status_code == 404
    assert loopback.get(f"{plant.simulator.base_url}/nobody{RESOURCES}{ORDERS}").status_code == 404


@pytest.mark.parametrize(
    ("resources", "status"),
    [
        (RESOURCES, 200),
        ("/fscmRestApi/resources/latest", 200),
        ("/fscmRestApi/resources/11.13.17.11", 404),
        ("/crmRestApi/resources/latest", 404),
    ],
)
def test_the_resource_is_under_its_release_and_under_latest(plant: Plant, resources: str, status: int) -> None:
    assert plant.request("GET", resources=resources).status_code == status


@pytest.mark.parametrize("version", ["0", "10", "4.0", "v4", "²", ""])
def test_a_framework_version_that_does_not_exist_is_refused(plant: Plant, version: str) -> None:
    headers = {b"REST-Framework-Version": version.encode("latin-1")}
    response = plant.simulator.http.get(f"{plant.base_url}{RESOURCES}{ORDERS}", headers=headers, auth=(USER, PASSWORD))
    assert response.status_code == 400


@pytest.mark.parametrize("framework", [None, 1, 2, 3])
def test_errors_are_plain_text_before_version_4(plant: Plant, framework: int | None) -> None:
    response = plant.request("POST", framework=framework, json={**ORDER, "AssetNumber": "NONE"})
    assert response.status_code == 400
    assert response.headers["Content-Type"].startswith("text/plain")
    assert response.text == "The value of the attribute AssetNumber isn't valid."


@pytest.mark.parametrize("framework", [4, 5, 9])
def test_errors_are_structured_from_version_4_on(plant: Plant, framework: int) -> None:
    response = plant.request("POST", framework=framework, json={**ORDER, "AssetNumber": "NONE"})
    assert response.headers["Content-Type"] == "application/vnd.oracle.adf.error+json"
    assert response.json() == {
        "title": "Bad Request",
        "status": "400",
        "o:errorDetails": [
            {
                "detail": "The value of the attribute AssetNumber isn't valid.",
                "o:errorCode": "SIM-BAD_VALUE",
                "o:errorPath": "/AssetNumber",
            }
        ],
    }


@pytest.mark.parametrize(
    "path", ["/300000010999999", "/abc", "/300000010999999/child/WorkOrderOperation", "/1/child/X"]
)
def test_what_does_not_exist_is_404_in_the_same_shape(plant: Plant, path: str) -> None:
    response = plant.get(ORDERS + path)
    assert (response.status_code, response.json()["status"]) == (404, "404")
    assert plant.get(ORDERS + path, framework=1).headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("method", "allowed"), [("DELETE", "GET, PATCH"), ("PUT", "GET, PATCH"), ("POST", "GET, PATCH")]
)
def test_a_work_order_cannot_be_deleted_or_replaced(plant: Plant, method: str, allowed: str) -> None:
    order_id = plant.create().json()["WorkOrderId"]
    response = plant.request(method, f"{ORDERS}/{order_id}")
    assert (refusal(response), response.headers["Allow"]) == ((405, "METHOD"), allowed)
    assert len(plant.orders()) == 1


def test_a_client_that_does_not_ask_for_plain_json_gets_the_media_types_of_adf(plant: Plant) -> None:
    order_id = plant.create().json()["WorkOrderId"]
    types = {
        path: plant.request("GET", path, headers={"Accept": "*/*"}).headers["Content-Type"]
        for path in (ORDERS, f"{ORDERS}/{order_id}", f"{ORDERS}/describe")
    }
    assert list(types.values()) == [
        "application/vnd.oracle.adf.resourcecollection+json",
        "application/vnd.oracle.adf.resourceitem+json",
        "application/vnd.oracle.adf.description+json",
    ]
