"""A user's own history: SAP's and MaintainX's headings, and every bad row told with its line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.demo.csv_history import BadRow, UnusableFile, read_history
from local.demo.history import PlannedWorkOrder, steps

END = datetime(2026, 11, 22, tzinfo=UTC)
SITES = ["plant-north", "plant-south"]
SAP = """\
BscStartDate,Asset,OriginalShorttext,PMType,Cost
2004-07-01,A,Replace liner,PM01,1183.05
2004-07-08,B,Inspect gearbox,PM02,0
"""
MAINTAINX = """\
ID,Title,Asset Name,Work Type,Created on,Completed on
1,Replace liner,A,Reactive,07/01/2004 08:00,07/02/2004 10:00
2,Inspect gearbox,B,Preventive,07/08/2004 08:00,
"""


def read(
    folder: Path, text: str | bytes, limit: int | None = None, seed: int = 1
) -> tuple[list[PlannedWorkOrder], list[BadRow]]:
    path = folder / "history.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_history(path, SITES, seed=seed, end=END, limit=limit)


def rows(folder: Path, *lines: str, heading: str = "created on,asset,title,type,cost,completed on") -> list[BadRow]:
    good = "2004-07-01,Good,Good,PM01,1,"
    return read(folder, "\n".join([heading, *lines, good]) + "\n")[1]


def test_sap_export_is_read(tmp_path: Path) -> None:
    planned, bad = read(tmp_path, SAP)
    assert bad == []
    assert [(order.asset, order.title, order.work_type, order.cost_cents) for order in planned] == [
        ("A", "Replace liner", "REACTIVE", 118305),
        ("B", "Inspect gearbox", "PREVENTIVE", 0),
    ]


def test_maintainx_export_is_read_with_its_completions(tmp_path: Path) -> None:
    planned, bad = read(tmp_path, MAINTAINX)
    assert bad == []
    first, second = planned
    assert first.finished_at is not None
    assert first.started_at is not None
    assert first.finished_at - first.created_at == timedelta(hours=26)
    assert first.created_at < first.started_at < first.finished_at
    assert (second.work_type, second.cost_cents) == ("PREVENTIVE", None)


@pytest.mark.parametrize("encode", [lambda text: text.encode("utf-8-sig"), lambda text: text.upper().encode()])
def test_byte_order_mark_and_case_of_the_headings_do_not_matter(tmp_path: Path, encode: object) -> None:
    assert callable(encode)
    assert len(read(tmp_path, encode(SAP))[0]) == 2


def test_history_is_moved_to_the_present_and_keeps_its_distances(tmp_path: Path) -> None:
    planned, _ = read(tmp_path, SAP)
    assert planned[1].created_at == END - timedelta(hours=12)
    assert planned[1].created_at - planned[0].created_at == timedelta(days=7)
    assert all(step.at < END + timedelta(minutes=2) for step in steps(planned))


def test_all_work_of_an_asset_is_in_one_site_and_all_sites_have_some(tmp_path: Path) -> None:
    text = SAP + "2004-07-09,A,Again,PM01,1\n"
    planned, _ = read(tmp_path, text)
    assert len({(order.asset, order.site) for order in planned}) == 2
    assert {order.site for order in planned} == set(SITES)


def test_same_seed_same_history(tmp_path: Path) -> None:
    assert read(tmp_path, SAP) == read(tmp_path, SAP)
    assert read(tmp_path, SAP, seed=2) != read(tmp_path, SAP)


def test_limit_counts_usable_rows(tmp_path: Path) -> None:
    lines = SAP.splitlines()
    text = "\n".join([lines[0], "never,A,x,PM01,1", *lines[1:]])
    planned, bad = read(tmp_path, text, limit=1)
    assert (len(planned), [row.line for row in bad]) == (1, [2])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("never,A,t,PM01,1,", "created on is not a date: 'never'"),
        ("31/31/2004,A,t,PM01,1,", "created on is not a date"),
        (",A,t,PM01,1,", "created on is empty"),
        ("2004-07-01,,t,PM01,1,", "asset is empty"),
        ("2004-07-01,A, ,PM01,1,", "title is empty"),
        ("2004-07-01,A", "title is empty"),
        ("2004-07-01,A,t,ZZ99,1,", "type is an unknown work type: 'ZZ99'"),
        ("2004-07-01,A,a title, with a comma,PM01,1,2004-07-02", "has 7 cells, but there are 6 headings"),
        ("2004-07-01,A,t,PM01,a lot,", "cost is not a number"),
        ("2004-07-01,A,t,PM01,nan,", "cost is not a number"),
        ("2004-07-01,A,t,PM01,1e400,", "cost is not a number"),
        ('2004-07-01,A,t,PM01,"12,50",', "cost is not a number such as 1,234.50: '12,50'"),
        ('2004-07-01,A,t,PM01,"1.234,50",', "cost is not a number"),
        ("2004-07-01,A,t,PM01,-3,", "cost is negative"),
        ("2004-07-01,A,t,PM01,1000000000.01,", "cost is more than 1,000,000,000: '1000000000.01'"),
        ("2004-07-01,A,t,PM01," + "9" * 5000 + ",", "cost is more than 1,000,000,000: '" + "9" * 60 + "…'"),
        ("2004-07-01,A,t,PM01,1,2004-06-30", "completed on is before created on"),
        ("2004-07-01,A,t,PM01,1,soon", "completed on is not a date"),
        ("2004-07-01,A,t,PM01,1,31.12.9999", "completed on is outside the years 1970 to 2100"),
        ("0001-01-01,A,t,PM01,1,", "created on is outside the years"),
    ],
)
def test_bad_row_is_told_with_its_line_and_the_others_are_read(tmp_path: Path, line: str, reason: str) -> None:
    (bad,) = rows(tmp_path, "2004-07-01,Fine,Fine,PM01,1,", line)
    assert bad.line == 3
    assert reason in bad.reason


def test_line_is_that_of_the_file_after_a_row_of_several_lines_and_empty_ones(tmp_path: Path) -> None:
    bad = rows(tmp_path, '2004-07-01,A,"two\nlines",PM01,1,', "", "never,A,t,PM01,1,", "2004-07-01,A,t,X,1,")
    assert [row.line for row in bad] == [5, 6]


@pytest.mark.parametrize(
    ("text", "cents"),
    [("1", 100), ("1.5", 150), ("0.07", 7), ("1,234.50", 123450), ("1,234,567", 123456700), ("", None), ("1.005", 100)],
)
def test_cost_in_cents(tmp_path: Path, text: str, cents: int | None) -> None:
    content = f'created on,asset,title,cost\n2004-07-01,A,t,"{text}"\n'
    assert read(tmp_path, content)[0][0].cost_cents == cents


@pytest.mark.parametrize(
    "date",
    [
        "2004-07-01",
        "01.07.2004",
        "07/01/2004",
        "2004/07/01",
        "20040701",
        "2004-07-01 00:00",
        "2004-07-01T02:00:00+02:00",
        "01.07.2004 00:00:00",
        "07/01/2004 12:00 AM",
        '"7/1/2004, 12:00 am"',
    ],
)
def test_dates_are_read_as_sap_and_maintainx_write_them(tmp_path: Path, date: str) -> None:
    content = f"created on,asset,title\n{date},A,early\n2004-07-02,A,late\n"
    early, late = read(tmp_path, content)[0]
    assert late.created_at - early.created_at == timedelta(days=1)


def test_completion_after_the_end_of_the_history_has_not_happened_yet(tmp_path: Path) -> None:
    content = (
        "created on,asset,title,completed on\n"
        "2004-07-01,A,soon done,2004-07-01 12:00\n"
        "2004-07-01,A,long way to go,2005-07-01\n"
        "2004-07-02,A,newest,\n"
    )
    first, second, _ = read(tmp_path, content)[0]
    assert first.finished_at is not None
    assert (second.started_at, second.finished_at) == (None, None)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "line 1: no column for BscStartDate or Created on, Asset or Asset name, .*; found: none"),
        (
            "Asset,Cost\nA,1\n",
            "no column for BscStartDate or Created on, OriginalShorttext or Title; found: Asset, Cost",
        ),
        (SAP.replace(",", "|"), "no column for .*; found: BscStartDate|Asset"),
        (SAP.replace("PMType", "cost"), "line 1: there are two columns Cost"),
        (SAP.splitlines()[0], "no usable row"),
        ("Created ON,asset,title\nnever,A,t\n", "no usable row; line 2: Created ON is not a date"),
        (SAP.encode("utf-16"), "save it as CSV UTF-8"),
        (SAP.encode("utf-16-le"), "save it as CSV UTF-8"),
        (SAP.replace("gearbox", "Getriebe prüfen").encode("latin-1"), "save it as CSV UTF-8"),
        (SAP + "\n2004-07-09,A,Again,PM01,1\n" + "x" * 200_000, "line 6: a cell has more than 131,072 characters"),
        (
            SAP + '\n2004-07-09,A,"12 inch pipe,PM01,1\n2004-07-10,A,t,PM01,1\n',
            "line 5: a quote is opened and not closed",
        ),
        (SAP + '2004-07-09,A,"12" pipe,PM01,1\n', "line 4: is not CSV: ',' expected"),
    ],
)
def test_file_that_cannot_be_used_says_why(tmp_path: Path, content: str | bytes, complaint: str) -> None:
    with pytest.raises(UnusableFile, match=complaint) as caught:
        read(tmp_path, content)
    assert str(caught.value).startswith(f"{tmp_path / 'history.csv'}: ")
    assert "\n" not in str(caught.value)


def test_columns_that_are_not_read_may_share_a_heading(tmp_path: Path) -> None:
    assert len(read(tmp_path, "Note,Created on,Asset,Title,Note,,\nx,2004-07-01,A,t,y,,\n")[0]) == 1


@pytest.mark.parametrize("separator", [";", "\t"])
def test_separator_of_the_spreadsheet_is_found(tmp_path: Path, separator: str) -> None:
    content = SAP.replace(",", separator).replace("Replace liner", "Replace liner, all of it")
    planned, bad = read(tmp_path, content)
    assert bad == []
    assert [(order.title, order.cost_cents) for order in planned] == [
        ("Replace liner, all of it", 118305),
        ("Inspect gearbox", 0),
    ]


def amounts(folder: Path, separator: str, *cells: str) -> tuple[list[int | None], list[str]]:
    lines = ["Created on,Asset,Title,Cost".replace(",", separator)]
    lines += [separator.join(["2004-07-01", "A", "t", cell]) for cell in cells]
    planned, bad = read(folder, "\n".join([*lines, lines[-1].rpartition(separator)[0]]))
    return [order.cost_cents for order in planned[:-1]], [row.reason for row in bad]


@pytest.mark.parametrize(
    ("separator", "cells", "cents"),
    [
        (";", ["1.234,50", "1.234"], [123450, 123400]),
        (";", ["1.234"], [123400]),
        (";", ["1234.50", "1.234"], [123450, 123]),
        ("\t", ["1,234.50", "1.234"], [123450, 123]),
        ("\t", ["1.234"], [123]),
        ("\t", ["12,50", "1.234"], [1250, 123400]),
    ],
)
def test_decimal_comma_is_told_from_the_whole_file(
    tmp_path: Path, separator: str, cells: list[str], cents: list[int]
) -> None:
    assert amounts(tmp_path, separator, *cells) == (cents, [])


def test_amount_that_does_not_fit_the_others_is_a_bad_row(tmp_path: Path) -> None:
    assert amounts(tmp_path, ";", "12,50", "7,5", "1183.05") == (
        [1250, 750],
        ["Cost is not a number such as 1.234,50: '1183.05'"],
    )


@pytest.mark.parametrize(
    ("dates", "days", "bad"),
    [
        (["01/02/2004", "02/02/2004"], 31, []),  # nothing tells: month first
        (["01/02/2004", "02/02/2004", "13/02/2004"], 1, []),
        (["01/02/2004", "02/02/2004", "02/13/2004"], 31, []),
        (["01/02/2004", "02/02/2004", "13/02/2004", "14/02/2004", "02/13/2004"], 1, ["02/13/2004"]),
        (["01/02/2004", "02/02/2004", "13/02/2004", "02/13/2004"], 31, ["13/02/2004"]),
        (["01/02/2004 01:14 PM", "02/02/2004 13:14:00", "13/02/2004 1:14:00 am"], 1, []),
    ],
)
def test_order_of_day_and_month_is_told_from_the_whole_file(
    tmp_path: Path, dates: list[str], days: int, bad: list[str]
) -> None:
    content = "\n".join(["Created on,Asset,Title", *(f"{date},A,t" for date in dates)])
    planned, skipped = read(tmp_path, content, limit=None)
    assert planned[1].created_at - planned[0].created_at == timedelta(days=days)
    assert [row.reason for row in skipped] == [f"Created on is not a date: {date!r}" for date in bad]


def test_dates_after_the_limit_tell_the_order_too(tmp_path: Path) -> None:
    content = "Created on,Asset,Title\n01/02/2004,A,t\n02/02/2004,A,t\n13/02/2004,A,t\n"
    planned, _ = read(tmp_path, content, limit=2)
    assert planned[1].created_at - planned[0].created_at == timedelta(days=1)


def test_missing_file_and_folder_say_why(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(UnusableFile, match=str(path)):
            read_history(path, SITES, seed=1, end=END)


cells = st.sampled_from(["2004-07-01", "31.12.9999", "A", "", "PM01", "1e9", "-1", '"', "\n", "nan", "0001-01-01"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(lines=st.lists(st.lists(cells | st.text(max_size=8), max_size=7), max_size=8))
def test_every_row_is_read_or_told(tmp_path: Path, lines: list[list[str]]) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""').replace("\ud800", "") + '"'

    content = ["created on,asset,title,type,cost,completed on", *(",".join(map(quoted, line)) for line in lines)]
    content.append("2004-07-01,Last,Last,PM01,1,")
    planned, bad = read(tmp_path, "\n".join(content).encode(errors="ignore"))
    assert len(planned) + len(bad) == 1 + sum(1 for line in lines if line)
    assert planned[-1].title == "Last"
