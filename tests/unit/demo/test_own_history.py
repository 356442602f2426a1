"""A user's own list: what SAP, MaintainX and spreadsheets write stays as it is, and what is assumed is counted."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.demo.history import PlannedWorkOrder, steps
from local.demo.own_history import OwnHistory, UnusableFile, read_history
from local.demo.truth import kpis_of

END = datetime(2026, 11, 22, tzinfo=UTC)
SITES = {"plant-north": ZoneInfo("Europe/Berlin"), "plant-south": ZoneInfo("America/Chicago")}
RESEARCH = """\
BscStartDate,Asset,OriginalShorttext,PMType,Cost
2004-07-01,A,Replace liner,PM01,1183.05
2004-07-08,B,Inspect gearbox,PM02,0
"""
IW39 = """\
Order\tOrder Type\tDescription\tEquipment\tFunctional Loc.\tCreated on\tBasic start date\tBasic fin. date\
\tActual finish date\tPriority\tSystem status\tTotal act.costs
4000001\tPM01\tSeal leaks\t10000042\t1000-PU\t27.02.2024\t28.02.2024\t01.03.2024\t02.03.2024\t1\tTECO CNF\t1.183,05
4000002\tPM02\tLubricate\t\t1000-CO\t27.02.2024\t04.03.2024\t05.03.2024\t00.00.0000\t4\tREL  PRC\t-12,00
4000003\tPM06\tRebuild\t10000042\t\t28.02.2024\t04.03.2024\t05.03.2024\t\t\tCRTD\t
4000004\tPM01\tNot needed\t10000042\t\t28.02.2024\t04.03.2024\t05.03.2024\t\t\tREL DLFL\t
"""
IW39_GERMAN = """\
Auftrag;Auftragsart;Kurztext;Equipment;Technischer Platz;Erfaßt am;Eckstarttermin;Eckendtermin;Istendtermin;Priorität;\
Systemstatus;Gesamtkosten Ist
4000001;PM01;Dichtung undicht;10000042;1000-PU;27.02.24;28.02.24;01.03.24;02.03.24;1 sehr hoch;TABG RÜCK;1.183,05 €
4000002;PM02;Prüfen;;1000-CO;27.02.24;04.03.24;05.03.24;;4;FREI;12,00-
4000003;PM06;Umbau;10000042;;28.02.24;04.03.24;05.03.24;;;EROF;
4000004;PM01;Entfällt;10000042;;28.02.24;04.03.24;05.03.24;;;FREI LÖVM;
"""
UI = """\
ID,Title,Description,Status,Priority,Work Type,Asset,Location,Due date,Created on,Completed on,Total cost,Assigned to
7,Seal leaks,Call first,Done,High,Reactive,Pump 1,,2024-03-01,"Feb 27, 2024, 12:00 PM","Mar 2, 2024, 8:00 AM",$217.31,
8,Lubricate,,Open,None,Preventive,,Hall 2,03/05/2024,"Feb 27, 2024, 12:00 PM",,,A
9,Count parts,,On Hold,Low,Cycle Count,,,,"Feb 28, 2024, 12:00 PM",,,
10,Paint,,Canceled,Medium,Painting,Pump 1,,,"Feb 28, 2024, 12:00 PM",,,
11,Weld,,In Progress,Medium,Other,Pump 1,,,"Feb 28, 2024, 12:00 PM",,,
12,Clean,,Skipped,Medium,Preventive,Pump 1,,,"Feb 28, 2024, 12:00 PM",,,
"""
API = """\
id,title,status,priority,type,assetId,createdAt,completedAt,dueDate
7,Seal leaks,DONE,HIGH,REACTIVE,55,2024-02-27T12:00:00.000Z,2024-03-02T08:00:00.000Z,2024-03-01T00:00:00.000Z
8,Lubricate,OPEN,NONE,PREVENTIVE,,2024-02-27T12:00:00.000Z,,
"""


def read(folder: Path, content: str | bytes, *, limit: int | None = None, seed: int = 1) -> OwnHistory:
    path = folder / "history.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_history(path, SITES, seed=seed, end=END, limit=limit)


def by_title(history: OwnHistory) -> dict[str, PlannedWorkOrder]:
    return {order.title: order for order in history.planned}


def fate(order: PlannedWorkOrder) -> str:
    """The status that the steps of the order leave it in."""
    last = {"create": "OPEN", "assign": "OPEN", "start": "IN_PROGRESS", "hold": "ON_HOLD", "finish": "DONE"}
    return {**last, "cancel": "CANCELED"}[steps([order])[-1].action]


def workbook(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.create_sheet("Notes").append(["This sheet is about", "something else"])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_sap_list_in_both_languages_keeps_what_it_says(tmp_path: Path, subtests: pytest.Subtests) -> None:
    titled = ["        Order list", "", "User\tsomebody", ""]
    forms: dict[str, str | bytes] = {
        "English, tabs": IW39,
        "German, Windows-1252": IW39_GERMAN.encode("cp1252"),
        "German, UTF-8 with mark": IW39_GERMAN.encode("utf-8-sig"),
        "German, Excel's first line": "sep=;\r\n" + IW39_GERMAN.replace("\n", "\r\n"),
        "English, UTF-16": IW39.encode("utf-16"),
        "English, UTF-16 without mark": IW39.encode("utf-16-le"),
        "English, title above": "\n".join([*titled, IW39]),
        "English, list with bars": barred(IW39),
        "English, headings on each page": IW39.replace("4000003", IW39.splitlines()[0] + "\n4000003"),
        "English, workbook": workbook([list(row) for row in csv.reader(io.StringIO(IW39), delimiter="\t")]),
    }
    for name, content in forms.items():
        with subtests.test(name):
            history = read(tmp_path, content)
            assert history.skipped == []
            first, second, third, fourth = history.planned
            assert [fate(order) for order in history.planned] == ["DONE", "OPEN", "OPEN", "CANCELED"]
            assert [order.priority for order in history.planned] == ["HIGH", "LOW", "NONE", "NONE"]
            assert [order.work_type for order in history.planned] == ["REACTIVE", "PREVENTIVE", "REACTIVE", "REACTIVE"]
            assert [order.cost_cents for order in history.planned] == [118305, -1200, None, None]
            assert [order.asset for order in (first, second)] == ["10000042", "1000-CO"]
            assert first.finished_at is not None
            assert first.due_at is not None
            assert (first.finished_at - first.created_at, first.due_at - first.created_at) == (
                timedelta(days=4),
                timedelta(days=3),
            )
            assert second.planned_start_at is not None
            assert (second.planned_start_at - second.created_at) == timedelta(days=6)
            assert history.assumed["type PM06 is not known: REACTIVE taken"] == 1
            assert history.finish_assumed == 0
            assert fourth.end == "cancel"
            assert third.due_at is not None


def barred(text: str) -> str:
    """The same as SAP's list export to a text file."""
    rows = [line.split("\t") for line in text.splitlines()]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = ["|" + "|".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + "|" for row in rows]
    rule = "-" * len(lines[0])
    return "\n".join(["27.02.2024     Dynamic list display     1", rule, lines[0], rule, *lines[1:], rule])


def test_maintainx_export_keeps_what_it_says(tmp_path: Path) -> None:
    history = read(tmp_path, UI)
    assert history.skipped == []
    orders = by_title(history)
    assert {title: fate(order) for title, order in orders.items()} == {
        "Seal leaks": "DONE",
        "Lubricate": "OPEN",
        "Count parts": "ON_HOLD",
        "Paint": "CANCELED",
        "Weld": "IN_PROGRESS",
        "Clean": "CANCELED",
    }
    seal = orders["Seal leaks"]
    assert (seal.asset, seal.description, seal.cost_cents, seal.priority) == ("Pump 1", "Call first", 21731, "HIGH")
    assert seal.finished_at is not None
    assert seal.finished_at - seal.created_at == timedelta(days=3, hours=20)
    assert orders["Lubricate"].asset == "Hall 2"
    assert orders["Count parts"].asset is None
    assert {title: order.work_type for title, order in orders.items() if order.work_type == "OTHER"}.keys() == {
        "Count parts",
        "Weld",
    }
    assert {
        what: n for what, n in history.assumed.items() if "SKIPPED" in what or "CYCLE" in what or "Painting" in what
    } == {
        "status SKIPPED: lived as CANCELED, which the API can write": 1,
        "type CYCLE_COUNT: lived as OTHER, which the API can write": 1,
        "type Painting is not known: REACTIVE taken": 1,
    }
    assert history.unread == ["Assigned to"]


def test_rows_of_the_api_are_read_in_their_zone(tmp_path: Path) -> None:
    for content in (API, API.replace("createdAt", "created_at").replace("completedAt", "Completed At")):
        orders = by_title(read(tmp_path, content))
        seal, lubricate = orders["Seal leaks"], orders["Lubricate"]
        assert seal.finished_at is not None
        assert seal.finished_at - seal.created_at == timedelta(days=3, hours=20)
        assert seal.created_at.astimezone(UTC).time().hour == 12
        assert (seal.asset, lubricate.asset) == ("55", None)


def test_cells_of_a_workbook_are_dates_and_numbers(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Order", "Description", "Basic start date", "Total act.costs", "Order Type", "Equipment"],
        [4000001.0, "Seal", datetime(2024, 2, 27, 8, 30), 1183.05, "PM01", "P"],  # noqa: DTZ001  # as a sheet has it
        [4000002, None, date(2024, 2, 28), 5, "PM02", "P"],
        [4000003, "Serial", 45349.25, None, None, "P"],
    ]
    history = read(tmp_path, workbook(rows))
    orders = by_title(history)
    assert orders.keys() == {"Seal", "Work order 4000002", "Serial"}
    assert orders["Seal"].cost_cents == 118305
    assert orders["Work order 4000002"].created_at - orders["Seal"].created_at == timedelta(hours=15, minutes=30)
    assert orders["Work order 4000002"].created_at - orders["Serial"].created_at == timedelta(hours=18)
    assert history.form == "Excel workbook, sheet Sheet"


def test_research_file_without_statuses_is_taken_as_done(tmp_path: Path) -> None:
    lines = [f"2004-01-{day:02d},A,Work {day},PM0{1 + day % 2},1" for day in range(1, 31)]
    history = read(tmp_path, "\n".join([RESEARCH.splitlines()[0], *lines]))
    assert history.finish_assumed + history.assumed["no finish date, and young: still open"] == 30
    open_ones = [order for order in history.planned if fate(order) != "DONE"]
    assert {order.title for order in open_ones} <= {"Work 28", "Work 29", "Work 30"}
    assert not any(order.takes_asset_down or order.end == "delete" or order.held for order in history.planned)


def test_only_a_row_without_name_or_date_is_skipped(tmp_path: Path, subtests: pytest.Subtests) -> None:
    kept = {
        "no asset": ("2004-07-01,,t,PM01,1,", "t"),
        "no type": ("2004-07-01,A,t,,1,", "t"),
        "unknown type": ("2004-07-01,A,t,ZZ99,1,", "t"),
        "cost of words": ("2004-07-01,A,t,PM01,a lot,", "t"),
        "cost below nothing": ("2004-07-01,A,t,PM01,-3,", "t"),
        "cost too large": ("2004-07-01,A,t,PM01," + "9" * 5000 + ",", "t"),
        "completed before": ("2004-07-01,A,t,PM01,1,2004-06-30", "t"),
        "completed soon": ("2004-07-01,A,t,PM01,1,soon", "t"),
        "completed never": ("2004-07-01,A,t,PM01,1,31.12.9999", "t"),
        "created never": (",A,t,PM01,1,2004-07-02", "t"),
        "a comma": ("2004-07-01,A,a title, with a comma,PM01,1,2004-07-02", "a title, with a comma"),
        "an inch": ('2004-07-01,A,"6" pipe,PM01,1,', '"6" pipe'),
        "a quote left open": ('2004-07-01,A,"12 pipe,PM01,1,', '"12 pipe'),
    }
    skipped = {
        "no date": (",A,t,PM01,1,", "has no date"),
        "never": ("never,A,t,PM01,1,", "created on is not a date: 'never'"),
        "no such day": ("31/31/2004,A,t,PM01,1,", "created on is not a date: '31/31/2004'"),
        "before all": ("0001-01-01,A,t,PM01,1,", "has no date"),
        "no name": ("2004-07-01,A, ,PM01,1,", "has neither an id nor a description"),
        "short": ("2004-07-01,A", "has neither an id nor a description"),
    }
    heading, good = "created on,asset,title,type,cost,completed on", "2004-07-01,Good,Good,PM01,1,"
    for name, (line, title) in kept.items():
        with subtests.test(name):
            history = read(tmp_path, f"{heading}\n{good}\n{line}\n")
            assert history.skipped == []
            assert title == history.planned[1].title
    for name, (line, reason) in skipped.items():
        with subtests.test(name):
            history = read(tmp_path, f"{heading}\n{good}\n{line}\n")
            assert [(row.line, row.reason) for row in history.skipped] == [(3, reason)]
            assert len(history.planned) == 1


def test_what_is_assumed_is_counted(tmp_path: Path) -> None:
    history = read(
        tmp_path,
        "ID,Title,Type,Status,Priority,Cost,Created on,Due date,Completed on\n"
        "1,a,PM06,DONE,9,x,2004-07-01,soon,\n"
        "2,,PM06,,LOW,1,,2004-07-05,2004-07-02\n"
        "3,c,,Weird,,1,2004-07-04,,2004-07-03\n",
    )
    assert len(history.planned) == 3
    assert dict(history.assumed) == {
        "Due date is not a date: left out": 1,
        "type PM06 is not known: REACTIVE taken": 2,
        "priority 9 is not known: NONE taken": 1,
        "cost is not an amount: left out": 1,
        "no date of creation: Due date taken": 1,
        "no description: the id taken": 1,
        "no status: DONE taken": 1,
        "no type: REACTIVE taken": 1,
        "no priority: NONE taken": 1,
        "status Weird is not known: DONE taken": 1,
        "finished before it was created: finished half an hour after": 2,
    }
    assert history.finish_assumed == 1


def test_line_is_that_of_the_file_after_a_row_of_several_lines_and_empty_ones(tmp_path: Path) -> None:
    lines = ["created on,title", '2004-07-01,"two\nlines"', "", "never,t", "2004-07-01,t", "soon,t"]
    assert [row.line for row in read(tmp_path, "\n".join(lines)).skipped] == [5, 7]


def test_dates_of_all_forms_are_one_day(tmp_path: Path, subtests: pytest.Subtests) -> None:
    forms = ["2004-07-01", "01.07.2004", "01.07.04", "07/01/2004", "7/1/04", "2004/07/01", "20040701", "2004.07.01"]
    forms += [
        "2004-07-01 00:00",
        "01.07.2004 00:00:00",
        "07/01/2004 12:00 AM",
        '"7/1/2004, 12:00 am"',
        "38169",
        "38169.0",
    ]
    forms += ['"Jul 1, 2004"', '"July 1st, 2004, 12:00 AM"', "1 Jul 2004", "1-Jul-2004", "1-Jul-04", "1. Juli 2004"]
    forms += ["2004-07-01T00:00:00", "07-01-2004", '"Jul 1, 2004 12:00AM"', "01.07.2004 00:00 Uhr"]
    for form in forms:
        with subtests.test(form):
            early, late = read(tmp_path, f"created on,asset,title\n{form},A,early\n2004-07-02,A,late\n").planned
            assert late.created_at - early.created_at == timedelta(days=1)
    with subtests.test("a zone"):
        early, late = read(
            tmp_path, "created on,asset,title\n2004-07-01T02:00:00+04:00,A,early\n2004-07-02,A,late\n"
        ).planned
        assert early.created_at.astimezone(SITES["plant-north"]).hour == 0
        assert late.created_at.astimezone(SITES["plant-north"]).hour == 0


def test_order_of_day_and_month_is_told_from_the_whole_file(tmp_path: Path, subtests: pytest.Subtests) -> None:
    cases: list[tuple[list[str], int]] = [
        (["01/02/2004", "02/02/2004"], 31),  # nothing tells: month first
        (["01/02/2004", "02/02/2004", "13/02/2004"], 1),
        (["01/02/2004", "02/02/2004", "02/13/2004"], 31),
        (["01/02/04", "02/02/04", "13/02/04", "14/02/04", "02/13/04"], 1),  # the last can only be a 13th
        (["01/02/2004 01:14 PM", "02/02/2004 13:14:00", "13/02/2004 1:14:00 am"], 1),
    ]
    for dates, days in cases:
        with subtests.test(str(dates)):
            history = read(
                tmp_path, "\n".join(["Created on,Asset,Title", *(f"{at},A,t{n}" for n, at in enumerate(dates))])
            )
            assert history.skipped == []
            found = by_title(history)
            first, second = (found[title].created_at.astimezone(SITES[found[title].site]) for title in ("t0", "t1"))
            assert second - first == timedelta(days=days)


def test_amounts_are_read_as_the_whole_file_writes_them(tmp_path: Path, subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, list[str], list[int | None]]] = [
        (
            ",",
            ["1", "1.5", "0.07", '"1,234.50"', '"1,234,567"', "", "1.005"],
            [100, 150, 7, 123450, 123456700, None, 100],
        ),
        (",", ['"12,50"', '"1.234,50"', "nan", "1e400", "1000000000.01"], [None] * 5),
        (";", ["1.234,50", "1.234"], [123450, 123400]),
        (";", ["1.234"], [123400]),
        (";", ["1234.50", "1.234"], [123450, 123]),
        ("\t", ["1,234.50", "1.234"], [123450, 123]),
        ("\t", ["12,50", "1.234"], [1250, 123400]),
        (";", ["12,50", "7,5", "1183.05"], [1250, 750, None]),
        (";", ["217,31 €", "EUR 5,00", "12,00-", "(3,00)", "−4,00"], [21731, 500, -1200, -300, -400]),
        (",", ["$217.31", "-$3.00", "US$ 5", "£7", "1'234.50"], [21731, -300, 500, 700, 123450]),
    ]
    for separator, cells, cents in cases:
        with subtests.test(f"{separator} {cells}"):
            lines = [f"2004-07-01{separator}t{separator}{cell}" for cell in cells]
            history = read(tmp_path, "\n".join([separator.join(("Created on", "Title", "Cost")), *lines]))
            assert [order.cost_cents for order in history.planned] == cents


def test_history_of_any_age_ends_now_and_keeps_its_days(tmp_path: Path) -> None:
    for first, last in (("1951-01-01", "2012-06-30"), ("2026-11-20", "2026-11-21"), ("2027-01-01", "2027-06-30")):
        history = read(tmp_path, f"Created on,Asset,Title\n{first},A,a\n{last} 10:00,A,b\n")
        old, new = history.planned
        assert END - timedelta(days=1, hours=1) < new.created_at < END
        zone = SITES["plant-north"]
        assert [order.created_at.astimezone(zone).strftime("%H:%M") for order in history.planned] == ["00:00", "10:00"]
        days = date.fromisoformat(last) - date.fromisoformat(first)
        assert new.created_at.astimezone(zone).date() - old.created_at.astimezone(zone).date() == days
        assert all(step.at < END for step in steps(history.planned))


def test_slip_of_the_keyboard_in_a_year_does_not_move_the_others(tmp_path: Path) -> None:
    lines = [f"2024-03-{day:02d},A,t{day},2024-03-{day:02d}" for day in range(1, 29)]
    slips = ["2099-03-05,A,late,", "1999-03-05,A,early,1999-03-06", "2024-03-05,A,never done,2204-03-05"]
    history = read(tmp_path, "\n".join(["Created on,Asset,Title,Completed on", *lines, *slips]))
    found = by_title(history)
    assert found["t28"].created_at > END - timedelta(days=3)
    assert found["late"].created_at == found["t28"].created_at
    assert found["t28"].created_at - found["early"].created_at > timedelta(days=9000)
    assert history.assumed["a date to come, a year or more after all others: their newest taken"] == 1
    assert len(history.planned) == 31


def test_old_history_with_a_young_row_is_no_slip(tmp_path: Path) -> None:
    old, young = read(tmp_path, "Created on,Title\n2004-05-03,a\n2014-05-03,b\n").planned
    assert young.created_at - old.created_at > timedelta(days=3600)


def test_all_work_of_an_asset_is_in_one_site_unless_the_file_has_plants(tmp_path: Path) -> None:
    history = read(tmp_path, RESEARCH + "2004-07-09,A,Again,PM01,1\n")
    assert len({(order.asset, order.site) for order in history.planned}) == 2
    assert {order.site for order in history.planned} == set(SITES)
    plants = "Planning plant,Created on,Asset,Title\n2000,2004-07-01,A,a\n1000,2004-07-01,A,b\n,2004-07-01,A,c\n"
    history = read(tmp_path, plants)
    assert [order.site for order in history.planned[:2]] == ["plant-south", "plant-north"]
    assert history.plants == {"plant-north": ["1000"], "plant-south": ["2000"]}


def test_limit_takes_the_newest(tmp_path: Path) -> None:
    history = read(tmp_path, "Created on,Title\n2004-07-03,c\n2004-07-01,a\nnever,x\n2004-07-02,b\n", limit=2)
    assert [order.title for order in history.planned] == ["b", "c"]
    assert (history.rows, [row.line for row in history.skipped]) == (4, [4])


def test_same_seed_same_history(tmp_path: Path) -> None:
    assert read(tmp_path, RESEARCH).planned == read(tmp_path, RESEARCH).planned
    assert read(tmp_path, RESEARCH).planned != read(tmp_path, RESEARCH, seed=2).planned


def test_file_that_cannot_be_used_says_why(tmp_path: Path, subtests: pytest.Subtests) -> None:
    cases: list[tuple[str | bytes, str]] = [
        ("", "the file is empty"),
        ("\n\n  \n", "the file is empty"),
        (
            "Asset,Cost\nA,1\n",
            "line 1: no column for an id or a description (Title, Work order title, OriginalShorttext",
        ),
        ("Title,Cost\nA,1\n", "line 1: no column for a date (Created on, Created at, Basic start date"),
        ("A,B\n1,2\n", "found: A, B"),
        (RESEARCH.splitlines()[0], "no usable row"),
        ("Created ON,title\nnever,t\n", "no usable row; line 2: Created ON is not a date"),
        (RESEARCH + "\n2004-07-09,A,x,PM01,1\n" + "x" * 200_000, "line 6: a cell has more than 131,072 characters"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 20, "is an Excel workbook of the old kind (.xls)"),
        (b"\x1f\x8b\x08\x00", "is compressed"),
        (b"PK\x03\x04 no zip", "is no Excel workbook that can be read"),
        (b"%PDF-1.7", "is a PDF"),
        (b"Title\x81\x8d,Created on\n", "is not text in UTF-8, UTF-16 or Windows-1252"),
    ]
    for content, complaint in cases:
        with subtests.test(complaint):
            with pytest.raises(UnusableFile) as caught:
                read(tmp_path, content)
            assert str(caught.value).startswith(f"{tmp_path / 'history.csv'}: ")
            assert complaint in str(caught.value)
            assert "\n" not in str(caught.value)
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(UnusableFile, match=str(path)):
            read_history(path, SITES, seed=1, end=END)


cells = st.sampled_from(
    ["2004-07-01", "31.12.9999", "A", "", "PM01", "1e9", "-1", '"', "\n", "nan", "0001-01-01", "45350"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=200)
@given(lines=st.lists(st.lists(cells | st.text(max_size=8), max_size=7), max_size=8))
def test_every_row_is_lived_or_told(tmp_path: Path, lines: list[list[str]]) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""').replace("\ud800", "") + '"'

    content = ["created on,asset,title,type,cost,completed on", *(",".join(map(quoted, line)) for line in lines)]
    content.append("2004-07-01,Last,Last,PM01,1,")
    history = read(tmp_path, "\n".join(content).encode(errors="ignore"))
    assert len(history.planned) + len(history.skipped) == history.rows
    assert "Last" in by_title(history)
    assert all(step.at < END for step in steps(history.planned))
    for order in history.planned:
        assert order.started_at is None or order.created_at < order.started_at
        assert order.finished_at is None or (order.started_at or END) < order.finished_at


def test_newest_start_is_kept(tmp_path: Path) -> None:
    started = "Order,Created on,Actual start,Actual finish,Status,Short text\n"
    rows = "1,2024-03-01,2024-03-02,2024-03-04,Done,x\n2,2024-03-05,2024-03-08,,In progress,y\n"
    history = read(tmp_path, started + rows)
    order = by_title(history)["y"]
    assert order.started_at is not None
    assert (order.started_at - order.created_at).days == 3
    assert not any("a year or more" in what for what in history.assumed)


def test_what_a_row_says_and_cannot_be_lived_is_counted(tmp_path: Path, subtests: pytest.Subtests) -> None:
    head = "Order,Short text,Created on,Actual start,Actual finish,Status,Basic start date,Basic finish date\n"
    cases = {
        "a,x,2024-03-10,2024-03-08,2024-03-12,Done,,": "began not between its creation and its finish: middle taken",
        "a,x,2024-03-10,,2024-03-12,Open,,": "open by its status, though it began or was finished: left open",
        "a,x,2024-03-10,,,Open,2024-03-12,": "a planned start without a due date after it: left out",
        "a,x,2024-03-10,,,Open,2024-03-12,2024-03-11": "a planned start without a due date after it: left out",
        "a,x,2024-03-10,,,Open,,\na,y,2024-03-11,,,Open,,": "an id that another row has: a work order of its own",
    }
    for row, told in cases.items():
        with subtests.test(row=row):
            assert read(tmp_path, head + row + "\n").assumed[told] == 1


def test_two_rows_that_a_quote_seems_to_join_stay_two(tmp_path: Path) -> None:
    rows = '1;"Alpha line;01.03.2024\n2;Pipe 6";02.03.2024\n3;"Two\nlines; one cell";03.03.2024\n'
    assert len(read(tmp_path, f"Order;Short text;Created on\n{rows}").planned) == 3


def test_what_a_workbook_has_beside_the_list_is_told(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for sheet, count in ((book.active, 2), (book.create_sheet("More"), 3)):
        assert sheet is not None
        sheet.append(["Order", "Short text", "Created on", "Total cost"])
        for number in range(count):
            sheet.append([number, f"Order {number}", date(2024, 3, 1), "=1+1" if count == 2 else 2])
    book.create_sheet("Notes").append(["Made by the planner"])
    path = tmp_path / "list.xlsx"
    book.save(path)
    history = read_history(path, SITES, seed=1, end=END)
    assert history.assumed["rows of sheet More: not read"] == 3
    assert history.rows == 2
    assert history.assumed["formulas without a value (save the workbook in Excel once): left out"] == 2
    damaged = bytearray(path.read_bytes())
    damaged[60:400] = bytes(340)
    path.write_bytes(damaged)
    with pytest.raises(UnusableFile, match="no Excel workbook"):
        read_history(path, SITES, seed=1, end=END)


def test_a_mark_of_the_encoding_alone_is_an_empty_file(tmp_path: Path) -> None:
    for mark in (b"\xef\xbb\xbf", b"\xff\xfe"):
        with pytest.raises(UnusableFile, match="is empty"):
            read(tmp_path, mark)


def test_an_hour_by_which_the_clocks_are_put_back_is_lived(tmp_path: Path) -> None:
    path, zone = tmp_path / "list.csv", ZoneInfo("Europe/Berlin")
    rows = "1,x,2026-10-24 12:00,2026-10-26 12:00\n2,y,2026-11-21 10:00,2026-11-21 12:00\n"
    path.write_text(f"Order,Short text,Created on,Actual finish\n{rows}")
    history = read_history(path, {"s": zone}, seed=1, end=END)
    assert history.moved == timedelta(0)
    order = by_title(history)["x"]
    assert order.finished_at is not None
    assert [moment.astimezone(zone).hour for moment in (order.created_at, order.finished_at)] == [12, 12]
    assert kpis_of([order], "s", zone, END, END - timedelta(days=100))["mttr_work_order"] == (49, 1)
