"""What a run shows: it fits 80 columns, says what was assumed, and ends with the line that counts."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import Progress

from local.__main__ import progress_columns
from local.demo.history import invent
from local.demo.own_history import read_history
from local.demo.report import Report
from local.demo.summary import kpi_notes, show_summary

END = datetime(2026, 11, 22, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[3]
SITES = {"plant-north": ZoneInfo("UTC"), "plant-south": ZoneInfo("UTC")}


def screen(width: int = 80) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, width=width), stream


def summary(folder: Path, text: str, limit: int | None = None) -> str:
    path = folder / "list.csv"
    path.write_text(text)
    own = read_history(path, SITES, seed=1, end=END, limit=limit)
    console, stream = screen()
    show_summary(console, own.planned, own, path.name)
    assert max(map(len, stream.getvalue().splitlines())) <= 80
    return " ".join(stream.getvalue().split())


def test_summary_says_what_was_read_and_what_is_assumed(tmp_path: Path) -> None:
    rows = [f"2001-07-{day:02d},A{day % 3},t{day},PM06,{day},x" for day in range(1, 29)]
    text = summary(tmp_path, "\n".join(["BscStartDate,Asset,Kurztext,PMType,Cost,Extra", *rows, ",,,PM01,1,"]))
    for part in (
        "list.csv (commas, UTF-8)",
        "28 of 29 read, 1 skipped",
        "line 30: has neither an id nor a description",
        "2001-07-01 to 2001-07-28, moved by +9,24",
        "title = Kurztext",
        "not read Extra",
        "about 30 seconds on two cores",
        "all work is taken as done",
        "type PM06 is not known: REACTIVE taken: 28",
        "no column for due dates: none, so there is no PM compliance",
    ):
        assert part in text, f"{part!r} is not in {text}"


def test_summary_of_a_large_file_says_how_long_and_how_to_run_a_part(tmp_path: Path) -> None:
    rows = [f"2001-07-{1 + n % 28:02d},A,t{n},2001-08-01" for n in range(5485)]
    heading = "Created on,Asset,Title,Completed on"
    text = summary(tmp_path, "\n".join([heading, *rows]))
    assert "5,485 of 5,485 read" in text
    assert "21,940, about 10 minutes on two cores; --count 300 runs the newest 300" in text
    assert "the newest 300 are run" in summary(tmp_path, "\n".join([heading, *rows]), limit=300)


def test_invented_history_is_said_to_be_so() -> None:
    console, stream = screen()
    show_summary(console, invent(list(SITES), 300, seed=1, end=END), None, "")
    assert "300 invented, of four weeks" in stream.getvalue()


def test_every_line_of_progress_fits_80_columns_with_the_time_left() -> None:
    source = "".join((ROOT / name).read_text() for name in ("local/__main__.py", "local/demo/run.py"))
    phases = re.findall(r'\.phase\("([^"]+)"', source)
    assert len(phases) >= 8
    for text in phases:
        for total in (None, 485_696):
            console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
            progress = Progress(*progress_columns(), console=console)
            task = progress.add_task(text, total=total, completed=24_000 if total else 0)
            console.print(progress.make_tasks_table(progress.tasks))
            shown = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
            assert len(shown) == 1
            assert text in shown[0]
            assert ("24000/485696" in shown[0]) is bool(total)
            assert "?" not in shown[0]
            assert "…" not in shown[0]
            progress.remove_task(task)


def kpi(name: str, value: float | None, n: int, unit: str = "ratio") -> list[dict[str, Any]]:
    return [{"site": site, "kpi": name, "value": value, "n": n, "unit": unit} for site in SITES]


def test_report_ends_with_the_line_that_counts_whatever_the_width() -> None:
    for width in (40, 80, 200):
        console, stream = screen(width)
        Report(compared=312).show_verdict(console)
        assert stream.getvalue().splitlines()[-1] == "lost 0, doubled 0"


def test_kpis_are_told_with_a_sentence_and_their_basis() -> None:
    console, stream = screen()
    kpis = kpi("mttr_work_order", 34730.123, 4, "h") + kpi("pm_compliance", 0.85, 40) + kpi("mtbf", None, 0, "h")
    Report(kpis=kpis, kpi_notes={"pm_compliance": "Finish times of 3 of 40 are assumed."}).show(console)
    text = stream.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert "34,730 h  (4 repairs)" in text
    assert "85%  (40 due)" in text
    assert "mtbf" not in text
    assert "Preventive work done by the day after it was due. Finish times of 3 of 40" in " ".join(text.split())


def test_kpis_of_which_the_file_tells_nothing_are_left_out(tmp_path: Path) -> None:
    console, stream = screen()
    report = Report(kpis=kpi("availability", 1.0, 9) + kpi("backlog", 3, 3, "count"), kpis_left_out=["availability"])
    report.show(console)
    assert "availability" not in stream.getvalue()
    assert "of which the file tells nothing" in stream.getvalue()
    (tmp_path / "list.csv").write_text("Created on,Title\n2004-07-01,t\n2004-07-30,u\n")
    own = read_history(tmp_path / "list.csv", SITES, seed=1, end=END)
    assert kpi_notes(own.planned, own)["mttr_work_order"] == f"Finish times of {own.finish_assumed} of 2 are assumed."
    assert own.finish_assumed in (1, 2)


def test_kpi_that_differs_from_the_history_makes_the_run_fail() -> None:
    report = Report(kpi_differences=["s: backlog is (3, 3), by the history (2, 2)"])
    assert not report.good
    console, stream = screen()
    report.show(console)
    assert "s: backlog is (3, 3), by the history (2, 2)" in stream.getvalue()
    assert "1 KPIs not as the history has them" in stream.getvalue()
