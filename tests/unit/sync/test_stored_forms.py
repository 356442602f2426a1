"""What a system makes of a text when it stores it is agreed on once: nothing is written again, nothing is damaged."""

from __future__ import annotations

import html
import itertools
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, get_args

import pytest

from shared.config.mappings import MappingFile
from shared.errors import OutcomeUnknown, RemoteUnavailable
from shared.stored_forms import is_form_of
from shared.sync.merge import Policy
from shared.sync.pull import Pull
from tests.cases import try_each
from tests.fakes.forming_erp import BOTH, PLACES, Answers, FormingErp, Versions
from tests.fakes.publisher import FakePublisher
from tests.fakes.sync_world import SITE, WORK_ORDER, Meeting, Wire, World, both_ways_mapping, erp_event, event

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "cut": lambda text: text[:40],
    "capitals": str.upper,
    "small letters": str.lower,
    "Latin-1": lambda text: text.encode("latin-1", "replace").decode("latin-1"),
    "ASCII": lambda text: text.encode("ascii", "replace").decode("ascii"),
    "without what is not ASCII": lambda text: text.encode("ascii", "ignore").decode("ascii"),
    "blanks collapsed": lambda text: re.sub(r"[ \t]+", " ", text),
    "no lines": lambda text: text.replace("\n", " "),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "NFD": partial(unicodedata.normalize, "NFD"),
    "NFKC": partial(unicodedata.normalize, "NFKC"),
    "HTML": html.escape,
    "stripped": str.strip,
    "padded": lambda text: text.ljust(200),
    "no zeros in front": lambda text: text.lstrip("0"),
    "cut and capitals": lambda text: text.upper()[:30],
}
FIRST = "000471 \N{GEAR} Prüfung  am <Ventil> & Pumpe\nlinke Seite, dann die rechte\tmit Öl  "
SECOND = "000471 \N{GEAR} Prüfung  am <Ventil> & Pumpe\nrechte Seite zuerst, dann die linke"
THIRD = "The planner's own words, which are not at all like what stood there before"
FIELD = "longText"


class FormedWorld(World):
    """A world whose ERP forms one field, and the pull that sees what changed there."""

    def __init__(self, erp: FormingErp, **rule: Any) -> None:
        fields = [{"erp": "shortText", "maintainx": "title"}, {"erp": FIELD, "maintainx": "description", **rule}]
        super().__init__(MappingFile.model_validate({"fields": fields, "on_delete": {"action": "ignore"}}))
        self.forming, self.erp = erp, erp.adapter()  # type: ignore[assignment]
        self.broker = FakePublisher()
        self.change(description=FIRST)

    def round(self, number: int) -> None:
        """What happens without people: a pull, the nightly comparison, and the events of both."""
        self.wait(3600)
        pull = Pull(SITE, self.mapping, self.erp, self.state, self.broker, clock=self.clock)
        before = len(self.broker.to("erp-push"))
        pull.changed()
        pull.compare_all()
        for message in self.broker.to("erp-push")[before:]:
            self.engine(Wire()).look_at(WORK_ORDER, message.event)
        self.engine(Wire()).look_at(WORK_ORDER, event(f"again-{number}"))

    @property
    def writes(self) -> tuple[int, int]:
        """To the ERP, and to MaintainX."""
        return self.forming.writes, len(self.maintainx_writes)


def must_stay_quiet(world: FormedWorld, text: str) -> None:
    """A first round may still agree; then nothing more is written, and MaintainX's text is MaintainX's.

    All rounds begin with the same states, so that two are as good as twenty.
    """
    before = len(world.maintainx_writes)
    world.round(0)
    quiet = world.writes
    world.round(1)
    assert world.writes == quiet, "it does not end"
    assert world.work_orders[WORK_ORDER]["description"] == text, "MaintainX's own text was changed"
    assert len(world.maintainx_writes) == before
    assert world.record().conflicts == {}


def is_agreed_on_once(
    form: Callable[[str], str], answers: Answers, versions: Versions, rule: Mapping[str, Any]
) -> None:
    forming = FormingErp(form, FIELD, answers, versions)
    world = FormedWorld(forming, **rule)
    assert world.deliver().reason == "created"
    must_stay_quiet(world, FIRST)
    world.change(description=SECOND)
    assert world.deliver(event("e2")).reason in ("updated", "unchanged", "in_step")
    assert forming.orders["1"][FIELD] == form(SECOND)
    must_stay_quiet(world, SECOND)
    # And what a person writes in the ERP still travels, or is put back, as the rule says.
    forming.edit(longText=THIRD)
    world.deliver(erp_event())
    here, there = world.work_orders[WORK_ORDER]["description"], forming.orders["1"][FIELD]
    if rule["direction"] == "to_erp":
        assert (here, there) == (SECOND, form(SECOND))
    else:
        assert (here, there) == (form(THIRD).rstrip(), form(THIRD))
    must_stay_quiet(world, here)


def test_a_form_is_agreed_on_once_whatever_the_policy_and_the_answer() -> None:
    rules = [{"direction": "both", "policy": policy} for policy in get_args(Policy)] + [{"direction": "to_erp"}]
    cases = itertools.product(FORMS.items(), BOTH, PLACES, rules)
    try_each(
        {
            f"{name}, {answers}, version {versions}, {rule}": partial(is_agreed_on_once, form, answers, versions, rule)
            for (name, form), answers, versions, rule in cases
        }
    )


@pytest.mark.parametrize("form", [str.strip, str.title, lambda text: text[:8]], ids=["stripped", "title", "cut"])
@pytest.mark.parametrize("direction", ["both", "to_maintainx"])
def test_what_maintainx_makes_of_a_text_is_agreed_on_once(
    form: Callable[[str], str], direction: str, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shows in (True, False):
        with subtests.test(answer_shows_it=shows):
            world = World(both_ways_mapping(costCenter={"direction": direction}))
            world.deliver()
            write = world.change_work_order

            def forming(number: int, fields: Mapping[str, Any], write: Any = write, shows: bool = shows) -> Any:
                extra = fields["extraFields"]
                formed = {**extra, "Cost Center": form(extra["Cost Center"])}
                answer = dict(write(number, {"extraFields": formed}))
                return answer if shows else {n: v for n, v in answer.items() if n != "extraFields"}

            monkeypatch.setattr(world, "change_work_order", forming)
            world.edit_erp(costCenter="  c 4711 x")
            assert world.deliver(erp_event()).reason == "pulled"
            for number in range(3):
                world.deliver(event(f"e{number}"))
                world.deliver(erp_event(f"p{number}"))
            assert len(world.maintainx_writes) == 2  # the order's number, and this
            assert world.tenant.counters["updates"] == 0


def test_a_value_that_a_system_answers_but_does_not_keep_is_told(subtests: pytest.Subtests) -> None:
    with subtests.test("the ERP"):
        forming = FormingErp(lambda text: FIRST if text == SECOND else text, FIELD, "nothing", "header")
        world = FormedWorld(forming)
        world.deliver()
        world.change(description=SECOND)
        assert world.deliver(event("e2")).reason == "parked"
        assert world.record().conflicts[FIELD]["reason"] == "erp_keeps"
        writes = world.writes
        world.round(1)
        assert world.writes == writes
        assert set(world.record().conflicts) == {FIELD}
    with subtests.test("MaintainX"), pytest.MonkeyPatch.context() as patch:
        world = World(both_ways_mapping())  # type: ignore[assignment]
        world.deliver()
        patch.setattr(world, "change_work_order", lambda number, _: world.get_work_order(number))
        world.edit_erp(costCenter="4100")
        assert world.deliver(erp_event()).reason == "parked"
        assert world.record().conflicts["costCenter"]["reason"] == "maintainx_keeps"
        assert world.deliver(erp_event("p2")).kind == "skipped"


def test_a_form_is_told_from_what_a_person_writes(subtests: pytest.Subtests) -> None:
    for name, form in FORMS.items():
        with subtests.test(name):
            assert is_form_of(form(FIRST), FIRST)
    cases: list[tuple[Any, Any, bool]] = [
        (2.35, 2.345, True),
        (2, 2.345, True),
        (3, 2.345, False),
        (True, 1, False),
        ("2", 2, False),
        ("", "Seal", False),
        ("Seal", "Seals", False),  # so short a text was rather shortened than cut
        ("Replace seal on pump 2", "Replace seal on pump 1", False),
        ("Replace both seals", "Replace seal", False),
        ("??", "\u6f22\u5b57", True),
        ("Pr?fung", "Pr\u00fcfung", True),
        ("Pr?fung", "Pruefung", False),
        ("4711", "0004711", True),
        ("4711", "4712", False),
    ]
    for stored, written, is_form in cases:
        with subtests.test(stored=stored, written=written):
            assert is_form_of(stored, written) is is_form


@pytest.mark.parametrize("policy", ["maintainx", "erp", "newest", "manual"])
def test_a_form_is_known_after_a_write_that_nobody_saw_answered(policy: str, subtests: pytest.Subtests) -> None:
    """The write was done; then the ERP, or the read after it, gave no answer."""
    for name, form in FORMS.items():
        for cut_off in ("create", "update"):
            with subtests.test(name, cut_off=cut_off):
                forming = FormingErp(form, FIELD, "echo", "header")
                world = FormedWorld(forming, direction="both", policy=policy)
                if cut_off == "update":
                    world.deliver()
                    world.change(description=SECOND)
                wire = Meeting("erp.get", _away)
                with pytest.raises(OutcomeUnknown, match="not read back"):
                    world.deliver(event("e2"), wire)
                world.redeliver_after_crash(event("e2"))
                must_stay_quiet(world, SECOND if cut_off == "update" else FIRST)


def _away() -> None:
    raise RemoteUnavailable("503")


def test_an_answer_of_maintainx_that_is_no_work_order_agrees_on_nothing(
    subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value, number in itertools.product(("4100", None), (None, WORK_ORDER + 1)):
        with subtests.test(value=value, number=number):
            world = World(both_ways_mapping())
            world.change(extraFields={"Cost Center": "1000"})
            world.deliver()
            write = world.change_work_order
            monkeypatch.setattr(world, "change_work_order", _answering(write, {"id": number, "success": False}))
            world.edit_erp(costCenter=value)
            wire = Wire()
            assert world.deliver(erp_event(), wire).reason == "pulled"
            assert [call for call in wire.calls if call.startswith("maintainx.")] == [
                "maintainx.get_work_order",
                "maintainx.change_work_order",
                "maintainx.get_work_order",
            ]
            assert world.work_orders[WORK_ORDER]["extraFields"].get("Cost Center") == value
            assert world.deliver(event("after")).kind == "skipped"


def _answering(write: Callable[..., object], answer: dict[str, Any]) -> Callable[..., object]:
    def writes(*arguments: Any) -> dict[str, Any]:
        write(*arguments)
        return answer

    return writes
