"""Nobody gets into the simulated SAP who would not get into a real one: logon, client, session, CSRF token, format."""

from __future__ import annotations

import httpx
import pytest

from local import loopback
from tests.integration.sap.conftest import CREDENTIALS, ORDER, Plant, key, message, parsed

_FETCH = {"X-CSRF-Token": "Fetch"}


@pytest.mark.parametrize(
    "authorization", ["", "Basic d3Jvbmc=", "Basic !", "Bearer wrong", "erp:geheim", "Basic ZXJwOndyb25n"]
)
def test_other_credentials_are_refused_as_html_and_get_no_token(plant: Plant, authorization: str) -> None:
    headers = {**_FETCH, "Accept": "application/json", "Authorization": authorization}
    response = loopback.get(f"{plant.service}/MaintenanceOrder", headers=headers)
    assert response.status_code == 401
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["www-authenticate"].startswith("Basic")
    assert "x-csrf-token" not in response.headers
    assert plant.counters() == {"requests": 1, "refused_401": 1}


def test_another_client_than_the_one_with_the_data_is_refused(plant: Plant) -> None:
    plant.configure(client="100")
    path = "/MaintenanceOrder"
    assert plant.request("GET", path).status_code == 401
    assert plant.request("GET", path, params={"sap-client": "200"}).status_code == 401
    assert plant.request("GET", path, params={"sap-client": "100"}).status_code == 200
    assert plant.request("GET", path, headers={"sap-client": "100"}).status_code == 200


def test_an_unknown_tenant_service_or_resource_is_not_found(plant: Plant) -> None:
    root = plant.simulator.base_url
    assert plant.http.get(f"{root}/nobody/sap/opu/odata/sap/API_MAINTENANCEORDER;v=0002/").status_code == 404
    assert plant.http.get(f"{root}/{plant.name}/sap/opu/odata/sap/API_MAINTENANCEORDER/").status_code == 404
    for path in ("/Nothing", "/MaintenanceOrder('1')/to_Nothing", "/MaintenanceOrder/x", "/SetNothing", "/x y", "/$x"):
        assert plant.request("GET", path).status_code == 404
    assert plant.http.get(f"{root}/{plant.name}/sap/opu/odata/sap/API_MAINTENANCEORDER;v=2").status_code == 200


def test_a_token_from_oauth_is_as_good_as_a_password_until_it_ends(plant: Plant) -> None:
    url = f"{plant.simulator.base_url}/{plant.name}/sap/bc/sec/oauth2/token"
    grant = {"grant_type": "client_credentials"}
    answer = loopback.post(url, data=grant, auth=CREDENTIALS).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    in_body = loopback.post(url, data={**grant, "client_id": "erp", "client_secret": "geheim"})
    assert in_body.json()["access_token"] != answer["access_token"]
    headers = {"Authorization": f"Bearer {answer['access_token']}", **_FETCH}
    fetched = loopback.get(f"{plant.service}/", headers=headers)
    assert fetched.status_code == 200
    assert fetched.headers["x-csrf-token"]
    plant.simulator.expire_tokens(plant.name)
    assert loopback.get(f"{plant.service}/", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("auth", "form", "refusal"),
    [
        (("erp", "wrong"), {"grant_type": "client_credentials"}, (401, "invalid_client")),
        (None, {"grant_type": "client_credentials"}, (401, "invalid_client")),
        (None, {"grant_type": "client_credentials", "client_id": "erp", "client_secret": "x"}, (401, "invalid_client")),
        (CREDENTIALS, {"grant_type": "password"}, (400, "unsupported_grant_type")),
        (CREDENTIALS, {}, (400, "invalid_request")),
    ],
)
def test_a_bad_token_request_is_refused_as_the_rfc_says(
    plant: Plant, auth: tuple[str, str] | None, form: dict[str, str], refusal: tuple[int, str]
) -> None:
    url = f"{plant.simulator.base_url}/{plant.name}/sap/bc/sec/oauth2/token"
    response = loopback.post(url, data=form, auth=auth)
    assert (response.status_code, response.json()["error"]) == refusal


@pytest.mark.parametrize("word", ["Fetch", "fetch", "FETCH"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_fetches_a_token_and_keeps_it_within_a_session(plant: Plant, method: str, word: str) -> None:
    first = plant.request(method, "/", headers={"X-CSRF-Token": word})
    again = plant.request(method, "/", headers={"X-CSRF-Token": word})
    assert first.headers["set-cookie"].startswith("SAP_SESSIONID_SIM_")
    assert "set-cookie" not in again.headers
    assert again.headers["x-csrf-token"] == first.headers["x-csrf-token"]
    assert plant.counters()["token_fetches"] == 2


def test_a_failed_read_gives_no_token(plant: Plant) -> None:
    response = plant.request("GET", "/MaintenanceOrder('1')", headers=_FETCH)
    assert response.status_code == 404
    assert "x-csrf-token" not in response.headers


def _assert_token_refused(response: httpx.Response) -> None:
    assert response.status_code == 403
    assert response.headers["x-csrf-token"] == "Required"
    assert response.headers["content-type"].startswith("text/plain")
    assert response.text == "CSRF token validation failed"


def test_a_write_needs_the_token_together_with_its_cookie(plant: Plant) -> None:
    url = f"{plant.service}/MaintenanceOrder"
    token = plant.token()
    _assert_token_refused(plant.http.post(url, json=ORDER))
    _assert_token_refused(plant.http.post(url, json=ORDER, headers={"X-CSRF-Token": "Fetch"}))
    _assert_token_refused(plant.http.post(url, json=ORDER, headers={"X-CSRF-Token": "wrong"}))
    _assert_token_refused(loopback.post(url, json=ORDER, headers={"X-CSRF-Token": token}, auth=CREDENTIALS))
    for method, path in (("PATCH", "('1')"), ("MERGE", "('1')"), ("DELETE", "('1')"), ("POST", "x")):
        _assert_token_refused(plant.http.request(method, url + path, json={}))
    assert plant.orders() == []
    assert plant.http.post(url, json=ORDER, headers={"X-CSRF-Token": token}).status_code == 201


def test_a_token_is_worth_nothing_to_another_user_or_after_its_session(plant: Plant) -> None:
    plant.configure(users={"other": "x"})
    token = plant.token()
    cookies = dict(plant.http.cookies)
    url, headers = f"{plant.service}/MaintenanceOrder", {"X-CSRF-Token": token}
    with loopback.client(auth=("other", "x"), cookies=cookies) as other:
        _assert_token_refused(other.post(url, json=ORDER, headers=headers))
    plant.simulator.expire_sessions(plant.name)
    _assert_token_refused(plant.http.post(url, json=ORDER, headers=headers))
    assert plant.request("POST", json=ORDER).status_code == 201


def test_json_comes_only_to_those_who_ask_for_it(plant: Plant) -> None:
    order = plant.create()
    for path in (key(order), "/MaintenanceOrder", "/"):
        atom = plant.request("GET", path, headers={"Accept": "*/*"})
        assert "xml" in atom.headers["content-type"]
        parsed(atom.text)
        assert "json" in plant.request("GET", path).headers["content-type"]
        asked = plant.request("GET", path, headers={"Accept": "*/*"}, params={"$format": "json"})
        assert "json" in asked.headers["content-type"]
    missing = plant.request("GET", "/MaintenanceOrder('1')", headers={"Accept": "*/*"})
    assert missing.status_code == 404
    assert "Resource not found" in (parsed(missing.text).findtext("{*}message") or "")


def test_an_error_has_the_shape_of_odata_v2_with_the_real_message_among_its_details(plant: Plant) -> None:
    response = plant.request("POST", json={"MaintenancePlanningPlant": "1010"})
    assert message(response) == (400, "Enter an order type")
    error = response.json()["error"]
    assert error["message"]["lang"] == "en"
    details = error["innererror"]["errordetails"]
    assert [detail["severity"] for detail in details] == ["warning", "error", "error"]
    assert details[1]["message"] == "Enter an order type"
    assert details[2]["code"].startswith("/IWBEP/CX_")


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"{}", "application/xml", 415),
        (b"{}", "", 415),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(plant: Plant, content: bytes, content_type: str, status: int) -> None:
    response = plant.request("POST", content=content, headers={"Content-Type": content_type})
    assert response.status_code == status


def test_what_cannot_be_done_to_a_resource_is_not_allowed(plant: Plant) -> None:
    order = plant.create()
    calls = [
        ("DELETE", key(order)),
        ("PUT", key(order)),
        ("POST", "/MaintenanceOrderLongText"),
        ("POST", "/MaintenanceOrderOperation"),
        ("GET", "/ReleaseMaintenanceOrder"),
        ("POST", "/$metadata"),
    ]
    for method, path in calls:
        response = plant.request(method, path, json={} if method in ("PUT", "POST") else None)
        assert response.status_code == 405, (method, path)
