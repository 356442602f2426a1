"""A fault in a mapping file is told at the line of what is wrong, with what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.config.loading import load_model
from shared.config.mappings import MappingFile
from shared.errors import ConfigError

FILE = """\
fields:
  - erp: short
    maintainx: title
    max_length: 4
    on_too_long: overflow
    overflow_to: long
  - erp: long
    maintainx: description
    direction: to_erp
  - erp: rank
    maintainx: priority
    values:
      HIGH: "1"
      MEDIUM: "2"
      LOW: "3"
      NONE: "4"
    back:
      "5": LOW
  - erp: due
    maintainx: dueDate
  - erp: plant
    constant: "1010"
  - erp: area
    maintainx: locationId
    policy: newest
    values:
      7: A
on_delete:
  action: cancel
  set: {plant: "0000"}
on_new_in_erp:
  action: create
  when:
    area:
      - A
"""


def test_a_fault_is_told_at_its_line(tmp_path: Path, subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str, str]] = [
        (
            "erp: due",
            "erp: short",
            "19: fields.3.erp: more than one rule writes the ERP field short: line 2 does already",
        ),
        (
            "maintainx: dueDate",
            "maintainx: title",
            "20: fields.3.maintainx: more than one ERP field would be written to MaintainX's title (see line 3); "
            "say direction: to_erp",
        ),
        (
            "overflow_to: long",
            "overflow_to: lng",
            "6: fields.0.overflow_to: short: overflow_to must name another field with a rule of direction: to_erp; "
            "did you mean long?",
        ),
        ("overflow_to: long", "overflow_to: plant", "6: fields.0.overflow_to: short: overflow_to must name"),
        ("    overflow_to: long\n", "", "5: fields.0.on_too_long: short: on_too_long: overflow and overflow_to go"),
        (
            "MEDIUM",
            "MEDUM",
            "14: fields.2.values.MEDUM: rank: priority is never MEDUM; did you mean MEDIUM?",
        ),
        ('      LOW: "3"\n', "", "12: fields.2.values: rank: priority may be LOW, which has no value"),
        (
            "maintainx: dueDate",
            "maintainx: duedate",
            "20: fields.3.maintainx: due: a work order has no single value duedate; did you mean dueDate?",
        ),
        (
            "maintainx: dueDate",
            "maintainx: createdAt",
            "20: fields.3.maintainx: due: MaintainX does not take createdAt; say direction: to_erp",
        ),
        ('"5": LOW', '"5": LO', "18: fields.2.back.5: rank: back: 5 becomes LO, which priority never is"),
        ('NONE: "4"', 'NONE: "3"', "17: fields.2.back: rank: back: several MaintainX values are 3"),
        ('"1010"\n', '"1010"\n    default: "1"\n', "23: fields.4.default: plant: a constant takes no default"),
        (
            '"1010"\n',
            '"10101"\n    max_length: 4\n',
            "22: fields.4.constant: plant: '10101' is longer than max_length 4",
        ),
        ("7: A", "x: A", "26: fields.5.values: area: locationId is a number, and not all of these are"),
        ("policy: newest", "policy: newest\n    once: true", "25: fields.5.policy: area: policy has no use here"),
        (
            "set: {plant:",
            "set: {plnt:",
            "30: on_delete.set.plnt: no rule writes the ERP field plnt; did you mean plant?",
        ),
        ("action: create", "action: creat", "32: on_new_in_erp.action: must be 'create' or 'ignore'"),
        (
            "action: create",
            "action: ignore",
            "33: on_new_in_erp.when: ignore has no when: nothing is made of any record",
        ),
        (
            "    area:\n",
            "    arae:\n",
            "34: on_new_in_erp.when.arae: no rule reads the ERP field arae; did you mean area?",
        ),
        (
            "area:\n      - A",
            "area: []",
            "34: on_new_in_erp.when.area: must not be empty",
        ),
        ("area:\n      - A", "area: A", "34: on_new_in_erp.when.area: must be a list (- value)"),
        ("  when:\n    area:", "  wehn:\n    area:", "33: on_new_in_erp.wehn: is not a known key"),
        (
            "maintainx: title\n",
            "maintainx: title\n    direction: to_erp\n",
            "33: on_new_in_erp.action: a work order needs a title, but no rule brings the ERP's changes",
        ),
    ]
    for right, wrong, fault in cases:
        with subtests.test(right=right, wrong=wrong, fault=fault):
            file = tmp_path / "acme.yaml"
            file.write_text(FILE, encoding="utf-8")
            load_model(file, MappingFile)
            assert right in FILE
            file.write_text(FILE.replace(right, wrong, 1), encoding="utf-8")
            with pytest.raises(ConfigError) as caught:
                load_model(file, MappingFile)
            assert fault in str(caught.value).replace(f"{file}:", "")
