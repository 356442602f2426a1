"""What the columns and words of other programs' lists mean: SAP's IW38 and IW39 in English and German, MaintainX's.

Sources: SAP's field labels of order lists (transactions IW38 and IW39: "Basic start date", "Eckstarttermin", ...) and
its system statuses (CRTD/EROF, REL/FREI, TECO/TABG, CLSD/ABGS, ...); MaintainX's API names ("createdAt") and the
headings that public readers of its exports expect ("Created on"). Neither vendor documents an export's headings, so
several spellings of each are known; case, blanks and signs do not matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal

WorkType = Literal["PREVENTIVE", "REACTIVE", "OTHER", "CYCLE_COUNT"]
Status = Literal["OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED"]

# By meaning: the headings in order of preference, if a file has several of them.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "id": (
        *(
            "ID",
            "Work order ID",
            "Work order number",
            "Work order #",
            "Work order no",
            "WO ID",
            "WO number",
            "WO #",
            "#",
        ),
        *("Order", "Order number", "Order no", "Sequential ID", "Number", "Work order"),
        *("Auftrag", "Auftragsnummer", "Auftragsnr", "Auftrags-Nr.", "Nummer"),
    ),
    "title": (
        *("Title", "Work order title", "OriginalShorttext", "Short text", "Name", "Order description", "Summary"),
        *("Kurztext", "Auftragskurztext", "Titel", "Bezeichnung", "Description", "Order text", "Beschreibung"),
    ),
    "description": ("Description", "Long text", "Beschreibung", "Langtext"),
    "created": (
        *("Created on", "Created at", "Created", "Created date", "Date created", "Creation date", "Date opened"),
        *("Erfasst am", "Angelegt am", "Erstellt am", "Erfassungsdatum", "Anlagedatum", "Erstellungsdatum"),
    ),
    "planned_start": (
        *("Basic start date", "Basic start", "Bas. start date", "Bsc start", "BscStartDate", "Basic start date/time"),
        *("Planned start date", "Planned start", "Start date", "Scheduled start", "Scheduled start date"),
        *("Eckstarttermin", "Eckstart", "Eckstartdatum", "Ecktermin Start", "Geplanter Start", "Startdatum"),
    ),
    "due": (
        *("Due date", "Due", "Due at", "Due on", "Basic finish date", "Basic finish", "Basic fin. date"),
        *("Bas. fin. date", "Bsc finish", "Bsc fin. date", "BscFinishDate", "Basic end date", "Required end"),
        *("Eckendtermin", "Eckende", "Eckenddatum", "Ecktermin Ende", "Fällig am", "Fälligkeitsdatum", "Fällig"),
    ),
    "started": (
        *("Actual start date", "Actual start", "Act. start date", "Act. start", "Started at", "Started on"),
        *("Iststarttermin", "Iststart", "Ist-Start", "Iststartdatum", "Tatsächlicher Start"),
    ),
    "finished": (
        *("Completed on", "Completed at", "Completion date", "Date completed", "Completed date", "Completed"),
        *("Actual finish date", "Actual finish", "Act. finish date", "Act. finish", "Actual end date", "Actual end"),
        *("Techn. completion", "Technical completion", "Tech. completion", "TECO date", "Finished at", "Finished on"),
        *("Istendtermin", "Istende", "Ist-Ende", "Istenddatum", "Technisch abgeschlossen am"),
        *("Technischer Abschluss", "Techn. Abschluss", "Abgeschlossen am", "Erledigt am", "Fertiggestellt am"),
    ),
    "asset": (
        *("Asset name", "Asset", "Assets", "Equipment", "Equipment number", "Equipment no", "Asset ID"),
        *("Equipmentnummer", "Anlage", "Anlagenname"),
    ),
    "place": (
        *("Functional Loc.", "Functional location", "Funct. Loc.", "Func. Loc.", "FunctLocation", "FLOC"),
        *("Technischer Platz", "Techn. Platz", "TechnPlatz", "Location", "Location name", "Standort"),
    ),
    "type": (
        *("PMType", "Work type", "Order type", "Work order type", "Type", "Type of work"),
        *("Auftragsart", "Auftragstyp", "Arbeitstyp", "Typ"),
    ),
    "status": ("Status", "System status", "Work order status", "Order status", "State", "Systemstatus"),
    "priority": ("Priority", "Prio", "Priorität"),
    "cost": (
        *("Total act.costs", "Total actual costs", "Actual total costs", "Total costs actual", "TotSum (actual)"),
        *("Total sum (actual)", "Actual costs", "Act. costs", "Total cost", "Total costs", "Cost", "Costs"),
        *("Gesamtkosten Ist", "Summe Istkosten", "Istkosten gesamt", "Gesamtistkosten", "GesIstkosten", "Ist-Kosten"),
        *("Istkosten", "Gesamtsumme (Ist)", "Gesamtkosten", "Kosten"),
    ),
    "plant": (
        *("Planning plant", "Plng plant", "PlanPlant", "Maint. plant", "MaintPlant", "Maintenance plant", "Plant"),
        *("Planungswerk", "IH-Planungswerk", "Standortwerk", "Werk", "Site"),
    ),
}
DATES = ("created", "planned_start", "started", "due", "finished")
"""Meanings of columns with dates, in the order in which one stands in for a missing date of creation."""


def plain(text: str) -> str:
    """Letters and digits only, in small letters: `Erfaßt am` and `ERFASST_AM` are one; `#` stays, as it has none."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if c.isalnum()) or folded.strip()


_MEANINGS = {meaning: tuple(dict.fromkeys(map(plain, names))) for meaning, names in HEADINGS.items()}
_KNOWN = {name for names in _MEANINGS.values() for name in names}


def known_headings(cells: Sequence[str]) -> int:
    """How many different headings that we know are among these cells."""
    return len(_KNOWN & {plain(cell) for cell in cells if cell.strip()})


def meanings(headings: Sequence[str]) -> dict[str, list[int]]:
    """Places of the columns of each meaning, the preferred one first; of two with one heading the first counts.

    `Description` is the title where no column is called that, and the long text where one is.
    """
    places: dict[str, int] = {}
    for place, heading in enumerate(headings):
        places.setdefault(plain(heading), place)
    found = {meaning: [places[name] for name in names if name in places] for meaning, names in _MEANINGS.items()}
    found["title"] = found["title"][:1]
    found["description"] = [place for place in found["description"][:1] if place not in found["title"]]
    return found


_WORK_TYPES: dict[str, WorkType] = {
    **dict.fromkeys(
        ("pm02", "pm03", "yba2", "preventive", "planned", "pm", "präventiv", "vorbeugend", "geplant"), "PREVENTIVE"
    ),
    **dict.fromkeys(("pm01", "yba1", "ya01", "ya02", "reactive", "corrective", "breakdown", "unplanned"), "REACTIVE"),
    **dict.fromkeys(("reaktiv", "korrektiv", "störung", "ungeplant"), "REACTIVE"),
    **dict.fromkeys(("other", "sonstige", "sonstiges", "andere"), "OTHER"),
    **dict.fromkeys(("cyclecount", "zykluszählung"), "CYCLE_COUNT"),
}
_STATUSES: dict[str, Status | Literal["SKIPPED"]] = {
    **dict.fromkeys(("open", "offen", "new", "neu", "requested"), "OPEN"),
    **dict.fromkeys(("inprogress", "inbearbeitung", "inarbeit", "started"), "IN_PROGRESS"),
    **dict.fromkeys(("onhold", "pausiert", "angehalten", "zurückgestellt", "wartend"), "ON_HOLD"),
    **dict.fromkeys(
        ("done", "complete", "completed", "closed", "finished", "erledigt", "abgeschlossen", "fertig"), "DONE"
    ),
    **dict.fromkeys(("canceled", "cancelled", "abgebrochen", "storniert"), "CANCELED"),
    **dict.fromkeys(("skipped", "übersprungen"), "SKIPPED"),
}
# SAP's system statuses, the first that an order has decides: finished work that is flagged for deletion was done.
_SAP_STATUSES: tuple[tuple[frozenset[str], Status], ...] = (
    (frozenset({"TECO", "CLSD", "TABG", "ABGS"}), "DONE"),
    (frozenset({"DLFL", "DLT", "LÖVM", "LÖKZ"}), "CANCELED"),
    (frozenset({"CNF", "RÜCK"}), "DONE"),
    (frozenset({"LKD", "GSPR"}), "ON_HOLD"),
    (frozenset({"PCNF", "TRÜC"}), "IN_PROGRESS"),
    (frozenset({"CRTD", "REL", "PREL", "EROF", "FREI", "TFRE"}), "OPEN"),
)
_PRIORITIES = {
    **dict.fromkeys(("none", "keine", "0"), "NONE"),
    **dict.fromkeys(("low", "niedrig", "gering", "4"), "LOW"),
    **dict.fromkeys(("medium", "mittel", "normal", "3"), "MEDIUM"),
    **dict.fromkeys(
        ("high", "hoch", "veryhigh", "sehrhoch", "urgent", "critical", "emergency", "dringend", "1", "2"), "HIGH"
    ),
}


def work_type(text: str) -> WorkType | None:
    """The work order's type; None if the word is not known."""
    return _WORK_TYPES.get(plain(text)) or _WORK_TYPES.get(plain(text.split(maxsplit=1)[0]))


def status(text: str) -> Status | Literal["SKIPPED"] | None:
    """The status that a word of MaintainX's, or the words of SAP's system status, mean; None if they are not known."""
    if (found := _STATUSES.get(plain(text))) is not None:
        return found
    words = set(re.split(r"[\s,;/]+", text.upper()))
    return next((means for names, means in _SAP_STATUSES if names & words), None)


def priority(text: str) -> str | None:
    """MaintainX's priority; SAP's are 1 (very high) to 4 (low), with or without their text. None if it is not known."""
    return _PRIORITIES.get(plain(text)) or _PRIORITIES.get(plain(re.split(r"[\s:–-]", text, maxsplit=1)[0]))
