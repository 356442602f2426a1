"""Addresses in the configuration: where credentials may be sent to."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.config.addresses import parse_address
from shared.config.whole import load_config
from shared.errors import ConfigError
from tests.fakes.settings import SITES, write_settings

HTTPS = "must be https"
METADATA = "must not be a cloud's metadata server"
LINK_LOCAL = "must not be a link-local address"
NO_MACHINE = "is not the address of a machine"
NUMBERS = "must have an IP address as four decimal numbers"
USER = "must not hold a user or a password"
HOST = "must name a host"
ONE_HOST = "must name one host"
PORT = "has a port that is not a number"
UNSEEN = "must not hold backslashes or characters"
ASCII = "must have its host in ASCII"

REFUSED = {
    HTTPS: """
        http://erp.example.com http://10.1.2.3 http://[2001:db8::1]/x http://localhost.example.com http://128.0.0.1
        http://127.0.0.1.example.com http://xlocalhost http://[::ffff:10.0.0.1] http://[64:ff9b::7f00:1]
    """,
    METADATA: """
        https://169.254.169.254/computeMetadata/v1 http://169.254.169.254 https://169.254.169.254. https://metadata
        https://metadata.google.internal https://METADATA.Google.Internal./x https://metadata.goog:443
        https://[fd00:ec2::254] https://[FD00:0EC2:0:0::254]:443/x https://[fd20:ce::254] https://100.100.100.200
        https://[fd00:42::42] https://192.0.0.192 https://Metadata.TencentYun.com https://[64:ff9b:1::a9fe:a9fe]
        https://[::ffff:0:a9fe:a9fe] https://[2001:0:4136:e378:8000:63bf:5601:5601]
        https://[::ffff:169.254.169.254] https://[::ffff:a9fe:a9fe] https://[::169.254.169.254]
        https://[64:ff9b::169.254.169.254] https://[2002:a9fe:a9fe::1]
    """,
    LINK_LOCAL: "https://169.254.0.1 http://169.254.1.1:8080 https://[fe80::1] https://[febf::1] https://[::ffff:169.254.0.1]",
    NO_MACHINE: """
        https://0.0.0.0 http://0.0.0.0:8080 https://0.1.2.3 https://[::] https://224.0.0.1 https://[ff02::1]
        https://255.255.255.255 https://240.0.0.1
    """,
    NUMBERS: """
        https://2852039166 https://0xA9FEA9FE https://0xa9.0xfe.0xa9.0xfe https://0251.0376.0251.0376 https://169.254.43518
        https://127.1 http://017700000001 http://0x7f000001 https://1.2.3.4.5 https://erp.example.0x1 https://010.0.0.1
        https://[] https://[1.2.3.4] https://2001:db8::1 https://%31%36%39.254.169.254
    """,
    USER: """
        https://user:hunter2@erp.example.com https://user@erp.example.com https://:hunter2@erp.example.com https://@x
        https://user:hunter2@127.0.0.1 https://erp.example.com@169.254.169.254 https://user%40x:hunter2@erp.example.com
    """,
    HOST: """
        https://erp..example.com https://.example.com https://erp.example.com.. https://-erp.example.com https://erp-.test
        https://erp%2eexample.com https://erp,example.com https://:443 https://a*b
        https://{host}/x
    """,
    ONE_HOST: "https://[::1 https://[::1%25eth0] https://[fd20:ce::254%25x] https://[::1]x",
    PORT: "https://erp:0 https://erp:65536 https://erp:x https://erp: https://user:hunter2/3@erp https://[::1]:x https://a:b:1",
}
ALLOWED = """
    https://erp.example.com https://ERP.example.com:8443/plants/north https://10.1.2.3 https://192.168.0.7:44300/sap
    https://172.16.0.1 https://[2001:db8::1]:8443/x https://[fd12::1] https://erp https://sap_dev.intern https://8.8.8.8
    https://xn--mller-kva.example https://erp.example.com./x https://erp.example.com/@tenant https://localhost
    https://127.0.0.1 http://127.0.0.1:8093/plant-north http://127.8.9.10 http://localhost:8080 http://LOCALHOST.
    http://[::1]:8080/v1 http://[::ffff:127.0.0.1] https://metadata.example.com https://9gag.example.com
"""
UNUSUAL = {  # in which blanks or letters beyond ASCII matter
    "https://erp.example.com\\@169.254.169.254": UNSEEN,
    "https://erp.example.com/\x00": UNSEEN,
    "https://erp.example.com/\u202e": UNSEEN,
    "https://erp.example.com\x7f": UNSEEN,
    "https://\uff11\uff16\uff19.254.169.254": ASCII,
    "https://169\u3002254\u3002169\u3002254": ASCII,
    "https://m\u00fcller.example": ASCII,
    f"https://{'a' * 64}.test": HOST,
    f"https://{'a.' * 130}test": HOST,
}


def why_refused(url: str) -> str | None:
    try:
        parse_address(url)
    except ValueError as error:
        return str(error)
    return None


def test_what_must_not_be_an_address_is_refused_with_the_reason() -> None:
    cases = {url: reason for reason, urls in REFUSED.items() for url in urls.split()} | UNUSUAL
    wrong = {url: why for url, reason in cases.items() if not (why := why_refused(url) or "").startswith(reason)}
    assert wrong == {}


def test_servers_on_the_premises_and_this_machine_are_allowed() -> None:
    assert {url: why for url in ALLOWED.split() if (why := why_refused(url))} == {}


@given(st.from_regex(r"https?://[^\s/?#]+[^\s?#]*", fullmatch=True))
def test_any_address_is_judged_and_none_is_quoted(url: str) -> None:
    why = why_refused(url + "hunter2")
    assert why is None or "hunter2" not in why


def test_two_spellings_of_an_address_are_one() -> None:
    for url in ("https://erp.test/a/", "https://ERP.test:443/a", "https://erp.test./a"):
        assert parse_address(url) == parse_address("https://erp.test/a"), url
    for url in ("https://erp.test/A", "https://erp.test:444/a", "https://erp2.test/a"):
        assert parse_address(url) != parse_address("https://erp.test/a"), url
    assert parse_address("https://[2001:DB8::0:1]").host == parse_address("https://[2001:db8::1]").host


ERP = "base_url: 'https://erp.example.com', mapping: m, credentials_secret: s"
PLACES = {
    "public_url": ("sites:", "public_url: {}\nsites:", 1),
    "sites.0.maintainx.base_url": ("      api_key_secret: api-key-1", "      base_url: {}\n      api_key_secret: k", 7),
    "sites.0.erp.base_url": (
        "    events_secret: gateway\n",
        "    erp: {{adapter: rest, base_url: '{}', mapping: m, credentials_secret: s}}\n",
        13,
    ),
    "sites.0.erp.rest.oauth.token_url": (
        "    events_secret: gateway\n",
        f"    erp: {{{{adapter: rest, {ERP}, rest: {{{{auth: oauth, oauth: {{{{token_url: '{{}}'}}}}}}}}}}}}\n",
        13,
    ),
    "sites.0.erp.sap.oauth.token_url": (
        "    events_secret: gateway\n",
        f"    erp: {{{{adapter: sap, {ERP}, sap: {{{{auth: oauth, oauth: {{{{token_url: '{{}}'}}}}}}}}}}}}\n",
        13,
    ),
}


def test_every_address_of_sites_yaml_is_judged_and_no_password_gets_out(
    tmp_path: Path, subtests: pytest.Subtests
) -> None:
    folder = write_settings(tmp_path).config
    for place, (old, new, line) in PLACES.items():
        with subtests.test(place):
            assert old in SITES
            for url, reason in (("http://erp.example.com", HTTPS), ("https://user:hunter2@erp.example.com", USER)):
                (folder / "sites.yaml").write_text(SITES.replace(old, new.format(url), 1))
                with pytest.raises(ConfigError) as caught:
                    load_config(folder)
                assert str(caught.value).startswith(f"{folder / 'sites.yaml'}:{line}: {place}: {reason}")
                assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_path_that_is_an_address_of_its_own_is_refused(tmp_path: Path) -> None:
    folder = write_settings(tmp_path).config
    for adapter, key, path in (
        ("rest", "collection_path", "https://elsewhere.example.com/orders"),
        ("rest", "collection_path", "HTTP://169.254.169.254/"),
        ("rest", "record_path", "//elsewhere.example.com/{id}"),
        ("rest", "record_path", "https:/elsewhere.example.com/{id}"),
        ("sap", "service_path", "//elsewhere.example.com/odata"),
        ("oracle", "resources_path", "//elsewhere.example.com/rest"),
    ):
        erp = f"    erp: {{adapter: {adapter}, {ERP}, {adapter}: {{{key}: '{path}'}}}}\n"
        (folder / "sites.yaml").write_text(SITES.replace("    events_secret: gateway\n", erp))
        with pytest.raises(ConfigError) as caught:
            load_config(folder)
        assert f"sites.0.erp.{adapter}.{key}: must be a path below base_url" in str(caught.value), path
